"""The tasks: calls that run without being waited for, how far they are, and how they ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

from agent.api.encodings.values import Value
from agent.api.encodings.xmlrpc import encode_value
from agent.api.tasks.task import Task, TaskStatus
from agent.engine.notifier import Notifier
from agent.engine.progress import Progress
from agent.errors import (
    Failure,
    InvalidValue,
    OperationNotAllowed,
    TaskCancelled,
    TooManyPendingTasks,
)
from agent.logs import only_failing
from agent.model.draft import Plan
from agent.model.model import Model
from agent.model.records import Ref

log = logging.getLogger(__name__)

MOST_PENDING = 500
"""Of one session's."""
MOST_PENDING_OF_A_USER = 2000
MOST_ENDED = 500
"""Of one user's."""
MOST_TEXT = 8 * 1024 * 1024
"""Characters in all tasks of one user."""

BEFORE_THE_END = 0.9
"""The progress of a task whose last step is done, and that is not committed yet."""
NOTEWORTHY = 0.01

NOTE = "note"
"""The key of a task's other_config that says what was decided otherwise than its caller may think."""

Work = Callable[[Progress], Awaitable[Value]]


class Owner(NamedTuple):
    """Whose a task is."""

    uid: int = 0
    session: str = ""


class Tasks:
    """The notifier notifies when a task begins, goes on or ends.

    Of the ended ones of a user the oldest go when there are too many, as XenAPI's do after a while.
    """

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._tasks: Mapping[str, Task] = {}
        self._owners: dict[str, Owner] = {}
        self._running: dict[str, Running] = {}

    @property
    def records(self) -> Mapping[str, Task]:
        """Every task by its reference, the oldest first.  A mapping is never changed: there is a new one."""
        return self._tasks

    def start(self, label: str, work: Work, owner: Owner = Owner()) -> Ref[Task]:
        """Begin to work, and give back the task at once.  Raises TOO_MANY_PENDING_TASKS."""
        task = self.create(label, "", owner)
        running = self._running[task] = Running(task, self._came_on, self._noted)
        running.task = asyncio.create_task(self._run(running, work))
        return task

    def create(self, label: str, description: str, owner: Owner = Owner()) -> Ref[Task]:
        """A task that nobody works on yet (XenAPI, task.create).  Raises TOO_MANY_PENDING_TASKS."""
        pending = [self._owners[ref] for ref in self._owners if not self._has_ended(ref)]
        if (
            pending.count(owner) >= MOST_PENDING
            or sum(one.uid == owner.uid for one in pending) >= MOST_PENDING_OF_A_USER
        ):
            raise TooManyPendingTasks()
        task = Task(
            uuid=str(uuid4()), name_label=label, name_description=description, created=datetime.now(UTC)
        )
        self._check_room(task, owner)
        self._owners[task.ref] = owner
        self._put(task)
        return task.ref

    def find(self, ref: Ref[Task]) -> Task:
        """The task; raises HANDLE_INVALID."""
        return self._model.find(Task, ref)

    def write(self, ref: Ref[Task], **fields: Any) -> None:
        """Say how far a task of a client's own is; raises OPERATION_NOT_ALLOWED for one of pifd's."""
        task = self._model.find(Task, ref)
        if ref in self._running:
            raise OperationNotAllowed("pifd itself works on this task, and says how far it is")
        written = replace(task, **fields)
        self._check_room(written, self._owners[ref])
        is_over = written.has_ended and not task.has_ended
        self._put(replace(written, finished=datetime.now(UTC)) if is_over else written)

    def cancel(self, ref: Ref[Task]) -> None:
        """Stop the task before its next step, and undo what it has done; one that has ended stays ended."""
        task = self._model.find(Task, ref)
        if ref in self._running:
            self._running[ref].is_wanted = False
            self._put(replace(task, status=TaskStatus.CANCELLING))
        elif not task.has_ended:
            self._put(replace(task, status=TaskStatus.CANCELLED, finished=datetime.now(UTC)))

    def destroy(self, ref: Ref[Task]) -> None:
        """Forget the task; one that is running runs on."""
        task = self._model.find(Task, ref)
        self._tasks = {other: record for other, record in self._tasks.items() if other != task.ref}
        self._disown()
        self._notifier.notify()

    def change(self, rule: Callable[..., Plan], /, **arguments: Any) -> None:
        """Set a field of a task by the rule that sets one of any class.  Raises its Failure."""
        after = rule(self._model, **arguments).after
        task = after.find(Task, arguments["self"])
        self._check_room(task, self._owners[task.ref])
        self._tasks = dict(after.records)  # type: ignore[arg-type]
        self._notifier.notify()

    async def close(self) -> None:
        """Wait for those that are running."""
        await asyncio.gather(*(one.task for one in self._running.values() if one.task is not None))

    @property
    def _model(self) -> Model:
        return Model(self._tasks)

    def _put(self, task: Task) -> None:
        tasks = {**self._tasks, task.ref: task}
        uid = self._owners[task.ref].uid
        ended = [ref for ref, one in tasks.items() if one.has_ended and self._owners[ref].uid == uid]
        for ref in ended[: max(0, len(ended) - MOST_ENDED)]:
            del tasks[ref]
        self._tasks = tasks
        self._disown()
        self._notifier.notify()

    def _has_ended(self, ref: str) -> bool:
        return ref not in self._running and self._tasks[ref].has_ended

    def _disown(self) -> None:
        """Of what is gone, nobody is the owner."""
        if len(self._owners) > len(self._tasks):
            here = self._tasks.keys() | self._running.keys()
            self._owners = {ref: owner for ref, owner in self._owners.items() if ref in here}

    def _check_room(self, task: Task, owner: Owner) -> None:
        """Raises INVALID_VALUE when the texts of a user's tasks come to too much."""
        others = (one for ref, one in self._tasks.items() if ref != task.ref)
        size = sum(size_of(one) for one in others if self._owners[one.ref].uid == owner.uid)
        if size + size_of(task) > MOST_TEXT:
            raise InvalidValue("task", f"the tasks of a user have at most {MOST_TEXT} characters in all")

    def _came_on(self, ref: Ref[Task], progress: float) -> None:
        task = self._tasks.get(ref)
        if task is not None and progress >= task.progress + NOTEWORTHY:
            self._put(replace(task, progress=progress))

    def _noted(self, ref: Ref[Task], words: str) -> None:
        task = self._tasks.get(ref)
        if task is not None:
            told = filter(None, (task.other_config.get(NOTE), words))
            self._put(replace(task, other_config={**task.other_config, NOTE: "\n".join(told)}))

    async def _run(self, running: "Running", work: Work) -> None:
        """The edge of a task: whatever happens in it becomes its end."""
        try:
            result = await only_failing(log, f"task {running.ref}", result_of(work(running)))
        except TaskCancelled as cancelled:
            self._end(running, TaskStatus.CANCELLED, error=cancelled)
        except Failure as failure:
            self._end(running, TaskStatus.FAILURE, error=failure)
        else:
            self._end(running, TaskStatus.SUCCESS, result=result)

    def _end(
        self, running: "Running", status: TaskStatus, *, result: str = "", error: Failure | None = None
    ) -> None:
        del self._running[running.ref]
        task = self._tasks.get(running.ref)
        if task is None:
            self._disown()
            return
        info = (error.code, *error.parameters) if error else ()
        ended = replace(task, status=status, result=result, error_info=info, finished=datetime.now(UTC))
        self._put(replace(ended, progress=1.0 if status == TaskStatus.SUCCESS else task.progress))


class Running:
    """A task that is being worked on: what the steps of its work are told of."""

    def __init__(
        self,
        ref: Ref[Task],
        came_on: Callable[[Ref[Task], float], None],
        noted: Callable[[Ref[Task], str], None],
    ) -> None:
        self.ref = ref
        self.is_wanted = True
        self.task: asyncio.Task[None] | None = None
        self._came_on, self._noted = came_on, noted

    def reached(self, done: int, of: int) -> None:
        """So many steps are done.  Raises TASK_CANCELLED."""
        if not self.is_wanted:
            raise TaskCancelled(self.ref)
        self._came_on(self.ref, BEFORE_THE_END * done / max(of, 1))

    def noted(self, words: str) -> None:
        """Something was decided otherwise than the caller may think."""
        self._noted(self.ref, words)


def size_of(task: Task) -> int:
    """How many characters a client has put into a task."""
    notes = sum(len(key) + len(value) for key, value in task.other_config.items())
    texts = (task.name_label, task.name_description, task.result, *task.error_info)
    return notes + sum(map(len, texts))


async def result_of(work: Awaitable[Value]) -> str:
    """A result as a task has it: XML-RPC's value, and nothing for void."""
    value = await work
    return encode_value(value) if value != "" else ""

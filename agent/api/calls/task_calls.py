"""The messages of the class task, beside those of every class."""

from collections.abc import Sequence

from agent.api.calls.call import Call
from agent.api.encodings.values import Value, shortened
from agent.api.tasks.task import Task, TaskStatus
from agent.api.tasks.tasks import Owner
from agent.errors import InvalidValue
from agent.model.records import Ref


async def create(call: Call, label: str, description: str) -> Value:
    """A task of the caller's own, for other clients to see (XenAPI, task.create)."""
    owner = Owner(call.client.caller.uid, call.session)
    return str(call.agent.tasks.create(label, description, owner))


async def set_status(call: Call, self: Ref[Task], value: str) -> Value:
    """Say whether a task of the caller's own has ended, and how (XenAPI, task.set_status)."""
    call.agent.tasks.find(self)
    if value not in set(TaskStatus):
        raise InvalidValue("status", f"{shortened(value)}: it is one of {', '.join(TaskStatus)}")
    call.agent.tasks.write(self, status=TaskStatus(value))
    return ""


async def set_progress(call: Call, self: Ref[Task], value: float) -> Value:
    """Say how far a task of the caller's own is, from 0 to 1 (XenAPI, task.set_progress)."""
    call.agent.tasks.find(self)
    if not 0 <= value <= 1:
        raise InvalidValue("progress", f"{value}: it is from 0 to 1")
    call.agent.tasks.write(self, progress=value)
    return ""


async def set_result(call: Call, self: Ref[Task], value: str) -> Value:
    """Say what a task of the caller's own has come to (XenAPI, task.set_result)."""
    call.agent.tasks.write(self, result=value)
    return ""


async def set_error_info(call: Call, self: Ref[Task], value: Sequence[str]) -> Value:
    """Say why a task of the caller's own has failed: a code, then its parameters (XenAPI)."""
    call.agent.tasks.write(self, error_info=tuple(value))
    return ""


async def cancel(call: Call, task: Ref[Task]) -> Value:
    """Stop a task before its next step, and undo what it has done (XenAPI, task.cancel)."""
    call.agent.tasks.cancel(task)
    return ""


async def destroy(call: Call, self: Ref[Task]) -> Value:
    """Forget a task; one that is running runs on (XenAPI, task.destroy)."""
    call.agent.tasks.destroy(self)
    return ""

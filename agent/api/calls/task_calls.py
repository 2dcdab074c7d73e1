"""The messages of the class task, beside those of every class."""

from agent.api.calls.call import Call
from agent.api.encodings.values import Value
from agent.api.tasks.task import Task
from agent.model.records import Ref


async def create(call: Call, label: str, description: str) -> Value:
    """A task of the caller's own, for other clients to see (XenAPI, task.create)."""
    return str(call.agent.tasks.create(label, description))


async def cancel(call: Call, task: Ref[Task]) -> Value:
    """Stop a task before its next step, and undo what it has done (XenAPI, task.cancel)."""
    call.agent.tasks.cancel(task)
    return ""


async def destroy(call: Call, self: Ref[Task]) -> Value:
    """Forget a task; one that is running runs on (XenAPI, task.destroy)."""
    call.agent.tasks.destroy(self)
    return ""

"""The command of tasks, beside those that every class has."""

from agent.cli.change import sends, the_object
from agent.cli.command import Command
from agent.cli.parameter import required

COMMANDS = (
    Command(
        "task-cancel",
        sends("task.cancel", the_object("task")),
        (required("uuid", "The task: its uuid, the beginning of it, or its name-label."),),
        "Ask a call that runs to stop.",
        "It stops between two of its steps, and what it had done by then is undone.  task-list shows how\n"
        "far it is.",
        examples=("pifctl task-list status=pending", "pifctl task-cancel uuid=5f1c"),
        errors=("UUID_INVALID",),
    ),
)

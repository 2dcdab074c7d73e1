"""xe's own help pages, which its completion and other scripts take apart, for whoever calls pifctl as xe."""

from collections.abc import Sequence

from agent.cli.command import Command
from agent.cli.commands import COMMANDS
from agent.cli.errors import CommandError

USAGE = """\
Usage: xe <command> [-s server] [-pw passwd] [-p port] [-u user] [-pwf password-file]
  [command specific arguments]

To get help on a specific command: xe help <command>
"""
MORE = "To get a full listing of commands: xe help --all\n"
WIDTH = 74
INDENT = "    "


def page(subjects: tuple[str, ...], *, is_everything: bool, is_minimal: bool) -> str:
    """The page about some commands, or about xe."""
    if subjects:
        return "\n".join(command_page(command_called(name)) for name in subjects)
    names = sorted(name for name, command in COMMANDS.items() if is_everything or not command.is_hidden)
    if is_minimal:
        return ",".join(names) + "\n"
    if not is_everything:
        return f"{USAGE}{MORE}\nCommon command list\n-------------------\n{listed(names)}"
    hosts, VMs = ([name for name in names if name.startswith(kind)] for kind in ("host-", "vm-"))
    others = [name for name in names if not name.startswith(("host-", "vm-"))]
    parts = f"{INDENT}\n".join(map(listed, (hosts, VMs, others)))
    return f"{USAGE}\nFull command list\n-----------------\n{parts}"


def listed(names: Sequence[str]) -> str:
    """Names in lines, with commas between them but none at a line's end."""
    lines = [INDENT + names[0]]
    for name in names[1:]:
        if len(lines[-1]) + len(name) > WIDTH:
            lines.append(INDENT + name)
        else:
            lines[-1] += f", {name}"
    return "".join(f"{line}\n" for line in lines)


def command_called(name: str) -> Command:
    if name not in COMMANDS:
        raise CommandError(f"Unknown command '{name}'")
    return COMMANDS[name]


def command_page(command: Command) -> str:
    """Everything about one command."""
    parameters = [(f"{one.name}:" if one.is_map else one.name, one.is_required) for one in command.parameters]
    required = ", ".join(name for name, is_required in parameters if is_required)
    optional = ", ".join(name for name, is_required in parameters if not is_required)
    return (
        f"command name            : {command.name}\n"
        f"        reqd params     : {required}\n"
        f"        optional params : {optional}\n"
        f"        description     : {command.summary}\n"
    )

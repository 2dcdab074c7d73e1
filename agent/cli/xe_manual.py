"""xe's own help pages, which its completion and other scripts take apart, for whoever calls pifctl as xe."""

import textwrap

from agent.cli.command import Command
from agent.cli.commands import COMMANDS
from agent.cli.errors import CommandError

USAGE = """\
Usage: xe <command> [-s server] [-pw passwd] [-p port] [-u user] [-pwf password-file]
       [command specific arguments]

To get help on a specific command: xe help <command>
To get a full listing of commands: xe help --all
"""
WIDTH = 80
INDENT = "    "


def page(subjects: tuple[str, ...], *, is_everything: bool, is_minimal: bool) -> str:
    """The page about some commands, or about xe."""
    if subjects:
        return "\n".join(command_page(command_called(name)) for name in subjects)
    names = sorted(name for name, command in COMMANDS.items() if is_everything or not command.is_hidden)
    if is_minimal:
        return ",".join(names) + "\n"
    title = "Full command list" if is_everything else "Common command list"
    listed = textwrap.fill(
        ", ".join(names), WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False
    )
    return f"{USAGE}\n{title}\n{'-' * len(title)}\n\n{listed}\n"


def command_called(name: str) -> Command:
    """The command with a name."""
    if name not in COMMANDS:
        raise CommandError(f"Unknown command '{name}'.")
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

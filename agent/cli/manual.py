"""The manual: the help pages, made from the table of commands."""

import textwrap

from agent.cli.command import Command
from agent.cli.commands import CHANGES, COMMANDS, FIELDS, LISTS, REST
from agent.cli.commands.bond import STATUS
from agent.cli.commands.listing import TOPOLOGY
from agent.cli.parameter import Parameter
from agent.errors import by_code

WIDTH = 96

INTRODUCTION = """\
pifctl - command line of pifd, the host networking agent

Usage: pifctl <command> [name=value ...] [--flag ...]
       pifctl help [<command> | --all]
       pifctl --version
"""

PER_OBJECT = """\
  For one object: pif-param-list uuid=eth0, pif-param-get uuid=eth0 param-name=MAC, and the same
  for the other classes.  Where a class has fields to set, also -param-set uuid=eth0 <field>=<value>
  or <map>:<key>=<value>, -param-add, -param-remove and -param-clear.
"""

CONVENTIONS = """\
Commands and parameters are those of xe.  --flag means flag=true; true is true, t, yes, y or 1.
An object can be given by its uuid, by a unique beginning of it, or by its name: a PIF or a Bond by
its device (eth0, bond0), a VLAN or the PIF on it by the device below and the tag (eth0.5), a tunnel
or the PIF on it by its device (tunnel0), a network by its name-label or bridge, a host or a VM by
its name-label, a VIF by <VM>/<device> (web/0) or by its device on the host.
--dry-run  shows what a command would change, and the steps in the kernel, and changes nothing.
--json     prints JSON.
--minimal  prints bare values on one line, with commas in between.
--socket PATH  is the daemon's socket: else $PIFD_SOCKET, else /run/pifd/xapi.
--debug    (or --trace) tells of each call to the daemon, and how long it took, on standard error.
xe's -s, -p, -u, -pw, -pwf, --nossl and --traceparent are understood.  They change nothing, since
pifd is on this host and the kernel tells it who asks; a server (-s) that is another is refused.
The exit status is 0, or 1 after an error.  An error is a sentence, its details, and in the last
line XenAPI's code for it.
"""


def page(subject: str, *, is_everything: bool) -> str:
    """The page about a command, or about pifctl."""
    if subject:
        return command_page(COMMANDS[subject])
    return everything() if is_everything else overview()


def overview() -> str:
    """What a newcomer needs."""
    parts = [
        INTRODUCTION,
        section("See", [TOPOLOGY, STATUS, *LISTS]) + PER_OBJECT,
        section("Change", [one for one in CHANGES if not one.is_hidden]),
        section("Besides", list(REST)),
        CONVENTIONS,
        "'pifctl help <command>' tells more about one, 'pifctl help --all' lists all.\n",
    ]
    return "\n".join(parts)


def everything() -> str:
    """Every command with its parameters."""
    commands = [TOPOLOGY, STATUS, *LISTS, *FIELDS, *(one for one in CHANGES if not one.is_hidden), *REST]
    entries = [f"{synopsis(command)}\n    {command.summary}\n" for command in commands]
    return "\n".join([INTRODUCTION, *entries])


def section(title: str, commands: list[Command]) -> str:
    width = max(len(command.name) for command in commands)
    lines = [described(command.name, command.summary, width) for command in commands]
    return "\n".join([f"{title}:", *lines]) + "\n"


def command_page(command: Command) -> str:
    """Everything about one command."""
    width = max(len(written(parameter)) for parameter in command.parameters)
    parameters = [described(written(parameter), parameter.meaning, width) for parameter in command.parameters]
    parts = [
        [command.summary, *(command.about.splitlines())],
        ["Usage:", indented(synopsis(command))],
        ["Parameters:", *parameters],
        [f"Prints {command.prints}."],
        ["Examples:", *(f"  {example}" for example in command.examples)] if command.examples else [],
        ["Errors, among others:", *map(error_line, command.errors)] if command.errors else [],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def synopsis(command: Command) -> str:
    """The command with its parameters, the optional ones in brackets."""
    words = [written(one) if one.is_required else f"[{written(one)}]" for one in command.parameters]
    filters = ["[<field>=<value> ...]"] if command.takes_filters else []
    pairs = ["[<key>=<value> ...]"] if command.takes_pairs else []
    line = " ".join([f"pifctl {command.name}", *words, *filters, *pairs])
    return textwrap.fill(line, WIDTH - 2, subsequent_indent="    ", break_on_hyphens=False)


def written(parameter: Parameter) -> str:
    """A parameter as one types it."""
    if parameter.is_map:
        return f"{parameter.name}:<key>="
    return f"--{parameter.name}" if parameter.default is False else f"{parameter.name}="


def described(name: str, meaning: str, width: int) -> str:
    """A name and what it means, in two columns."""
    line = f"  {name:{width}}  {meaning}"
    return textwrap.fill(line, WIDTH, subsequent_indent=" " * (width + 4), break_on_hyphens=False)


def error_line(code: str) -> str:
    kind = by_code(code)
    sentence = " ".join((kind.__doc__ or "").split()) if kind else ""
    return "  " + textwrap.fill(
        f"{code}: {sentence}", WIDTH - 2, subsequent_indent="      ", break_on_hyphens=False
    )


def indented(text: str) -> str:
    """A text two columns further right."""
    return textwrap.indent(text, "  ")

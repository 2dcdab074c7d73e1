"""Errors: why a command prints one and ends with a status other than 0, and how it reads."""

import sys
from collections.abc import Callable
from itertools import zip_longest

from agent.printable import printable

OWN = "pifctl"
XE = "xe"
PREFIX = "OpaqueRef:"


def program_name() -> str:
    """xe for whoever typed xe, else pifctl: what help and errors tell to type next."""
    return XE if sys.argv[0].rpartition("/")[2] == XE else OWN


def usage(command: str = "") -> str:
    """Where to read on, about a command or in general."""
    return f"For usage run: '{program_name()} help{command and ' ' + command}'"


def maybe_done(command: str) -> str:
    """What a person has to know when the answer to a change never arrived."""
    return (
        f"Whether {command} was done is not known.  "
        f"See how things are with '{program_name()} topology' and '{program_name()} pif-list params=all'."
    )


class CommandError(Exception):
    """A command that cannot be carried out; the arguments are the lines to print.

    code, parameters: XenAPI's, of what the daemon has refused.
    """

    status = 1
    code = ""
    parameters: tuple[str, ...] = ()

    def as_json(self) -> str:
        """The error for programs."""
        import json

        told = {"message": str(self.args[0]), "details": [str(line) for line in self.args[1:]]}
        return json.dumps({"error": {"code": self.code, "parameters": self.parameters, **told}}) + "\n"

    def __str__(self) -> str:
        return "\n".join(printable(str(line)) for line in self.args)


class NoAnswer(CommandError):
    """The daemon gave no answer, or one that makes no sense."""


class Lost(NoAnswer):
    """The connection to the daemon is gone, or there is nobody to connect to."""


class Interrupted(CommandError):
    """^C, after a change had been sent."""

    status = 130


class APIFailure(Exception):
    """The daemon's own refusal: one of XenAPI's error codes with its parameters."""

    def __init__(self, code: str, parameters: tuple[str, ...]) -> None:
        super().__init__(code, parameters)
        self.code = code
        self.parameters = parameters


def explained(failed: APIFailure, label_of: Callable[[str], str]) -> CommandError:
    """What a person reads: the documented sentence, the parameters by name, the code."""
    from agent.errors import by_code

    kind = by_code(failed.code)
    parameters = [resolved(parameter, label_of) for parameter in failed.parameters]
    if kind is None:
        lines = [f"Error code: {failed.code}", f"Error parameters: {', '.join(parameters)}"]
    else:
        pairs = zip_longest(kind.names, parameters)
        told = (f"{name or '<extra>'}: {'<unknown>' if value is None else value}" for name, value in pairs)
        lines = [" ".join((kind.__doc__ or failed.code).split()), *told, f"code: {failed.code}"]
    error = CommandError(*lines)
    error.code, error.parameters = failed.code, failed.parameters
    return error


def resolved(parameter: str, label_of: Callable[[str], str]) -> str:
    """A reference as `uuid (name)`, if its object is there and has one; other texts as they are.

    When asking fails, the first failure is still the one to tell.
    """
    try:
        label = label_of(parameter) if parameter.startswith(PREFIX) else ""
    except (APIFailure, CommandError):
        label = ""
    return label or parameter

"""Refusals: why a command prints an error and ends with a status other than 0."""

from agent.cli import program


def maybe_done(command: str) -> str:
    """What a person has to know when the answer to a change never arrived."""
    return (
        f"Whether {command} was done is not known.  "
        f"See how things are with '{program.name()} topology' and '{program.name()} pif-list params=all'."
    )


class Refusal(Exception):
    """A command that cannot be carried out; the arguments are the lines to print."""

    status = 1

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class NoAnswer(Refusal):
    """The daemon gave no answer, or one that makes no sense."""


class Lost(NoAnswer):
    """The connection to the daemon is gone, or there is nobody to connect to."""


class Interrupted(Refusal):
    """^C, after a change had been sent."""

    status = 130


class Failed(Exception):
    """The daemon's own refusal: one of XenAPI's error codes with its parameters."""

    def __init__(self, code: str, parameters: tuple[str, ...]) -> None:
        super().__init__(code, parameters)
        self.code = code
        self.parameters = parameters

"""Parameters of commands: their names, what they mean, and how their values are read."""

from collections.abc import Callable
from typing import Any, NamedTuple

from agent.cli.errors import CommandError

Reader = Callable[[str, str], Any]

TRUE = ("true", "t", "yes", "y", "1")
FALSE = ("false", "f", "no", "n", "0")
# Any number of so many digits fits in the 64 bits that travel.
MOST_DIGITS = 18


class Parameter(NamedTuple):
    """One parameter.  `read` turns what was typed into a value; `default` is the value if nothing was.

    may_be_empty: nothing after the = is a value of its own, not the same as leaving the parameter out.
    """

    name: str
    meaning: str
    read: Reader
    default: Any = ""
    is_required: bool = False
    is_map: bool = False
    may_be_empty: bool = False


def text(name: str, given: str) -> str:
    return given


def words(name: str, given: str) -> tuple[str, ...]:
    """A list with commas."""
    return tuple(word.strip() for word in given.split(",") if word.strip())


def boolean(name: str, given: str) -> bool:
    """true or false, in all of xe's spellings."""
    if given.lower() in TRUE + FALSE:
        return given.lower() in TRUE
    raise CommandError(f"Error: Failed to parse parameter '{name}': expecting a boolean (true or false)")


def integer(name: str, given: str) -> int:
    """A whole number."""
    digits = given.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS:
        return int(given)
    raise CommandError(f"Error: Failed to parse parameter '{name}': expecting an integer")


class OneOf:
    """Reads one of several words, in any case; `choices` are what it reads."""

    def __init__(self, kind: str, choices: tuple[str, ...]) -> None:
        self.kind = kind
        self.choices = choices

    def __call__(self, name: str, given: str) -> str:
        for choice in self.choices:
            if choice.lower() == given.lower():
                return choice
        raise CommandError(
            f"Error: Invalid {self.kind}. Got {given}", f"Known are: {', '.join(self.choices)}"
        )


def one_of(kind: str, *choices: str) -> Reader:
    """One of several words, in any case."""
    return OneOf(kind, choices)


def required(name: str, meaning: str, read: Reader = text) -> Parameter:
    """A parameter that has to be there."""
    return Parameter(name, meaning, read, is_required=True)


def optional(name: str, meaning: str, read: Reader = text, default: Any = "") -> Parameter:
    """A parameter that may be left out."""
    return Parameter(name, meaning, read, default)


def mapping(name: str, meaning: str) -> Parameter:
    """A parameter of pairs: `name:key=value`, as often as there are keys."""
    return Parameter(name, meaning, text, {}, is_map=True)


def flag(name: str, meaning: str) -> Parameter:
    """A parameter that is mostly written `--name`."""
    return Parameter(name, meaning, boolean, default=False)


JSON = flag("json", "Print JSON.")
MINIMAL = flag("minimal", "Print only the first field of each object, with commas in between.")
DRY_RUN = flag("dry-run", "Change nothing; print what would change and the steps in the kernel, in order.")

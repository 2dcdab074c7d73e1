"""A command: its name, its parameters, what it does, and everything that help says about it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from agent.cli.objects import Objects
from agent.cli.parameter import Parameter
from agent.cli.session import Session
from agent.cli.terminal import NOWHERE, Screen, Streams
from agent.schema import Field


class Command(NamedTuple):
    """One command.  `action` gives back what it prints; the texts after it are for people.

    fields: those of the class that it can set.  takes_filters, takes_pairs: what it makes of a name that is
    no parameter's, a filter of what it lists or a pair for a map.  is_hidden: help does not list it.
    bare: the parameter that a word without = is for.
    """

    name: str
    action: Callable[["Call"], str]
    parameters: tuple[Parameter, ...]
    summary: str
    about: str = ""
    prints: str = "nothing"
    examples: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    class_name: str = ""
    fields: tuple[Field, ...] = ()
    takes_filters: bool = False
    takes_pairs: bool = False
    is_hidden: bool = False
    bare: str = ""


class Call(NamedTuple):
    """One use of a command: the values of its parameters, and what it works with."""

    command: Command
    values: dict[str, Any]
    filters: tuple[Any, ...]
    session: Session
    objects: Objects
    screen: Screen
    pairs: tuple[tuple[str, str], ...] = ()
    streams: Streams = NOWHERE

    def find(self, class_name: str, parameter: str) -> str:
        """The reference of the object that a parameter names."""
        return self.objects.find(class_name, self.values[parameter])

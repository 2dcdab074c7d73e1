"""Fields: what xe calls them, where they are in a record, and whether and how they are set."""

from collections.abc import Callable
from typing import Any, NamedTuple

from agent.cli.parameter import Reader, text

Record = dict[str, Any]
Lookup = Callable[[str, str], Record | None]

SET, SET_RW, MAP, MAP_RW, RW = "SRO", "SRW", "MRO", "MRW", " RW"


class Field(NamedTuple):
    """One field: its name in xe, its key in the record, its mark; for references, what is shown of them.

    read: how a new value is read.  setter: what comes after `set_`, where it is not the key in the record.
    """

    name: str
    source: str
    mark: str = " RO"
    refers: str = ""
    shows: str = "uuid"
    ignores_case: bool = False
    joiner: str = "; "
    read: Reader = text
    setter: str = ""


class Class(NamedTuple):
    """One class.  `prefix` begins its commands, `listed` are the fields that -list prints unless told."""

    name: str
    prefix: str
    listed: tuple[str, ...]
    fields: tuple[Field, ...]
    names: Callable[[Record, Lookup], tuple[str, ...]]


def settable(kind: Class) -> tuple[Field, ...]:
    """The fields of a class that can be set."""
    return tuple(field for field in kind.fields if field.mark in (RW, SET_RW, MAP_RW))

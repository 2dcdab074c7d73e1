"""Fields and classes as xe has them (agent.cli.classes makes them of the schema)."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from agent.cli.parameter import Reader, text

Record = dict[str, Any]
Lookup = Callable[[str, str], Record | None]

SET, SET_RW, MAP, MAP_RW, RW = "SRO", "SRW", "MRO", "MRW", " RW"


class Field(NamedTuple):
    """One field: its name in xe, its key in the record, its mark; for references, what is shown of them.

    read: how a new value is read.  setter: the message that sets it; key_setter: the one that sets one key of
    a map that has no setter.  keys: the known keys of a map, with their values.
    from_record: what is shown, where it is not just the value of a key; of the object referred to, where it
    shows another field than the uuid.  printed: how people read it.  is_costly: in lists xe leaves it out.
    """

    name: str
    source: str
    mark: str
    refers: str = ""
    shows: str = "uuid"
    ignores_case: bool = False
    joiner: str = "; "
    read: Reader = text
    setter: str = ""
    key_setter: str = ""
    keys: Mapping[str, tuple[str, ...]] = {}
    from_record: Callable[[Record], Any] | None = None
    printed: Callable[[Any], str] | None = None
    is_costly: bool = False


class Class(NamedTuple):
    """One class.  `prefix` begins its commands, `listed` are the fields that -list prints by itself.

    followed: the fields of its records that follow from other objects.
    usual: the field and its value that -list leaves the others out for, unless asked for all.
    is_live: its objects are not stored, so that there are no dry runs of their changes.
    """

    name: str
    prefix: str
    listed: tuple[str, ...]
    fields: tuple[Field, ...]
    names: Callable[[Record, Lookup], tuple[str, ...]]
    followed: frozenset[str]
    usual: tuple[str, str] | None
    is_live: bool


def settable(kind: Class) -> tuple[Field, ...]:
    """The fields of a class that can be set, whole or key by key."""
    return tuple(field for field in kind.fields if field.mark in (RW, SET_RW, MAP_RW) or field.key_setter)


def is_map(field: Field) -> bool:
    """Whether a field that can be set is a map, of which -param-set sets single keys."""
    return field.mark == MAP_RW or bool(field.key_setter)

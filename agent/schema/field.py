"""Field and Class: what a line of the schema says, and the kinds of lines there are."""

from collections.abc import Mapping
from typing import Any, NamedTuple

RO, STATIC, RW = "RO", "StaticRO", "RW"

KeyValues = Mapping[str, tuple[str, ...]]


class Field(NamedTuple):
    """A field.

    name: XenAPI's.  xe: xe's, "" where xe has none.  type: in XenAPI's words, such as `PIF ref set`.
    access: RO, set by pifd alone; StaticRO, given at creation; RW, which has setters.

    stored: the record holds it.  back: `Class.field`, it lists the objects that refer to this one by that
    field.  depends: what it is computed from, beside its own record: when an object of Class changes, what
    `Class.field` refers to looks different.  value, reason: it is always this, and why.  shows: of the object
    that it refers to, xe shows this field, and XenAPI has no field of its own for it.

    is_given: a constructor takes it, so that another value than the constant must not be dropped.
    is_followed: it follows from other objects, which a dry run shows themselves.  keys: a map's known keys,
    with their values.  setter: xe sets it by this message; key_setter: or one key at a time by this.
    is_one: xe takes the set or map as one value.  joiner: between members.  format: how xe prints it
    (agent.cli.value).  is_costly: xe leaves it out of lists.  ignores_case: in filters.
    """

    name: str
    xe: str
    type: str
    access: str = RO
    stored: bool = False
    back: str = ""
    depends: tuple[str, ...] = ()
    value: Any = None
    reason: str = ""
    shows: str = ""
    is_given: bool = False
    is_followed: bool = False
    keys: KeyValues = {}
    setter: str = ""
    key_setter: str = ""
    is_one: bool = False
    joiner: str = "; "
    format: str = ""
    is_costly: bool = False
    ignores_case: bool = False

    @property
    def refers(self) -> str:
        """The class that it refers to; "" for none."""
        return referred(self.type)

    @property
    def set_by(self) -> str:
        """The message that xe sets it by."""
        return self.setter or f"set_{self.name}"


class Class(NamedTuple):
    """A class.  prefix: of xe's commands, "" for none.  listed: the fields that xe's -list prints by itself.

    usual: the field and its value that -list leaves the others out for, unless asked for all.
    is_live: its objects are stored nowhere, so that there are no dry runs of their changes.
    """

    name: str
    prefix: str
    listed: tuple[str, ...]
    fields: tuple[Field, ...]
    usual: tuple[str, str] | None = None
    is_live: bool = False

    @property
    def wire(self) -> tuple[Field, ...]:
        """The fields of a record on the wire."""
        return tuple(field for field in self.fields if not field.shows)

    @property
    def in_xe(self) -> tuple[Field, ...]:
        """The fields that xe has."""
        return tuple(field for field in self.fields if field.xe)


def stored(name: str, xe: str, type_: str, access: str = RO, **more: Any) -> Field:
    """A field that the record holds."""
    return Field(name, xe, type_, access, stored=True, **more)


def back(name: str, xe: str, type_: str, by: str, **more: Any) -> Field:
    """A field that lists the objects that refer to this one by a field of theirs, `Class.field`."""
    return Field(name, xe, type_, back=by, depends=(by,), is_followed=True, **more)


def computed(name: str, xe: str, type_: str, *depends: str, **more: Any) -> Field:
    """A field with a function in agent.api.records.computed."""
    return Field(name, xe, type_, depends=depends, **more)


def always(name: str, xe: str, type_: str, value: Any, reason: str, **more: Any) -> Field:
    """A field of XenAPI's that has one value here."""
    return Field(name, xe, type_, value=value, reason=reason, **more)


def shown(xe: str, through: str, shows: str, refers: str, **more: Any) -> Field:
    """A field of xe's alone: `through` refers to an object of a class, `shows` is that one's field."""
    return Field(through, xe, f"{refers} ref", shows=shows, **more)


def referred(type_: str) -> str:
    """The class that a reference, or a set of them, refers to; "" for any other type."""
    return type_.partition(" ref")[0] if " ref" in type_ and not is_map(type_) else ""


def is_set(type_: str) -> bool:
    return type_.endswith(" set")


def is_map(type_: str) -> bool:
    return type_.endswith(" map")


MAP = "(string -> string) map"

UUID = stored("uuid", "uuid", "string")
OTHER_CONFIG = stored("other_config", "other-config", MAP, RW)


def labels(access: str) -> tuple[Field, ...]:
    """The fields that classes with a name-label begin with."""
    return (
        UUID,
        stored("name_label", "name-label", "string", access),
        stored("name_description", "name-description", "string", access),
    )

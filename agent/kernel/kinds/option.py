"""An option of a device: its attribute's number, its type, when it can change; bytes and text both ways.

A kind's options are a frozen dataclass, one field an option, whose annotation holds the Option.  Encoding,
decoding and comparing follow from that.  A field's default is what the kernel has when it does not say.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from functools import cache, lru_cache
from typing import Any, TypeVar, cast, get_type_hints

from agent.kernel.kinds.attributes import Attributes, attribute, attributes
from agent.kernel.kinds.types import NO_NAMES, Names, Type, Value


@dataclass(frozen=True, slots=True)
class Nest(Type):
    """Attributes in an attribute, which only the kernel writes."""

    kind: type[Any]

    def encode(self, value: Any, names: Names) -> bytes:
        return encoded(self.kind, tuple((name, getattr(value, name)) for name in table(self.kind)), names)

    def decode(self, data: bytes, names: Names) -> Any:
        return decoded(self.kind, data, names)

    def read(self, text: str) -> Value:
        raise ValueError("can't be set")

    def text(self, value: Any) -> str:
        return ", ".join(
            f"{name} {row.option.type.text(getattr(value, name))}" for name, row in table(self.kind).items()
        )

    @property
    def words(self) -> str:
        return f"{', '.join(table(self.kind))}"


class When(Enum):
    """When the kernel lets an option change."""

    LIVE = "at any time"
    DOWN = "while the device is down"
    NO_PORTS = "while it has no ports"
    DOWN_NO_PORTS = "while it is down and has no ports"
    CREATION = "never: the device is made anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """number: of the attribute.  since: the first kernel that has it, where pifd's oldest has not.

    initially: the value in a new device, where that is not the one that pifd's devices have.
    modes: those in which a bond has it, none for all.  multiple_of: the option whose multiple it must be, and
    that the kernel scales it with.
    """

    number: int
    type: Type
    when: When = When.LIVE
    modes: frozenset[str] = frozenset()
    since: str = ""
    initially: Value | None = None
    multiple_of: str = ""
    words: str = ""
    aliases: tuple[str, ...] = ()

    def applies(self, mode: str) -> bool:
        """Whether a bond of this mode has it; other kinds have no modes."""
        return not self.modes or mode in self.modes

    def encode(self, value: Value, names: Names) -> Iterator[tuple[int, bytes]]:
        """The attributes that say a value: for most options one."""
        yield self.number, self.type.encode(value, names)

    def decode(self, found: Attributes, names: Names) -> Value | None:
        """The value, None where the kernel does not say."""
        return self.type.decode(found[self.number], names) if self.number in found else None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a kind's table."""

    name: str
    option: Option
    default: Value


TABLES: dict[Any, Mapping[str, Row]] = {}
"""Those that were asked for, because reading annotations is slow."""


def table(kind: type[Any]) -> Mapping[str, Row]:
    """A kind's options by their names, in the order of the file."""
    if kind not in TABLES:
        TABLES[kind] = {row.name: row for row in _rows(kind)}
    return TABLES[kind]


def _rows(kind: type[Any]) -> Iterator[Row]:
    hints = get_type_hints(kind, include_extras=True)
    for one in fields(kind):
        hint = hints[one.name]
        yield Row(one.name, hint.__metadata__[0], _default(one.default, hint))


def _default(value: Any, hint: Any) -> Value:
    nothing: Value = hint.__origin__()
    return nothing if value is MISSING else value


Changes = tuple[tuple[str, Value], ...]
"""Options by their names, with the values that they are to have."""

T = TypeVar("T")


def encoded(kind: type[Any], changes: Changes, names: Names = NO_NAMES) -> bytes:
    """The bytes of IFLA_INFO_DATA that set some options of a device."""
    rows = table(kind)
    return b"".join(
        attribute(number, data)
        for name, value in changes
        for number, data in rows[name].option.encode(value, names)
    )


def decoded(kind: type[T], data: bytes, names: Names = NO_NAMES) -> T:
    """The options of a device, of its IFLA_INFO_DATA; those that its mode has not are at their defaults."""
    own: Any = kind
    if names is not NO_NAMES or not _is_plain(own):
        return _put_together(kind, attributes(data), names)
    found = attributes(data)
    return cast(T, _known(own, tuple(found.get(row.option.number) for row in table(own).values())))


@cache
def _is_plain(kind: Any) -> bool:
    """Whether each of its options is in the one attribute of its number."""
    return all(type(row.option) is Option for row in table(kind).values())


@lru_cache(maxsize=1 << 13)
def _known(kind: Any, payloads: tuple[bytes | None, ...]) -> Any:
    """Thousands of devices that have the same options share them."""
    numbers = (row.option.number for row in table(kind).values())
    found = {number: data for number, data in zip(numbers, payloads, strict=True) if data is not None}
    return _put_together(kind, found, NO_NAMES)


def _put_together(kind: type[T], found: Attributes, names: Names) -> T:
    values: dict[str, Value] = {}
    for name, row in table(kind).items():
        option = row.option
        applies = not option.modes or "mode" not in values or option.applies(str(values["mode"]))
        value = option.decode(found, names) if applies else None
        values[name] = row.default if value is None else value
    return kind(**values)


def creation(options: Any) -> Changes:
    """What a new device has to be told: all that it does not have by itself, or whose default depends."""
    return tuple(
        (name, getattr(options, name)) for name, row in table(type(options)).items() if _differs(options, row)
    )


def _differs(options: Any, row: Row) -> bool:
    value, option = getattr(options, row.name), row.option
    if not option.applies(getattr(options, "mode", "")) or not _can_be_said(options, option):
        return False
    return option.initially is not None or value != row.default or option.when == When.CREATION


def changes(before: T, after: T) -> Changes:
    """The options in which a device has to be told something, with the values that it is to have.

    Those that the kernel scales with one that changes are said again.
    """
    rows = table(type(after))
    told = {name for name in rows if getattr(before, name) != getattr(after, name)}
    scaled = {name for name, row in rows.items() if row.option.multiple_of in told and getattr(after, name)}
    return tuple(
        (name, getattr(after, name))
        for name, row in rows.items()
        if name in told | scaled and _can_be_said(after, row.option)
    )


def _can_be_said(options: Any, option: Option) -> bool:
    """The kernel takes no multiple of nothing, not even none."""
    return not option.multiple_of or bool(getattr(options, option.multiple_of))


def with_changes(before: T, told: Changes) -> T:
    """The options of a device that was told some; those that are scaled with one of them follow it."""
    rows, said = table(type(before)), dict(told)
    values = {name: getattr(before, name) for name in rows} | said
    for name, row in rows.items():
        unit = row.option.multiple_of
        if unit in said and name not in said:
            values[name] = scaled(values[name], getattr(before, unit), values[unit])
        if "mode" in values and not row.option.applies(str(values["mode"])):
            values[name] = row.default
    return type(before)(**values)


def scaled(value: int, before: int, after: int) -> int:
    """The kernel counts such an option in the other one's ticks."""
    return value // before * after if before else 0


def moments(kind: type[Any], names: Collection[str]) -> frozenset[When]:
    """When some options can change."""
    return frozenset(table(kind)[name].option.when for name in names)

"""An option of a device: its attribute's number, its type, when it can change; bytes and text both ways.

A kind's options are a frozen dataclass, one field an option, whose annotation holds the Option.  Encoding,
decoding and comparing follow from that.  A field's default is what the kernel has when it does not say.
"""

import struct
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from ipaddress import ip_address
from typing import Any, Protocol, TypeVar, get_type_hints

Value = bool | int | str | tuple[str, ...]
Attributes = Mapping[int, bytes]
"""Netlink attributes by their numbers."""

HEADER = struct.Struct("=HH")
TYPE_MASK = 0x3FFF
"""Without the marks for a nested attribute and for the network's byte order."""
NESTED = 0x8000


@dataclass(frozen=True, slots=True)
class Names:
    """The interface indices of devices, both ways; only an option that names a device asks for them."""

    index: Callable[[str], int] = lambda name: 0
    name: Callable[[int], str] = lambda number: ""


NO_NAMES = Names()


class Type(Protocol):
    """How a value looks as bytes and as text.  `read` raises ValueError for a text that is none."""

    def encode(self, value: Any, names: Names) -> bytes: ...
    def decode(self, data: bytes, names: Names) -> Value: ...
    def read(self, text: str) -> Value: ...
    def text(self, value: Any) -> str: ...
    @property
    def words(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Number:
    """An integer.  size: bytes, negative for a signed one."""

    size: int
    low: int = 0
    high: int = 0
    order: str = "="
    unit: str = ""

    @property
    def _bytes(self) -> struct.Struct:
        return NUMBERS[self.order, self.size]

    def encode(self, value: int, names: Names) -> bytes:
        return self._bytes.pack(value)

    def decode(self, data: bytes, names: Names) -> int:
        return int(self._bytes.unpack_from(data)[0])

    def read(self, text: str) -> int:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal()) or not self.low <= int(text) <= self.highest:
            raise ValueError(f"must be {self.words}")
        return int(text)

    def text(self, value: int) -> str:
        return str(value)

    @property
    def highest(self) -> int:
        """The largest value: the given one, or what fits."""
        return self.high or 256**self.size - 1

    @property
    def words(self) -> str:
        return f"a number from {self.low} to {self.highest}{f' ({self.unit})' if self.unit else ''}"


NUMBERS: Mapping[tuple[str, int], struct.Struct] = {
    (order, size): struct.Struct(order + letter)
    for order in ("=", "<", ">", "!")
    for size, letter in {1: "B", 2: "H", 4: "I", -4: "i"}.items()
}


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no.  size: bytes."""

    size: int = 1

    def encode(self, value: bool, names: Names) -> bytes:
        return int(value).to_bytes(self.size, "little")

    def decode(self, data: bytes, names: Names) -> bool:
        return any(data)

    def read(self, text: str) -> bool:
        if text.lower() not in FLAGS:
            raise ValueError(f"must be {self.words}")
        return FLAGS[text.lower()]

    def text(self, value: bool) -> str:
        return "1" if value else "0"

    @property
    def words(self) -> str:
        return "1 or 0 (on or off)"


FLAGS: Mapping[str, bool] = {
    "1": True, "on": True, "yes": True, "true": True, "0": False, "off": False, "no": False, "false": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several names, which the kernel numbers from 0; its number is understood too."""

    size: int
    names: tuple[str, ...]

    def encode(self, value: str, names: Names) -> bytes:
        return self.names.index(value).to_bytes(self.size, "little")

    def decode(self, data: bytes, names: Names) -> str:
        number = int.from_bytes(data[: self.size], "little")
        return self.names[number] if number < len(self.names) else str(number)

    def read(self, text: str) -> str:
        if text in self.names:
            return text
        if not text.isascii() or not text.isdecimal() or int(text) >= len(self.names):
            raise ValueError(f"must be {self.words}")
        return self.names[int(text)]

    def text(self, value: str) -> str:
        return value

    @property
    def words(self) -> str:
        return f"{', '.join(self.names[:-1])} or {self.names[-1]}"


@dataclass(frozen=True, slots=True)
class HardwareAddress:
    """A MAC address; not a multicast one."""

    def encode(self, value: str, names: Names) -> bytes:
        return bytes.fromhex(value.replace(":", ""))

    def decode(self, data: bytes, names: Names) -> str:
        return data[:6].hex(":")

    def read(self, text: str) -> str:
        parts = text.lower().split(":")
        digits = all(len(part) == 2 and set(part) <= set("0123456789abcdef") for part in parts)
        if len(parts) != 6 or not digits or int(parts[0], 16) & 1:
            raise ValueError(f"must be {self.words}")
        return ":".join(parts)

    def text(self, value: str) -> str:
        return value

    @property
    def words(self) -> str:
        return "a MAC address that is no multicast address"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Up to `most` IP addresses of one family, nested."""

    version: int
    most: int = 16

    def encode(self, value: tuple[str, ...], names: Names) -> bytes:
        return b"".join(attribute(n, ip_address(one).packed) for n, one in enumerate(value))

    def decode(self, data: bytes, names: Names) -> tuple[str, ...]:
        return tuple(str(ip_address(one)) for one in attributes(data).values())

    def read(self, text: str) -> tuple[str, ...]:
        parts = [part.strip() for part in text.split(",")] if text.strip() else []
        try:
            found = [ip_address(part) for part in parts]
        except ValueError as error:
            raise ValueError(f"must be {self.words}") from error
        usable = all(one.version == self.version and not one.is_unspecified for one in found)
        if not usable or not len({*found}) == len(found) <= self.most:
            raise ValueError(f"must be {self.words}")
        return tuple(str(one) for one in found)

    def text(self, value: tuple[str, ...]) -> str:
        return ",".join(value)

    @property
    def words(self) -> str:
        return f"up to {self.most} IPv{self.version} addresses, with commas in between, each once"


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the device, by name; empty for none.  The kernel says its index."""

    def encode(self, value: str, names: Names) -> bytes:
        return struct.pack("=I", names.index(value) if value else 0)

    def decode(self, data: bytes, names: Names) -> str:
        return names.name(struct.unpack_from("=I", data)[0])

    def read(self, text: str) -> str:
        return text

    def text(self, value: str) -> str:
        return value

    @property
    def words(self) -> str:
        return "the device of a member"


@dataclass(frozen=True, slots=True)
class Nest:
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


def attribute(number: int, data: bytes) -> bytes:
    """One netlink attribute, padded."""
    return HEADER.pack(HEADER.size + len(data), number) + data + b"\0" * (-len(data) % 4)


def attributes(data: bytes, offset: int = 0) -> dict[int, bytes]:
    """The attributes of a message or of a nest, by their numbers.  One whose length can't be ends it: what
    was before it counts.

    A kernel with thousands of devices is read by this: it is written to be quick.
    """
    found: dict[int, bytes] = {}
    last, unpack = len(data) - 4, HEADER.unpack_from
    while offset <= last:
        length, number = unpack(data, offset)
        if length < 4:
            break
        found[number & 0x3FFF] = data[offset + 4 : offset + length]
        offset += (length + 3) & -4
    return found


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
    found = attributes(data)
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

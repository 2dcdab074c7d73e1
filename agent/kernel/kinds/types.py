"""The types of options: how a value looks as bytes, as text, and in words."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Protocol

from agent.kernel.kinds.attributes import attribute, attributes

Value = bool | int | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """The interface indices of devices, both ways; only an option that names a device asks for them."""

    index: Callable[[str], int] = lambda name: 0
    name: Callable[[int], str] = lambda number: ""


NO_NAMES = Names()


class Type(Protocol):
    """How a value looks as bytes and as text.  `read` raises ValueError for a text that is none."""

    def encode(self, value: Any, names: Names) -> bytes: ...
    def decode(self, data: bytes, names: Names) -> Any: ...
    def read(self, text: str) -> Value: ...
    @property
    def words(self) -> str: ...

    def text(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Number(Type):
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
        is_number = digits.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS
        if not is_number or not self.low <= int(text) <= self.highest:
            raise ValueError(f"must be {self.words}")
        return int(text)

    @property
    def highest(self) -> int:
        """The largest value: the given one, or what fits."""
        return self.high or 256**self.size - 1

    @property
    def words(self) -> str:
        return f"a number from {self.low} to {self.highest}{f' ({self.unit})' if self.unit else ''}"


MOST_DIGITS = 20
"""Python itself does not read arbitrarily long ones."""
NUMBERS: Mapping[tuple[str, int], struct.Struct] = {
    (order, size): struct.Struct(order + letter)
    for order in ("=", "<", ">", "!")
    for size, letter in {1: "B", 2: "H", 4: "I", -4: "i"}.items()
}


@dataclass(frozen=True, slots=True)
class Flag(Type):
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
class Choice(Type):
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

    @property
    def words(self) -> str:
        return f"{', '.join(self.names[:-1])} or {self.names[-1]}"


@dataclass(frozen=True, slots=True)
class HardwareAddress(Type):
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

    @property
    def words(self) -> str:
        return "a MAC address that is no multicast address"


@dataclass(frozen=True, slots=True)
class Addresses(Type):
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
        usable = all(one.version == self.version and is_target(one) for one in found)
        if not usable or not len({*found}) == len(found) <= self.most:
            raise ValueError(f"must be {self.words}")
        return tuple(str(one) for one in found)

    def text(self, value: tuple[str, ...]) -> str:
        return ",".join(value)

    @property
    def words(self) -> str:
        return f"up to {self.most} IPv{self.version} addresses of hosts, with commas in between, each once"


def is_target(address: IPv4Address | IPv6Address) -> bool:
    """Whether the kernel takes it for one that a bond can probe."""
    if isinstance(address, IPv4Address):
        return not address.is_unspecified and address != IPv4Address("255.255.255.255")
    local = address.is_link_local or address.is_loopback or address.scope_id is not None
    return not (address.is_unspecified or address.is_multicast or local)


@dataclass(frozen=True, slots=True)
class Port(Type):
    """A port of the device, by name; empty for none.  The kernel says its index."""

    def encode(self, value: str, names: Names) -> bytes:
        return struct.pack("=I", names.index(value) if value else 0)

    def decode(self, data: bytes, names: Names) -> str:
        return names.name(struct.unpack_from("=I", data)[0])

    def read(self, text: str) -> str:
        return text

    @property
    def words(self) -> str:
        return "the device of a member"


@dataclass(frozen=True, slots=True)
class Address(Type):
    """An IP address of either family, as many bytes as its family has."""

    words = "an IP address"

    def encode(self, value: str, names: Names) -> bytes:
        return ip_address(value).packed

    def decode(self, data: bytes, names: Names) -> str:
        return str(ip_address(data)) if any(data) else ""

    def read(self, text: str) -> str:
        return str(ip_address(text))

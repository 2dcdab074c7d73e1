"""Netlink's attributes as bytes: a header each, with length and number, and what they say."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Attributes = Mapping[int, bytes]
"""Netlink attributes by their numbers."""

HEADER = struct.Struct("=HH")
TYPE_MASK = 0x3FFF
"""Without the marks for a nested attribute and for the network's byte order."""


def attribute(number: int, data: bytes) -> bytes:
    """One netlink attribute, padded."""
    return HEADER.pack(HEADER.size + len(data), number) + data + b"\0" * (-len(data) % 4)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the attributes of a message stand.  unpack: each header, followed by its payload."""

    unpack: Callable[[bytes, int], tuple[bytes, ...]]
    headers: tuple[bytes, ...]
    numbers: tuple[int, ...]


LAYOUTS: dict[tuple[int, bytes], Layout] = {}
"""Those that were seen last, by the length of all and the first header."""
LONG, MOST_LAYOUTS = 64, 512
"""Bytes from which on a layout is worth while; how many are remembered."""


def attributes(data: bytes, offset: int = 0) -> dict[int, bytes]:
    """The attributes of a message or of a nest, by their numbers.  One whose length can't be ends it: what
    was before it counts.

    A kernel with thousands of devices tells of each in the same way.  So a message is taken apart as the last
    one of its length was, in a fifth of the time, if its headers turn out to be the same.
    """
    known = LAYOUTS.get((len(data) - offset, data[offset : offset + 4]))
    if known is not None:
        parts = known.unpack(data, offset)
        if parts[::2] == known.headers:
            return dict(zip(known.numbers, parts[1::2], strict=True))
    return _walked(data, offset)


def _walked(data: bytes, begin: int) -> dict[int, bytes]:
    """As `attributes`, one after the other; a long message's layout is remembered."""
    found: dict[int, bytes] = {}
    headers: list[bytes] = []
    offset, last, form = begin, len(data) - 4, "="
    while offset <= last:
        length, number = HEADER.unpack_from(data, offset)
        if length < 4:
            break
        found[number & TYPE_MASK] = data[offset + 4 : offset + length]
        headers.append(data[offset : offset + 4])
        form += f"4s{length - 4}s{-length % 4}x"
        offset += (length + 3) & -4
    if offset == len(data) >= begin + LONG:
        _remember(data, begin, form, tuple(headers))
    return found


def _remember(data: bytes, begin: int, form: str, headers: tuple[bytes, ...]) -> None:
    if len(LAYOUTS) >= MOST_LAYOUTS:
        LAYOUTS.clear()
    numbers = tuple(HEADER.unpack(header)[1] & TYPE_MASK for header in headers)
    LAYOUTS[len(data) - begin, headers[0]] = Layout(struct.Struct(form).unpack_from, headers, numbers)

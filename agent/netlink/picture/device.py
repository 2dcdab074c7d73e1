"""A device of the picture: which one it is, how it was told of, and what of it is news."""

from dataclasses import dataclass

from agent.kernel.live import LinkChange
from agent.kernel.state import Link
from agent.netlink.messages.decode_link import LinkEntry


@dataclass(frozen=True, slots=True)
class Identity:
    """Which device it is.  An index can be given again: the serial number tells the devices apart."""

    index: int
    serial: int


@dataclass(frozen=True, slots=True)
class News:
    """links: the names of those that came, went, got or lost carrier, also in the eyes of their bond.  bonds:
    those of which something was told, which may have another active slave.  changed: the links that are
    otherwise than they were, or have other addresses or routes; carrier does not count.  carriers: each time
    that a bond's port got or lost carrier."""

    links: frozenset[str] = frozenset()
    bonds: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    carriers: tuple[LinkChange, ...] = ()


@dataclass(slots=True)
class Device:
    """A link as it was told of, and as it is in the state."""

    entry: LinkEntry
    serial: int
    shown: Link


def is_another(before: Link, after: Link) -> bool:
    """Whether an index is another device's now.  Where events were lost, nobody has told that one went."""
    return before.kind != after.kind or (before.name != after.name and before.MAC != after.MAC)


def link_state(entry: LinkEntry) -> tuple[bool, bool, bool]:
    """What is news when it is otherwise."""
    return entry.link.carrier, entry.link.used, entry.is_bond


def whose(link: Link) -> tuple[object, ...]:
    """What tells which link-local addresses are the kernel's own."""
    return link.owned, link.MAC, link.original_MAC

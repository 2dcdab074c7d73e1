"""Link, a network device: whose it is, where it sits, and what it was told."""

from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from agent.kernel.bond_filter import BondFilter
from agent.kernel.kinds.bond_port import BondPortOptions
from agent.kernel.kinds.kind import Options

GROUP = 0x70696664
"""The link group of every device that pifd makes ("pifd" in ASCII): it is in the creating message, so
that a device can be told as pifd's from its first moment on."""

MARK = "pifd "
"""How the alias begins of every device that pifd makes; the object's class and uuid follow."""

DOOMED_GROUP = GROUP + 1
"""Devices of pifd's that are about to be deleted: the kernel deletes a group in one go."""


NIC_KINDS = frozenset({"", "veth", "dummy"})
"""Kinds of links that can be NICs; the empty one is hardware's."""


class Role(Enum):
    """What a device is to pifd that did not make it."""

    NONE = "somebody else's, or pifd's own"
    NIC = "a NIC that it was given"
    VIF = "the host's end of a VM's interface"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A network device.

    kind: the kernel's (`bond`, `bridge`, `veth` …), empty for hardware.  master: the bridge or bond that it
    is a port of.  lower: the device that it sits on, as a VLAN on its parent.  isolated: a bridge's port that
    exchanges nothing with the other isolated ones.  learning: whether its bridge remembers who has sent from
    there (True for what is no bridge's port).  flood: where a vxlan sends what it knows no place for.
    gro: whether it puts received packets together; None of what is neither like a NIC nor a bond of pifd's.
    port: what a port of a bond is told.  filter: the rules of a balance-slb bond.

    The fields that are not compared are what the kernel decides by itself: carrier; used, whether the bond
    that it is a port of takes its link for up; active_slave of a bond; index, another
    one when a device comes again under its name (0 of one that nobody has read);
    original_MAC and original_MTU, which a bond gives back to a port that leaves it (the MTU it tells nobody:
    what was read has 0).  And what it does not know: role; station, the MAC of the VM behind a VIF's device.
    And what others have to do with it: names, the alternative ones; bound, the device
    by which a tunnel goes; lent, whether something in another network namespace uses it.
    """

    name: str
    kind: str = ""
    MAC: str = ""
    MTU: int = 1500
    up: bool = False
    master: str = ""
    lower: str = ""
    group: int = 0
    alias: str = ""
    options: Options | None = None
    isolated: bool = False
    learning: bool = True
    flood: tuple[str, ...] = ()
    gro: bool | None = None
    port: BondPortOptions | None = None
    filter: BondFilter | None = None
    hardware: bool = field(default=False, compare=False)
    permanent_MAC: str = field(default="", compare=False)
    card: str = field(default="", compare=False)
    carrier: bool = field(default=False, compare=False)
    used: bool = field(default=False, compare=False)
    active_slave: str = field(default="", compare=False)
    original_MAC: str = field(default="", compare=False)
    original_MTU: int = field(default=0, compare=False)
    role: Role = field(default=Role.NONE, compare=False)
    station: str = field(default="", compare=False)
    names: tuple[str, ...] = field(default=(), compare=False)
    bound: str = field(default="", compare=False)
    lent: bool = field(default=False, compare=False)
    index: int = field(default=0, compare=False)

    @property
    def owned(self) -> bool:
        """Whether pifd made it.  In its first moment a device of ours has no alias."""
        return self.group in (GROUP, DOOMED_GROUP) and (not self.alias or self.alias.startswith(MARK))


def altered(link: Link, **values: Any) -> Link:
    """As `replace`, in a quarter of the time; the link itself, where it has these values already."""
    changed = {name: value for name, value in values.items() if getattr(link, name) != value}
    if not changed:
        return link
    other = object.__new__(Link)
    for member in MEMBERS.values():
        member.__set__(other, member.__get__(link))
    for name, value in changed.items():
        MEMBERS[name].__set__(other, value)
    return other


MEMBERS = {one.name: Link.__dict__[one.name] for one in fields(Link)}


def changed_fields(one: Link, other: Link) -> list[str]:
    """In which fields two links differ, those that are not compared otherwise included."""
    if one is other:
        return []
    return [name for name, member in MEMBERS.items() if member.__get__(one) != member.__get__(other)]

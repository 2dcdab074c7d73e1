"""Steps as netlink messages."""

from collections.abc import Callable
from functools import singledispatch
from pathlib import Path

from pyroute2.netlink.rtnl.ndmsg import ndmsg

from agent.kernel.kinds.attributes import HEADER
from agent.kernel.kinds.bond import BondStatus
from agent.kernel.kinds.bond_port import BondPortOptions
from agent.kernel.kinds.bridge import BridgePortOptions
from agent.kernel.kinds.kind import KINDS, Options
from agent.kernel.kinds.option import creation, encoded
from agent.kernel.kinds.types import Names
from agent.kernel.link import DOOMED_GROUP
from agent.kernel.state import Link
from agent.kernel.steps import (
    AddAddress,
    AddFlood,
    CreateLink,
    DeleteAddress,
    DeleteLinks,
    DeleteRoute,
    RemoveFlood,
    SetActiveSlave,
    SetDown,
    SetIsolated,
    SetLearning,
    SetMAC,
    SetMark,
    SetMaster,
    SetMTU,
    SetOptions,
    SetPortOptions,
    SetRoute,
    SetUp,
    Step,
)
from agent.netlink.messages.link_message import Attribute, link_message
from agent.netlink.messages.message import serialized
from agent.netlink.messages.rest import RTM_DELROUTE, address_message, route_message

RTM_NEWLINK, RTM_DELLINK, RTM_SETLINK = 16, 17, 19
RTM_NEWADDR, RTM_DELADDR = 20, 21
RTM_NEWROUTE = 24
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400
IFF_UP = 1
IN6_ADDR_GEN_MODE_EUI64, IN6_ADDR_GEN_MODE_NONE = 0, 1
RTM_NEWNEIGH, RTM_DELNEIGH = 28, 29
NLM_F_APPEND = 0x800
AF_BRIDGE, NTF_SELF, NUD_NOARP, NUD_PERMANENT = 7, 0x02, 0x40, 0x80
ANY_MAC = "00:00:00:00:00:00"
DEFAULT_BRIDGE_MTU = 1500
IFLA_BRPORT_FLUSH = 24

Index = Callable[[str], int]
"""The interface index of a name."""
Message = bytes


@singledispatch
def messages(step: Step, index: Index) -> list[Message]:
    raise NotImplementedError(f"{type(step).__name__} is not a step of netlink's")


@messages.register
def _(step: CreateLink, index: Index) -> list[Message]:
    """Created, named and quietened, then up: a device that is up first would give itself IPv6 addresses.

    It is created with the index that was chosen for it, by which the others name it.
    """
    link = step.link
    created: list[Attribute] = [
        ("IFLA_IFNAME", link.name),
        ("IFLA_ADDRESS", link.MAC),
        ("IFLA_GROUP", link.group),
        *([] if link.kind == "bridge" else [("IFLA_MTU", link.MTU)]),
        *([("IFLA_LINK", index(link.lower))] if link.lower else []),
        *([("IFLA_MASTER", index(link.master))] if link.master else []),
        ("IFLA_LINKINFO", _kind(link.kind, _created(link.options, index))),
    ]
    number = index(link.name)
    return [
        link_message(RTM_NEWLINK, number, *created, flags=NLM_F_CREATE | NLM_F_EXCL),
        *_finishing(link, number),
    ]


def _finishing(link: Link, number: int) -> list[Message]:
    """A bridge gets its MTU when it is there, because one given in the creating message does not stay: the
    kernel goes back to its ports' smallest as soon as one comes or goes.
    """
    named: list[Attribute] = [("IFLA_IFALIAS", link.alias), _address_mode(IN6_ADDR_GEN_MODE_NONE)]
    if link.kind == "bridge" and link.MTU != DEFAULT_BRIDGE_MTU:
        named.append(("IFLA_MTU", link.MTU))
    isolated = [_port(number, ("isolated", True))] if link.isolated else []
    floods = [_flood(RTM_NEWNEIGH, number, remote) for remote in link.flood]
    return [_set(number, *named), *isolated, *floods, *([_set(number, up=True)] if link.up else [])]


@messages.register
def _(step: DeleteLinks, index: Index) -> list[Message]:
    """Several go as a group, because the kernel waits once a message, not once a device."""
    numbers = [index(name) for name in step.names]
    if len(numbers) == 1:
        return [link_message(RTM_DELLINK, numbers[0])]
    doomed = [_set(number, ("IFLA_GROUP", DOOMED_GROUP)) for number in numbers]
    return [*doomed, link_message(RTM_DELLINK, 0, ("IFLA_GROUP", DOOMED_GROUP))]


@messages.register
def _(step: SetUp, index: Index) -> list[Message]:
    number = index(step.name)
    return [
        *([_set(number, _address_mode(IN6_ADDR_GEN_MODE_NONE))] if step.quiet else []),
        _set(number, up=True),
    ]


@messages.register
def _(step: SetDown, index: Index) -> list[Message]:
    return [_set(index(step.name), up=False)]


@messages.register
def _(step: SetMaster, index: Index) -> list[Message]:
    number, master = index(step.name), ("IFLA_MASTER", index(step.master) if step.master else 0)
    return [_set(number, master), *([_set(number, _address_mode(_usual_mode()))] if step.freed else [])]


def _address_mode(mode: int) -> Attribute:
    return "IFLA_AF_SPEC", (("AF_INET6", (("IFLA_INET6_ADDR_GEN_MODE", mode),)),)


def _usual_mode() -> int:
    """That of new devices."""
    try:
        return int(Path("/proc/sys/net/ipv6/conf/default/addr_gen_mode").read_text())
    except OSError:
        return IN6_ADDR_GEN_MODE_EUI64


@messages.register
def _(step: SetMAC, index: Index) -> list[Message]:
    return [_set(index(step.name), ("IFLA_ADDRESS", step.MAC))]


@messages.register
def _(step: SetMTU, index: Index) -> list[Message]:
    return [_set(index(step.name), ("IFLA_MTU", step.MTU))]


@messages.register
def _(step: SetMark, index: Index) -> list[Message]:
    return [_set(index(step.name), ("IFLA_GROUP", step.group), ("IFLA_IFALIAS", step.alias))]


@messages.register
def _(step: SetOptions, index: Index) -> list[Message]:
    data = encoded(KINDS[step.kind], step.changes, Names(index))
    return [link_message(RTM_NEWLINK, index(step.name), ("IFLA_LINKINFO", _kind(step.kind, data)))]


@messages.register
def _(step: SetPortOptions, index: Index) -> list[Message]:
    data = encoded(BondPortOptions, step.changes)
    info = (("IFLA_INFO_SLAVE_KIND", "bond"), ("IFLA_INFO_SLAVE_DATA", data))
    return [link_message(RTM_NEWLINK, index(step.name), ("IFLA_LINKINFO", info))]


@messages.register
def _(step: SetIsolated, index: Index) -> list[Message]:
    return [_port(index(step.name), ("isolated", step.isolated))]


@messages.register
def _(step: SetLearning, index: Index) -> list[Message]:
    return [_port(index(step.name), ("learning", step.learning), forget=True)]


@messages.register
def _(step: AddFlood, index: Index) -> list[Message]:
    return [_flood(RTM_NEWNEIGH, index(step.name), step.remote)]


@messages.register
def _(step: RemoveFlood, index: Index) -> list[Message]:
    return [_flood(RTM_DELNEIGH, index(step.name), step.remote)]


@messages.register
def _(step: SetActiveSlave, index: Index) -> list[Message]:
    data = encoded(BondStatus, (("active_slave", step.slave),), Names(index))
    return [link_message(RTM_NEWLINK, index(step.bond), ("IFLA_LINKINFO", _kind("bond", data)))]


@messages.register
def _(step: AddAddress, index: Index) -> list[Message]:
    """One that is there already is no error: a kernel may promote it when the first of its subnet goes."""
    flags = NLM_F_CREATE | NLM_F_REPLACE
    return [address_message(RTM_NEWADDR, flags, step.address, index(step.address.link))]


@messages.register
def _(step: DeleteAddress, index: Index) -> list[Message]:
    return [address_message(RTM_DELADDR, 0, step.address, index(step.address.link))]


@messages.register
def _(step: SetRoute, index: Index) -> list[Message]:
    flags = NLM_F_CREATE | (NLM_F_APPEND if step.beside else NLM_F_REPLACE)
    return [route_message(RTM_NEWROUTE, flags, step.route, index(step.route.link))]


@messages.register
def _(step: DeleteRoute, index: Index) -> list[Message]:
    return [route_message(RTM_DELROUTE, 0, step.route, index(step.route.link))]


def _set(number: int, *attributes: Attribute, up: bool | None = None) -> bytes:
    """A device by its index: a name may be somebody else's by now, an index is given once."""
    state = (0, 0) if up is None else (IFF_UP if up else 0, IFF_UP)
    return link_message(RTM_SETLINK, number, *attributes, state=state)


def _port(number: int, *options: tuple[str, bool], forget: bool = False) -> bytes:
    """forget: what was learned at the port; the kernel sets the options first."""
    flush = HEADER.pack(HEADER.size, IFLA_BRPORT_FLUSH) if forget else b""
    port = encoded(BridgePortOptions, options) + flush
    info = (("IFLA_INFO_SLAVE_KIND", "bridge"), ("IFLA_INFO_SLAVE_DATA", port))
    return link_message(RTM_NEWLINK, number, ("IFLA_LINKINFO", info))


def _flood(kind: int, number: int, remote: str) -> bytes:
    """The entry of the all-zero MAC, to which more than one host can be appended."""
    entry = ndmsg()
    entry["header"]["type"] = kind
    entry["header"]["flags"] = NLM_F_CREATE | NLM_F_APPEND if kind == RTM_NEWNEIGH else 0
    entry["family"], entry["ifindex"] = AF_BRIDGE, number
    entry["state"], entry["flags"] = NUD_NOARP | NUD_PERMANENT, NTF_SELF
    entry["attrs"] = [("NDA_LLADDR", ANY_MAC), ("NDA_DST", remote)]
    return serialized(entry)


def _created(options: Options | None, index: Index) -> bytes:
    return encoded(type(options), creation(options), Names(index)) if options else b""


def _kind(kind: str, data: bytes) -> tuple[Attribute, ...]:
    return (("IFLA_INFO_KIND", kind), *([("IFLA_INFO_DATA", data)] if data else []))

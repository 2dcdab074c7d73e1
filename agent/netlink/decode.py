"""Netlink messages as a KernelState."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from agent.kernel.kinds.bond import BondStatus, PortStatus
from agent.kernel.kinds.bridge import BridgePortOptions
from agent.kernel.kinds.kind import options_of
from agent.kernel.kinds.option import Names, decoded
from agent.kernel.state import (
    MULTIPATH,
    Address,
    Link,
    Route,
)
from agent.netlink.encode import ANY_MAC, IFF_UP, RTN_UNICAST
from agent.netlink.link_info import LinkMessage, Message, kind_data, port_data

IFA_F_PERMANENT = 0x80
RTPROT_KERNEL, RTPROT_RA = 2, 9
RT_TABLE_LOCAL = 255
RTM_F_CLONED = 0x200
AF_INET6 = 10
STACKED_KINDS = frozenset({"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap"})
"""Kinds whose IFLA_LINK is the device that they sit on; a veth's is its peer, perhaps elsewhere."""


def links(raw: Iterable[bytes]) -> tuple[dict[str, Link], dict[str, int]]:
    """The links and the interface indices, both by name."""
    found = [_decoded(LinkMessage, data) for data in raw]
    names = {message["index"]: message.get_attr("IFLA_IFNAME") for message in found}
    read = (link(message, names) for message in found)
    return {one.name: one for one in read}, {name: number for number, name in names.items()}


def link(message: Message, names: Mapping[int, str]) -> Link:
    """One link; names: the names of the others by their index."""
    by_index = Names(name=lambda number: names.get(number, ""))
    kind, data = kind_data(message)
    master, port = port_data(message)
    MAC = message.get_attr("IFLA_ADDRESS") or ""
    return Link(
        name=message.get_attr("IFLA_IFNAME"),
        kind=kind,
        MAC=MAC,
        MTU=message.get_attr("IFLA_MTU"),
        up=bool(message["flags"] & IFF_UP),
        master=names.get(message.get_attr("IFLA_MASTER"), ""),
        lower=names.get(message.get_attr("IFLA_LINK"), "") if kind in STACKED_KINDS else "",
        group=message.get_attr("IFLA_GROUP") or 0,
        alias=message.get_attr("IFLA_IFALIAS") or "",
        options=options_of(kind, data, by_index),
        hardware=message.get_attr("IFLA_PARENT_DEV_BUS_NAME") is not None,
        carrier=has_carrier(message),
        active_slave=decoded(BondStatus, data, by_index).active_slave if kind == "bond" else "",
        original_MAC=decoded(PortStatus, port).perm_hwaddr if master == "bond" else "",
        isolated=master == "bridge" and decoded(BridgePortOptions, port).isolated,
    )


def with_floods(links: Mapping[str, Link], raw: Iterable[bytes], names: Mapping[int, str]) -> dict[str, Link]:
    """The links, each vxlan with the hosts to which it sends what it knows no place for."""
    floods: dict[str, list[str]] = {}
    for data in raw:
        entry = _decoded(ndmsg, data)
        if entry.get_attr("NDA_LLADDR") == ANY_MAC and entry.get_attr("NDA_DST"):
            floods.setdefault(names.get(entry["ifindex"], ""), []).append(entry.get_attr("NDA_DST"))
    return {name: replace(link, flood=tuple(sorted(floods.get(name, ())))) for name, link in links.items()}


def has_carrier(message: Message) -> bool:
    """Whether the link can pass packets: its operational state, which follows the carrier's, says up."""
    return message.get_attr("IFLA_OPERSTATE") in ("UP", "UNKNOWN") and bool(message.get_attr("IFLA_CARRIER"))


def one_link(raw: bytes) -> Message:
    """The answer to a request for one link."""
    return _decoded(LinkMessage, raw)


def addresses(raw: Iterable[bytes], links: Mapping[str, Link], names: Mapping[int, str]) -> Iterator[Address]:
    """The addresses, but for the link-local ones that the kernel gave to devices that pifd did not make."""
    for data in raw:
        message = _decoded(ifaddrmsg, data)
        value = message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS")
        flags = message.get_attr("IFA_FLAGS") or message["flags"]
        name = names[message["index"]]
        address = Address(name, f"{value}/{message['prefixlen']}", leased=not flags & IFA_F_PERMANENT)
        if not address.link_local or links[name].owned:
            yield address


def routes(raw: Iterable[bytes], names: Mapping[int, str]) -> Iterator[Route]:
    """The unicast routes that the kernel did not make by itself."""
    for data in raw:
        message = _decoded(rtmsg, data)
        ours = message["type"] == RTN_UNICAST and message["proto"] != RTPROT_KERNEL
        if ours and not message["flags"] & RTM_F_CLONED:
            yield from _routes(message, names)


def _routes(message: Message, names: Mapping[int, str]) -> Iterator[Route]:
    """A route, or one for each way of a multipath one."""
    table = message.get_attr("RTA_TABLE") or message["table"]
    anywhere = "::" if message["family"] == AF_INET6 else "0.0.0.0"  # noqa: S104 (a destination)
    destination = f"{message.get_attr('RTA_DST') or anywhere}/{message['dst_len']}"
    metric = message.get_attr("RTA_PRIORITY") or 0
    leased = message["proto"] == RTPROT_RA
    ways = [hop["oif"] for hop in message.get_attr("RTA_MULTIPATH") or ()]
    gateway = MULTIPATH if ways else message.get_attr("RTA_GATEWAY") or ""
    for index in ways or [message.get_attr("RTA_OIF")]:
        if index in names and table != RT_TABLE_LOCAL:
            yield Route(names[index], destination, gateway, metric, leased, table)


def _decoded(kind: Any, data: bytes) -> Message:
    message = kind(data)
    message.decode()
    return message

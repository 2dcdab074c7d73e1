"""The tables of our own write and read links, addresses and routes as pyroute2 does."""

import contextlib
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from agent.kernel.kinds.attributes import attribute
from agent.kernel.kinds.bridge import BridgeOptions
from agent.kernel.kinds.vlan import VLANOptions
from agent.netlink.messages.decode_address import address_entry
from agent.netlink.messages.decode_link import flood, link_entry
from agent.netlink.messages.decode_route import route_entry
from agent.netlink.messages.link_message import link_message
from agent.netlink.messages.message import HEADER, MALFORMED, attributes, each_attribute, serialized
from tests.netlink.reference import reference

NAMES = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=15)
NUMBERS = st.integers(0, 2**32 - 1)
INDICES = st.integers(0, 2**31 - 1)
MACS = st.binary(min_size=6, max_size=6).map(lambda mac: mac.hex(":"))
INFO = st.tuples(
    st.tuples(st.just("IFLA_INFO_KIND"), NAMES),
    st.tuples(st.just("IFLA_INFO_DATA"), st.binary(max_size=80)),
)
PORT_INFO = st.tuples(
    st.tuples(st.just("IFLA_INFO_SLAVE_KIND"), NAMES),
    st.tuples(st.just("IFLA_INFO_SLAVE_DATA"), st.binary(max_size=80)),
)
QUIET = (("AF_INET6", (("IFLA_INET6_ADDR_GEN_MODE", 1),)),)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "IFLA_ADDRESS": MACS,
    "IFLA_IFNAME": NAMES,
    "IFLA_MTU": NUMBERS,
    "IFLA_LINK": INDICES,
    "IFLA_MASTER": INDICES,
    "IFLA_LINKINFO": INFO | PORT_INFO,
    "IFLA_IFALIAS": st.text(max_size=60).filter(lambda alias: "\0" not in alias),
    "IFLA_AF_SPEC": st.just(QUIET),
    "IFLA_GROUP": NUMBERS,
}
ATTRIBUTES = st.sampled_from(sorted(VALUES)).flatmap(lambda name: st.tuples(st.just(name), VALUES[name]))
ADDRESSES = st.ip_addresses()


@given(
    kind=st.sampled_from((16, 17, 19)),
    index=INDICES,
    attrs=st.lists(ATTRIBUTES, unique_by=lambda attribute: attribute[0]),
    flags=st.sampled_from((0, 0x600, 0x400)),
    state=st.tuples(NUMBERS, NUMBERS),
)
def test_a_link_is_written_byte_for_byte_as_by_pyroute2(
    kind: int, index: int, attrs: list[tuple[str, Any]], flags: int, state: tuple[int, int]
) -> None:
    ours = link_message(kind, index, *attrs, flags=flags, state=state)
    assert ours == reference(kind, index, *attrs, flags=flags, state=state)


@given(
    index=st.integers(1, 2**31 - 1),
    name=NAMES,
    MAC=MACS,
    numbers=st.tuples(NUMBERS, NUMBERS, INDICES),
    alias=st.text(max_size=60).filter(lambda alias: "\0" not in alias),
    state=NUMBERS,
)
def test_a_link_is_read_as_by_pyroute2(
    index: int, name: str, MAC: str, numbers: tuple[int, int, int], alias: str, state: int
) -> None:
    MTU, group, master = numbers
    message = reference(
        16, index,
        ("IFLA_IFNAME", name), ("IFLA_ADDRESS", MAC), ("IFLA_MTU", MTU), ("IFLA_GROUP", group),
        ("IFLA_MASTER", master), ("IFLA_IFALIAS", alias),
        state=(state, 0),
    )  # fmt: skip
    told, theirs = link_entry(message), ifinfmsg(message)
    theirs.decode()
    ours = (told.index, told.link.name, told.link.MAC, told.link.MTU, told.link.group, told.master)
    names = ("IFLA_IFNAME", "IFLA_ADDRESS", "IFLA_MTU", "IFLA_GROUP", "IFLA_MASTER")
    assert ours == (theirs["index"], *(theirs.get_attr(attribute) for attribute in names))
    assert told.link.alias == (theirs.get_attr("IFLA_IFALIAS") or "")
    assert told.link.up == bool(theirs["flags"] & 1)


@given(tag=st.integers(0, 4095), lower=INDICES, elsewhere=st.booleans())
def test_a_vlan_is_read_as_pyroute2_writes_it(tag: int, lower: int, elsewhere: bool) -> None:
    message = ifinfmsg()
    message["header"]["type"], message["index"] = 16, 5
    info = [("IFLA_INFO_KIND", "vlan"), ("IFLA_INFO_DATA", {"attrs": [("IFLA_VLAN_ID", tag)]})]
    message["attrs"] = [("IFLA_LINK", lower), ("IFLA_LINKINFO", {"attrs": info})]
    message["attrs"] += [("IFLA_LINK_NETNSID", 0)] if elsewhere else []
    told = link_entry(serialized(message))
    assert (told.link.options, told.lower) == (VLANOptions(tag), 0 if elsewhere else lower)


@given(stp=st.booleans(), delay=NUMBERS, snooping=st.booleans())
def test_a_bridge_is_read_as_pyroute2_writes_it(stp: bool, delay: int, snooping: bool) -> None:
    data = [
        ("IFLA_BR_FORWARD_DELAY", delay), ("IFLA_BR_STP_STATE", int(stp)),
        ("IFLA_BR_MCAST_SNOOPING", int(snooping)),
    ]  # fmt: skip
    message = ifinfmsg()
    message["header"]["type"], message["index"] = 16, 5
    info = [("IFLA_INFO_KIND", "bridge"), ("IFLA_INFO_DATA", {"attrs": data})]
    message["attrs"] = [("IFLA_LINKINFO", {"attrs": info})]
    assert link_entry(serialized(message)).link.options == BridgeOptions(stp, delay, snooping)


@given(own=ADDRESSES, length=st.integers(0, 32), index=INDICES)
def test_an_address_is_read_as_by_pyroute2(own: IPv4Address | IPv6Address, length: int, index: int) -> None:
    message = ifaddrmsg()
    message["header"]["type"], message["index"], message["prefixlen"] = 20, index, length
    message["family"] = int(socket.AF_INET6 if own.version == 6 else socket.AF_INET)
    message["attrs"] = [("IFA_ADDRESS", str(own)), ("IFA_LOCAL", str(own)), ("IFA_FLAGS", 0x80)]
    told = address_entry(serialized(message))
    assert (told.index, told.family, told.local) == (index, message["family"], own.packed)


@given(
    to=ADDRESSES,
    gateway=st.none() | ADDRESSES,
    metric=NUMBERS,
    table=st.integers(1, 2**32 - 1),
    index=INDICES,
)
@example(to=ip_address("0.0.0.0"), gateway=None, metric=0, table=254, index=2)
def test_a_route_is_read_as_by_pyroute2(
    to: IPv4Address | IPv6Address,
    gateway: IPv4Address | IPv6Address | None,
    metric: int,
    table: int,
    index: int,
) -> None:
    message = rtmsg()
    message["header"]["type"], message["type"], message["proto"], message["dst_len"] = 24, 1, 4, 24
    message["family"] = int(socket.AF_INET6 if to.version == 6 else socket.AF_INET)
    message["attrs"] = [
        ("RTA_DST", str(to)),
        ("RTA_OIF", index),
        ("RTA_PRIORITY", metric),
        ("RTA_TABLE", table),
    ]
    if gateway is not None and gateway.version == to.version:
        message["attrs"].append(("RTA_GATEWAY", str(gateway)))
    told, theirs = route_entry(serialized(message)), rtmsg(serialized(message))
    theirs.decode()
    assert told is not None
    (route,) = told.named(lambda n: f"eth{n}")
    assert (route.link, route.gateway, route.metric, route.table) == (
        f"eth{theirs.get_attr('RTA_OIF')}",
        theirs.get_attr("RTA_GATEWAY") or "",
        theirs.get_attr("RTA_PRIORITY"),
        theirs.get_attr("RTA_TABLE"),
    )
    assert route.destination == f"{theirs.get_attr('RTA_DST')}/24"


@given(data=st.binary(max_size=200))
def test_whatever_the_bytes_are_attributes_are_read_to_the_first_that_cannot_be(data: bytes) -> None:
    assert sum(map(len, attributes(data).values())) <= len(data)


@given(
    sizes=st.lists(st.integers(0, 40), min_size=4, max_size=12),
    numbers=st.lists(st.lists(st.integers(0, 0xFFFF), min_size=12, max_size=12), min_size=2, max_size=4),
    head=st.binary(max_size=9),
    spoilt=st.integers(0, 400),
    value=st.integers(0, 255),
)
def test_a_message_is_taken_apart_as_it_is_and_not_as_the_one_before_it(
    sizes: list[int], numbers: list[list[int]], head: bytes, spoilt: int, value: int
) -> None:
    for each in numbers:
        body = b"".join(attribute(n, bytes([n & 0xFF]) * size) for n, size in zip(each, sizes, strict=False))
        message = bytearray(head + body)
        for _ in range(2):
            whole = bytes(message)
            assert attributes(whole, len(head)) == dict(each_attribute(whole[len(head) :]))
            message[spoilt % len(message)] = value


@given(data=st.binary(max_size=300), kind=st.sampled_from((16, 20, 24, 28)))
def test_bytes_that_are_no_message_are_refused_with_one_kind_of_error(data: bytes, kind: int) -> None:
    message = HEADER.pack(HEADER.size + len(data), kind, 0, 0, 0) + data
    with contextlib.suppress(*MALFORMED):
        {16: link_entry, 20: address_entry, 24: route_entry, 28: flood}[kind](message)

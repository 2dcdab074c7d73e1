"""Addresses, routes, neighbours and the wish for GRO are written as pyroute2 writes and reads them."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_interface
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink import CTRL_CMD_GETFAMILY, GENL_ID_CTRL, ctrlmsg, genlmsg
from pyroute2.netlink.generic.ethtool import ETHTOOL_MSG_FEATURES_SET, ethtoolbitset, ethtoolheader
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from agent.kernel.state import PROTOCOL, Address, Route
from agent.kernel.steps import AddFlood, RemoveFlood
from agent.netlink.encode import messages
from agent.netlink.ethtool_features import OMIT_REPLY, RX_GRO, family_request, wish
from agent.netlink.message import neighbour
from agent.netlink.rest import address_message, route_message
from tests.netlink.reference import encoded

INDICES = st.integers(1, 2**31 - 1)
HOSTS = st.ip_addresses()
MACS = st.binary(min_size=6, max_size=6)


def family(host: IPv4Address | IPv6Address) -> int:
    return int(socket.AF_INET6 if host.version == 6 else socket.AF_INET)


def read(message: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields and the attributes of a message, as pyroute2 reads them."""
    message.decode()
    fields = {name: message[name] for name, _ in message.fields}
    return fields, {name: value for name, value in message["attrs"] if name != "IFA_PROTO"}


@given(host=HOSTS, length=st.integers(8, 30), index=INDICES)
def test_an_address(host: IPv4Address | IPv6Address, length: int, index: int) -> None:
    own = ip_interface((host, length))
    message = ifaddrmsg()
    message["header"]["type"], message["header"]["flags"] = 20, 0x500
    message["family"], message["prefixlen"], message["index"] = family(host), length, index
    message["scope"] = 253 if own.is_link_local and own.version == 6 else 0
    flags = 0x02 if own.version == 6 else 0
    message["attrs"] = [("IFA_ADDRESS", str(host)), ("IFA_LOCAL", str(host)), ("IFA_FLAGS", flags)]
    if own.version == 4:
        message["attrs"].append(("IFA_BROADCAST", str(own.network.broadcast_address)))
    ours = address_message(20, 0x500, Address("eth0", str(own), protocol=PROTOCOL), index)
    assert read(ifaddrmsg(ours)) == read(ifaddrmsg(encoded(message)))


@given(host=HOSTS, length=st.integers(1, 32), gateway=st.none() | HOSTS, metric=st.integers(0, 2**32 - 1),
       table=st.integers(1, 2**32 - 1), index=INDICES)  # fmt: skip
def test_a_route(
    host: IPv4Address | IPv6Address,
    length: int,
    gateway: IPv4Address | IPv6Address | None,
    metric: int,
    table: int,
    index: int,
) -> None:
    to = ip_interface((host, length)).network
    via = str(gateway) if gateway is not None and gateway.version == host.version else ""
    message = rtmsg()
    message["header"]["type"], message["header"]["flags"] = 24, 0x500
    message["family"], message["dst_len"], message["type"] = family(host), length, 1
    message["proto"], message["table"] = PROTOCOL, table if table < 256 else 252
    message["scope"] = 0 if via or host.version == 6 else 253
    message["attrs"] = [
        ("RTA_DST", str(to.network_address)),
        ("RTA_OIF", index),
        *([("RTA_GATEWAY", via)] if via else []),
        ("RTA_PRIORITY", metric),
        ("RTA_TABLE", table),
    ]
    ours = route_message(24, 0x500, Route("eth0", str(to), via, metric, table=table), index)
    assert read(rtmsg(ours)) == read(rtmsg(encoded(message)))


@given(host=HOSTS, MAC=st.just(b"") | MACS, index=INDICES, state=st.sampled_from((0, 4, 16)))
def test_a_neighbour(host: IPv4Address | IPv6Address, MAC: bytes, index: int, state: int) -> None:
    message = ndmsg()
    message["header"]["type"], message["header"]["flags"] = 28, 0x500
    message["family"], message["ifindex"], message["state"], message["flags"] = family(host), index, state, 1
    message["attrs"] = [("NDA_DST", str(host)), *([("NDA_LLADDR", MAC.hex(":"))] if MAC else [])]
    assert neighbour(28, index, str(host), MAC, state=state, flags=1, how=0x500) == encoded(message)


@given(host=HOSTS, index=INDICES)
def test_where_a_vxlan_floods_to(host: IPv4Address | IPv6Address, index: int) -> None:
    for step, kind, how in ((AddFlood("t", str(host)), 28, 0xC00), (RemoveFlood("t", str(host)), 29, 0)):
        message = ndmsg()
        message["header"]["type"], message["header"]["flags"] = kind, how
        message["family"], message["ifindex"], message["state"], message["flags"] = 7, index, 0xC0, 2
        message["attrs"] = [("NDA_DST", str(host)), ("NDA_LLADDR", "00:00:00:00:00:00")]
        assert messages(step, lambda _: index) == [encoded(message)]


class Features(genlmsg):  # type: ignore[misc]
    """ETHTOOL_MSG_FEATURES_SET, which pyroute2 lacks."""

    nla_map = (
        ("ETHTOOL_A_FEATURES_UNSPEC", "none"),
        ("ETHTOOL_A_FEATURES_HEADER", "ethtoolheader"),
        ("ETHTOOL_A_FEATURES_HW", "ethtoolbitset"),
        ("ETHTOOL_A_FEATURES_WANTED", "ethtoolbitset"),
    )
    ethtoolheader, ethtoolbitset = ethtoolheader, ethtoolbitset


def nested(*attrs: tuple[str, Any]) -> dict[str, Any]:
    return {"attrs": list(attrs)}


@given(index=INDICES, on=st.booleans())
def test_the_wish_for_gro(index: int, on: bool) -> None:
    bit: list[tuple[str, Any]] = [("ETHTOOL_A_BITSET_BIT_NAME", RX_GRO)]
    bit += [("ETHTOOL_A_BITSET_BIT_VALUE", True)] if on else []
    bits = nested(("ETHTOOL_A_BITSET_BITS", nested(("ETHTOOL_A_BITSET_BITS_BIT", nested(*bit)))))
    header = nested(("ETHTOOL_A_HEADER_DEV_INDEX", index), ("ETHTOOL_A_HEADER_FLAGS", OMIT_REPLY))
    message = Features()
    message["header"]["type"] = 21
    message["cmd"], message["version"] = ETHTOOL_MSG_FEATURES_SET, 1
    message["attrs"] = [("ETHTOOL_A_FEATURES_HEADER", header), ("ETHTOOL_A_FEATURES_WANTED", bits)]
    assert wish(21, index, RX_GRO, on=on) == encoded(message)


def test_the_question_for_ethtools_number() -> None:
    message = ctrlmsg()
    message["header"]["type"] = GENL_ID_CTRL
    message["cmd"], message["version"] = CTRL_CMD_GETFAMILY, 1
    message["attrs"] = [("CTRL_ATTR_FAMILY_NAME", "ethtool")]
    assert family_request() == encoded(message)

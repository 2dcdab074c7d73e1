"""Addresses and routes are written as pyroute2 writes and reads them."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_interface
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from agent.kernel.addressing import PROTOCOL
from agent.kernel.state import Address, Route
from agent.netlink.messages.message import serialized
from agent.netlink.messages.rest import address_message, address_of, route_message

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
    assert read(ifaddrmsg(ours)) == read(ifaddrmsg(serialized(message)))


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
    assert read(rtmsg(ours)) == read(rtmsg(serialized(message)))


@given(host=HOSTS, length=st.integers(8, 30))
def test_an_address_that_is_deprecated_for_good_is_written_as_it_was_read(
    host: IPv4Address | IPv6Address, length: int
) -> None:
    preferred = 0 if host.version == 6 else 0xFFFFFFFF
    times = {"ifa_preferred": preferred, "ifa_valid": 0xFFFFFFFF, "cstamp": 5, "tstamp": 6}
    message = ifaddrmsg()
    message["family"], message["prefixlen"], message["index"] = family(host), length, 3
    message["attrs"] = [("IFA_ADDRESS", str(host)), ("IFA_LOCAL", str(host))]
    message["attrs"] += [("IFA_FLAGS", 0xA0), ("IFA_CACHEINFO", times)]
    found = address_of(serialized(message), "eth0")
    assert (found.leased, found.lifetimes) == (False, None)
    written = ifaddrmsg(address_message(20, 0, found, 4))
    written.decode()
    times = written.get_attr("IFA_CACHEINFO")
    assert (times["ifa_preferred"], times["ifa_valid"]) == (0, 0xFFFFFFFF)

"""pyroute2's message of a link, in which a kind's own attributes stay bytes, for agent.kernel.kinds."""

from typing import Any

from pyroute2.netlink import nla, nlmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfbase

Message = Any
"""pyroute2's messages are dicts with get_attr; it has no types."""


class LinkInfo(nla):  # type: ignore[misc]
    """IFLA_LINKINFO; pyroute2's own drops what it does not know of a kind without a word."""

    nla_map = (
        ("IFLA_INFO_UNSPEC", "none"),
        ("IFLA_INFO_KIND", "asciiz"),
        ("IFLA_INFO_DATA", "cdata"),
        ("IFLA_INFO_XSTATS", "cdata"),
        ("IFLA_INFO_SLAVE_KIND", "asciiz"),
        ("IFLA_INFO_SLAVE_DATA", "cdata"),
    )


class LinkMessage(ifinfbase, nlmsg):  # type: ignore[misc]
    """RTM_NEWLINK and its like."""

    ifinfo = LinkInfo


def kind_data(message: Message) -> tuple[str, bytes]:
    """The kind of a device, and what it says of itself; both empty for hardware."""
    return _pair(message, "IFLA_INFO_KIND", "IFLA_INFO_DATA")


def port_data(message: Message) -> tuple[str, bytes]:
    """The kind of the device's master, and what that says of the port."""
    return _pair(message, "IFLA_INFO_SLAVE_KIND", "IFLA_INFO_SLAVE_DATA")


def _pair(message: Message, kind: str, data: str) -> tuple[str, bytes]:
    info = message.get_attr("IFLA_LINKINFO")
    return (info.get_attr(kind) or "", info.get_attr(data) or b"") if info else ("", b"")

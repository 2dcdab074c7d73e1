"""What the tables of our own are compared with: pyroute2's encoding of a link."""

from typing import Any

from pyroute2.netlink import nla, nlmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfbase

from agent.netlink.messages.message import serialized


class LinkInfo(nla):  # type: ignore[misc]
    """IFLA_LINKINFO, in which a kind's own attributes stay bytes, for agent.kernel.kinds."""

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


def reference(
    kind: int, index: int, *attributes: tuple[str, Any], flags: int = 0, state: tuple[int, int] = (0, 0)
) -> bytes:
    """What link_message should give."""
    message = LinkMessage()
    message["header"]["type"], message["header"]["flags"] = kind, flags
    message["index"], (message["flags"], message["change"]) = index, state
    message["attrs"] = [_nested(one) for one in attributes]
    return serialized(message)


def decoded(message: bytes) -> Any:
    """pyroute2's reading of a link."""
    found = LinkMessage(message)
    found.decode()
    return found


def _nested(attribute: tuple[str, Any]) -> tuple[str, Any]:
    name, value = attribute
    if isinstance(value, tuple):
        return name, {"attrs": [_nested(one) for one in value]}
    return name, value

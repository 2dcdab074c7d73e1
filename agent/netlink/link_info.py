"""pyroute2's message of a link, in which a kind's own attributes stay bytes, for agent.kernel.kinds."""

from pyroute2.netlink import nla, nlmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfbase


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

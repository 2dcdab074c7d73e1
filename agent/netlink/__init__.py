"""The real kernel: read, watch and apply, through netlink.  The only package that imports pyroute2."""

from agent.netlink.kernel import Netlink
from agent.netlink.sockets.socket import NetlinkError

__all__ = ["Netlink", "NetlinkError"]

"""The real kernel: read, watch and apply, through netlink."""

from agent.netlink.kernel import Netlink
from agent.netlink.socket import NetlinkError

__all__ = ["Netlink", "NetlinkError"]

"""The features of devices of which pifd knows one, GRO: read and set by ethtool's two doors.

It is read by the ioctl, which answers with one number in microseconds; netlink would name all features.  It
is set by netlink, which takes the device's index: its name may be somebody else's by now.
"""

import array
import errno
import fcntl
from typing import Any

from pyroute2.netlink import CTRL_CMD_GETFAMILY, GENL_ID_CTRL, ctrlmsg, genlmsg
from pyroute2.netlink.generic.ethtool import (
    ETHTOOL_GENL_NAME,
    ETHTOOL_GENL_VERSION,
    ETHTOOL_MSG_FEATURES_SET,
    ethtoolbitset,
    ethtoolheader,
)

from agent.kernel.link import NIC_KINDS
from agent.kernel.state import Link
from agent.netlink.messages.message import serialized
from agent.netlink.nics.ethtool import REQUEST, SIOCETHTOOL
from agent.netlink.sockets.error_reply import ErrorReply
from agent.netlink.sockets.socket import NETLINK_GENERIC, Wire

ETHTOOL_GGRO = 0x2B
RX_GRO = "rx-gro"
OMIT_REPLY = 2


class features_msg(genlmsg):  # type: ignore[misc] # noqa: N801 (as pyroute2, untyped, names its own)
    """ETHTOOL_MSG_FEATURES_SET, which pyroute2 lacks."""

    nla_map = (
        ("ETHTOOL_A_FEATURES_UNSPEC", "none"),
        ("ETHTOOL_A_FEATURES_HEADER", "ethtoolheader"),
        ("ETHTOOL_A_FEATURES_HW", "ethtoolbitset"),
        ("ETHTOOL_A_FEATURES_WANTED", "ethtoolbitset"),
    )
    ethtoolheader, ethtoolbitset = ethtoolheader, ethtoolbitset


class Features:
    """Those of the devices in the network namespace of the thread that makes this."""

    def __init__(self) -> None:
        self._wire = Wire(NETLINK_GENERIC)
        self._family: int | None = None

    def close(self) -> None:
        """Close the socket; the devices stay as they are."""
        self._wire.close()

    def gro(self, link: Link) -> bool | None:
        """The GRO of what can be a NIC, and of pifd's bonds; None of all others, which cost nothing."""
        return self._gro(link.name) if _has_gro(link) else None

    def set_gro(self, name: str, index: int, *, on: bool) -> ErrorReply | None:
        """Switch a device's GRO; the kernel says nothing where the device has it fixed, so this looks."""
        family = self._ethtool()
        if isinstance(family, ErrorReply):
            return family
        error = self._wire.change([serialized(_wanting(family, index, RX_GRO, on=on))])[0]
        if error is None and self._gro(name) != on:
            return ErrorReply(errno.EOPNOTSUPP, "the device has it fixed")
        return error

    def _gro(self, name: str) -> bool | None:
        """None of a device that can't tell, or is gone by now."""
        value = array.array("I", (ETHTOOL_GGRO, 0))  # struct ethtool_value
        try:
            fcntl.ioctl(self._wire, SIOCETHTOOL, REQUEST.pack(name.encode(), value.buffer_info()[0]))
        except OSError as error:
            if error.errno in (errno.ENODEV, errno.EOPNOTSUPP):
                return None
            raise
        return bool(value[1])

    def _ethtool(self) -> int | ErrorReply:
        """The number that the kernel has given to ethtool's messages."""
        if self._family is None:
            answer = self._wire.ask(serialized(_family_request()))
            if isinstance(answer, ErrorReply):
                return answer
            family = ctrlmsg(answer)
            family.decode()
            self._family = int(family.get_attr("CTRL_ATTR_FAMILY_ID"))
        return self._family


def _has_gro(link: Link) -> bool:
    return link.kind == "bond" if link.owned else link.kind in NIC_KINDS


def _family_request() -> ctrlmsg:
    message = ctrlmsg()
    message["header"]["type"] = GENL_ID_CTRL
    message["cmd"], message["version"] = CTRL_CMD_GETFAMILY, 1
    message["attrs"] = [("CTRL_ATTR_FAMILY_NAME", ETHTOOL_GENL_NAME)]
    return message


def _wanting(family: int, index: int, feature: str, *, on: bool) -> features_msg:
    """The wish for one feature; without a value it is to be off."""
    bit: list[tuple[str, Any]] = [("ETHTOOL_A_BITSET_BIT_NAME", feature)]
    bit += [("ETHTOOL_A_BITSET_BIT_VALUE", True)] if on else []
    bits = _attrs(("ETHTOOL_A_BITSET_BITS", _attrs(("ETHTOOL_A_BITSET_BITS_BIT", _attrs(*bit)))))
    header = _attrs(("ETHTOOL_A_HEADER_DEV_INDEX", index), ("ETHTOOL_A_HEADER_FLAGS", OMIT_REPLY))
    message = features_msg()
    message["header"]["type"] = family
    message["cmd"], message["version"] = ETHTOOL_MSG_FEATURES_SET, ETHTOOL_GENL_VERSION
    message["attrs"] = [("ETHTOOL_A_FEATURES_HEADER", header), ("ETHTOOL_A_FEATURES_WANTED", bits)]
    return message


def _attrs(*attrs: tuple[str, Any]) -> dict[str, Any]:
    return {"attrs": list(attrs)}

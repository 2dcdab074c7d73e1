"""The features of devices of which pifd knows one, GRO: read and set by ethtool's two doors.

It is read by the ioctl, which answers with one number in microseconds; netlink would name all features.  It
is set by netlink, which takes the device's index: its name may be somebody else's by now.
"""

import array
import errno
import fcntl
import struct

from agent.kernel.state import NIC_KINDS, Link
from agent.netlink.ethtool import REQUEST, SIOCETHTOOL
from agent.netlink.message import HEADER, U32, attribute, attributes, message
from agent.netlink.socket import NETLINK_GENERIC, ErrorReply, Wire

ETHTOOL_GGRO = 0x2B
RX_GRO = "rx-gro"
OMIT_REPLY = 2


GENL = struct.Struct("=BBxx")
"""struct genlmsghdr: command, version."""
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 0x10, 3, 1, 2
ETHTOOL_GENL_NAME, ETHTOOL_GENL_VERSION, ETHTOOL_MSG_FEATURES_SET = b"ethtool\0", 1, 12
FEATURES_HEADER, FEATURES_WANTED = 1, 3
HEADER_DEV_INDEX, HEADER_FLAGS = 1, 3
BITSET_BITS, BITS_BIT, BIT_NAME, BIT_VALUE = 3, 1, 2, 3
NESTED = 0x8000
"""linux/genetlink.h, linux/ethtool_netlink.h"""


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
        error = self._wire.change([wish(family, index, RX_GRO, on=on)])[0]
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
            answer = self._wire.ask(family_request())
            if isinstance(answer, ErrorReply):
                return answer
            found = attributes(answer, HEADER.size + GENL.size)
            self._family = int.from_bytes(found[CTRL_ATTR_FAMILY_ID], "little")
        return self._family


def _has_gro(link: Link) -> bool:
    return link.kind == "bond" if link.owned else link.kind in NIC_KINDS


def family_request() -> bytes:
    name = attribute(CTRL_ATTR_FAMILY_NAME, ETHTOOL_GENL_NAME)
    return message(GENL_ID_CTRL, GENL.pack(CTRL_CMD_GETFAMILY, 1) + name)


def wish(family: int, index: int, feature: str, *, on: bool) -> bytes:
    """The wish for one feature; without a value it is to be off."""
    bit = attribute(BIT_NAME, feature.encode() + b"\0") + (attribute(BIT_VALUE, b"") if on else b"")
    wanted = _nested(FEATURES_WANTED, _nested(BITSET_BITS, _nested(BITS_BIT, bit)))
    flags = attribute(HEADER_FLAGS, U32.pack(OMIT_REPLY))
    header = _nested(FEATURES_HEADER, attribute(HEADER_DEV_INDEX, U32.pack(index)) + flags)
    return message(family, GENL.pack(ETHTOOL_MSG_FEATURES_SET, ETHTOOL_GENL_VERSION) + header + wanted)


def _nested(kind: int, payload: bytes) -> bytes:
    return attribute(kind | NESTED, payload)

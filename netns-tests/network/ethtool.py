"""ethtool's old ioctls, for what `ip` does not show: a device's GRO."""

import array
import fcntl
import socket
import struct
from functools import partial

from network.cabling import Cabling
from network.namespace import inside

SIOCETHTOOL, ETHTOOL_GGRO, ETHTOOL_SGRO = 0x8946, 0x2B, 0x2C


def gro(net: Cabling, *devices: str) -> list[bool]:
    """Whether each device of the host puts received packets together."""
    return [bool(inside(net.host, partial(_ask, device, ETHTOOL_GGRO, 0))) for device in devices]


def switch_gro(net: Cabling, device: str, *, on: bool) -> None:
    """Switch it behind pifd's back."""
    inside(net.host, partial(_ask, device, ETHTOOL_SGRO, int(on)))


def _ask(device: str, command: int, value: int) -> int:
    answer = array.array("I", (command, value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        fcntl.ioctl(door, SIOCETHTOOL, struct.pack("16sP16x", device.encode(), answer.buffer_info()[0]))
    return answer[1]

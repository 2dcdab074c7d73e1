"""What ethtool tells of a device: its speed and duplex, and where it is plugged in."""

import array
import fcntl
import struct
from dataclasses import asdict
from datetime import UTC, datetime

from agent.kernel.live import Device
from agent.netlink.nics.pci import pci_device
from agent.netlink.sockets.socket import Wire

SIOCETHTOOL = 0x8946
ETHTOOL_GSET, ETHTOOL_GDRVINFO = 0x1, 0x3
REQUEST = struct.Struct("16sP16x")
"""struct ifreq with a pointer."""
SETTINGS = struct.Struct("=12xHB13xH14x")
"""struct ethtool_cmd: the lower half of the speed, the duplex, the upper half of the speed."""
DRIVER = struct.Struct("=100x32s64x")
"""struct ethtool_drvinfo: bus_info."""
UNKNOWN_SPEED, DUPLEX_FULL = 0xFFFFFFFF, 1


def read_device(wire: Wire, name: str) -> Device:
    """What a device of the wire's network namespace says; of one that is not there, nothing."""
    speed, full_duplex = _settings(wire, name)
    bus_path = _bus_path(wire, name)
    found = pci_device(bus_path) if bus_path else None
    now = datetime.now(UTC)
    if found is None:
        return Device(speed=speed, full_duplex=full_duplex, read_at=now)
    return Device(speed=speed, full_duplex=full_duplex, bus_path=bus_path, **asdict(found), read_at=now)


def _settings(wire: Wire, name: str) -> tuple[int, bool]:
    """Mbit/s, and whether both sides may send at once; 0 and False while nothing is known."""
    answer = _ask(wire, name, ETHTOOL_GSET, SETTINGS.size)
    if answer is None:
        return 0, False
    low, duplex, high = SETTINGS.unpack(answer)
    speed = high << 16 | low
    return 0 if speed == UNKNOWN_SPEED else speed, duplex == DUPLEX_FULL


def _bus_path(wire: Wire, name: str) -> str:
    """The driver's word for where the device is; of one on a PCI bus its address there."""
    answer = _ask(wire, name, ETHTOOL_GDRVINFO, DRIVER.size)
    if answer is None:
        return ""
    (bus_info,) = DRIVER.unpack(answer)
    return str(bus_info.split(b"\0")[0].decode(errors="replace"))


def _ask(wire: Wire, name: str, command: int, size: int) -> bytes | None:
    """The kernel's answer, `size` bytes; None of a device that can't tell, which drivers say in many ways."""
    answer = array.array("B", struct.pack("=I", command).ljust(size, b"\0"))
    try:
        fcntl.ioctl(wire, SIOCETHTOOL, REQUEST.pack(name.encode(), answer.buffer_info()[0]))
    except OSError:
        return None
    return answer.tobytes()

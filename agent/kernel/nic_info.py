"""Device, what a NIC or a bond says of itself."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """speed: Mbit/s, 0 where it is not known; of a bond, the sum of those that send, as the kernel counts.

    bus_path: the PCI address, `0000:03:00.0`, empty where the device is not on a PCI bus; the ids are PCI's,
    four hexadecimal digits, and the names those of the PCI ID repository, empty where it is not installed.
    read_at: when all this was read.
    """

    speed: int = 0
    full_duplex: bool = False
    bus_path: str = ""
    vendor_id: str = ""
    vendor_name: str = ""
    device_id: str = ""
    device_name: str = ""
    read_at: datetime = field(compare=False)

"""PCI: which device is at an address, and its name by the PCI ID repository."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DEVICES = Path("/sys/bus/pci/devices")
"""The same in every network namespace, unlike /sys/class/net."""
REPOSITORIES = (Path("/usr/share/misc/pci.ids"), Path("/usr/share/hwdata/pci.ids"))
"""Where Debian and Fedora, and their descendants, have the list of names."""


@dataclass(frozen=True, slots=True)
class PCIDevice:
    """The ids are four hexadecimal digits; the names are empty where nobody knows them."""

    vendor_id: str
    vendor_name: str
    device_id: str
    device_name: str


def pci_device(
    address: str, devices: Path = DEVICES, repositories: Sequence[Path] = REPOSITORIES
) -> PCIDevice | None:
    """What is at an address, `0000:03:00.0`; None where that is no PCI address of this machine."""
    try:
        vendor, device = (_id(devices / address / name) for name in ("vendor", "device"))
    except OSError:
        return None
    vendor_name, device_name = names_of(vendor, device, tuple(repositories))
    return PCIDevice(vendor, vendor_name, device, device_name)


@lru_cache(maxsize=256)
def names_of(vendor: str, device: str, repositories: tuple[Path, ...]) -> tuple[str, str]:
    """The names of a vendor and its device; the list is long, so each pair is looked up once."""
    for path in repositories:
        if path.is_file():
            with path.open(encoding="utf-8", errors="replace") as lines:
                return names_in(lines, vendor, device)
    return "", ""


def names_in(lines: Iterator[str], vendor: str, device: str) -> tuple[str, str]:
    r"""The names in the repository's format: `8086  Intel`, below it `\t1572  X710` and so on."""
    for line in lines:
        if line.startswith(f"{vendor}  "):
            return _name(line), _device_name(lines, device)
    return "", ""


def _device_name(lines: Iterator[str], device: str) -> str:
    """Among the lines of the vendor, up to the next one's."""
    for line in lines:
        if line.startswith(f"\t{device}  "):
            return _name(line)
        if line.strip() and not line.startswith(("\t", "#")):
            break
    return ""


def _name(line: str) -> str:
    return line.strip().partition("  ")[2]


def _id(path: Path) -> str:
    """`0x8086` without the 0x, as XenAPI has it."""
    return path.read_text().strip().removeprefix("0x")

"""Settings of a device below /proc/sys/net: those that somebody changed go along to the device in its place.

They decide whether guests are reached (proxy_arp, forwarding), what is let in (rp_filter, accept_ra), and how
the neighbours are asked.
"""

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/proc/sys/net")
PLACES = ("ipv4/conf", "ipv6/conf", "ipv4/neigh", "ipv6/neigh", "mpls/conf")
OF_THE_DEVICE = frozenset({"addr_gen_mode", "mtu", "stable_secret"})
"""What belongs to the device itself: pifd's devices give themselves no addresses."""
LONGEST = 4096
"""Bytes of a setting: the kernel writes no more than a page."""


def copy(source: str, target: str, root: Path = ROOT) -> int:
    """Set on the target what differs on the source from what new devices get; gives back how many there were.

    Raises OSError, with the name of the file, when the kernel does not take one.
    """
    count = 0
    for place in PLACES:
        for name, value in _changed(root / place, source):
            file = root / place / target / name
            if file.exists() and file.read_text() != value:
                file.write_text(value)
                count += 1
    return count


def _changed(place: Path, device: str) -> Iterator[tuple[str, str]]:
    """The settings of a device that are not those of new devices."""
    directory = place / device
    if not directory.is_dir():
        return
    for name in sorted(os.listdir(directory)):  # noqa: PTH208 (of hundreds of files, Path makes objects)
        if name not in OF_THE_DEVICE:
            value, usual = _value(f"{directory}/{name}"), _value(f"{place}/default/{name}")
            if value is not None and value != usual:
                yield name, value


def _value(file: str) -> str | None:
    """None where it can't be read, as a secret that was never set."""
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError:
        return None
    try:
        return os.read(descriptor, LONGEST).decode(errors="surrogateescape")
    except OSError:
        return None
    finally:
        os.close(descriptor)

"""Which devices are used by something in another network namespace, which can't be seen from here.

A VLAN or a macvlan that was moved away still sits on its device, and nothing in that device's own namespace
names it.  But it listens where the device listens: the address of all hosts (224.0.0.1), which a device joins
once, is counted once more for each that is up.
"""

import re
from collections.abc import Callable
from pathlib import Path

from agent.kernel.state import KernelState, Link

MULTICAST = Path("/proc/net/dev_mcast")
SHARED = re.compile(rb"^\d+ +(\S+) +(?:[2-9]|\d{2,}) +\d+ +01005e000001$", re.MULTILINE)
"""The name in a line (index, name, users, global users, address) of who listens to all hosts with others."""


IsNIC = Callable[[Link], bool]


def candidates(state: KernelState, is_nic: IsNIC) -> frozenset[str]:
    """The NICs that look as if nobody used them, although they are up."""
    links = map(state.links.__getitem__, state.loose)
    return frozenset(link.name for link in links if is_nic(link) and _is_free(state, link))


def lent(names: frozenset[str], file: Path = MULTICAST) -> frozenset[str]:
    """Those of them on which somebody else listens."""
    listeners = SHARED.findall(file.read_bytes())
    return names & {name.decode(errors="backslashreplace") for name in listeners}


def _is_free(state: KernelState, link: Link) -> bool:
    if not link.up or link.master or link.name == "lo":
        return False
    return next(state.uppers(link.name), None) is None

"""Which devices are used by something in another network namespace, which can't be seen from here.

A VLAN or a macvlan that was moved away still sits on its device, and nothing in that device's own namespace
names it.  But it listens where the device listens: the address of all hosts (224.0.0.1), which a device joins
once, is counted once more for each that is up.
"""

from pathlib import Path

from agent.kernel.state import KernelState, Link

MULTICAST = Path("/proc/net/dev_mcast")
ALL_HOSTS = "01005e000001"


def candidates(state: KernelState) -> frozenset[str]:
    """The devices that look as if nobody used them, although they are up."""
    return frozenset(name for name in state.loose if _is_free(state, state.links[name]))


def lent(names: frozenset[str], file: Path = MULTICAST) -> frozenset[str]:
    """Those of them on which somebody else listens."""
    found = set()
    for line in file.read_text(errors="replace").splitlines():
        _, name, count, _, address = line.split()
        if name in names and address == ALL_HOSTS and int(count) > 1:
            found.add(name)
    return frozenset(found)


def _is_free(state: KernelState, link: Link) -> bool:
    if not link.up or link.master or link.name == "lo":
        return False
    return next(state.uppers(link.name), None) is None

"""The demo: a host's management NIC goes into a bond and comes out again, and its admin keeps pinging it.

Exit status 0 only if the host ends as it began, having been reachable all along.
"""

import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from host.daemon import Home, program
from host.pifctl import output, shown
from network.cabling import HOST_IP, Cabling, cabling
from network.patience import patience
from network.pinger import Count, pinging

NICS = "eth0,eth1"


@dataclass(frozen=True)
class Snapshot:
    """What must be there again at the end."""

    addresses: dict[str, list[str]]
    routes: list[str]
    foreign: dict[str, str]


def main() -> int:
    """Show it, and say whether it was right."""
    print(f"Kernel: Linux {platform.release()}\n\nThree machines, each a network namespace:\n")
    print("\n".join((sys.modules["network.cabling"].__doc__ or "").splitlines()[2:9]))
    with cabling() as net, tempfile.TemporaryDirectory(prefix="pifd-demo-") as directory:
        home = Home(Path(directory))
        before = snapshot(net, "xenbr0")
        print("\nThe admin pings the host every 10 ms while pifd starts on it and takes eth0 over.\n")
        with pinging(net.admin, HOST_IP) as start, program(net.host, home):
            print(shown(home, "topology"))
            network = output(home, "network-create", "name-label=Bonded")
            start_model = shown(home, "topology")
            created, destroyed = bond_and_back(net, home, network)
            end_model = topology_when_up(home, start_model)
            print(end_model)
        right = verdict(net, before, start_model == end_model)
        return report({"in all": start.count, "create": created, "destroy": destroyed}, right)


def bond_and_back(net: Cabling, home: Home, network: str) -> tuple[Count, Count]:
    """Create a bond of both NICs and destroy it; what the admin lost meanwhile."""
    create = ("bond-create", f"network-uuid={network}", f"pif-uuids={NICS}", "mode=active-backup")
    print(shown(home, *create, "--dry-run"))
    with pinging(net.admin, HOST_IP) as while_created:
        print(shown(home, *create))
    print(shown(home, "topology"))
    print(shown(home, "bond-destroy", "uuid=bond0", "--dry-run"))
    with pinging(net.admin, HOST_IP) as while_destroyed:
        print(shown(home, "bond-destroy", "uuid=bond0"))
    print(shown(home, "pif-plug", "uuid=eth1"))
    return while_created.count, while_destroyed.count


def topology_when_up(home: Home, wanted: str) -> str:
    """A NIC that has just been plugged takes a moment to get its carrier."""
    end = time.monotonic() + patience(10)
    while (found := shown(home, "topology")) != wanted and time.monotonic() < end:
        time.sleep(0.2)
    return found


def snapshot(net: Cabling, home_of_eth0: str) -> Snapshot:
    """The host's addresses and routes, with eth0's name replaced, and its foreign devices."""
    shown = net.shown()
    return Snapshot(
        {link.replace("eth0", home_of_eth0): values for link, values in shown.addresses.items()},
        [route.replace("eth0", home_of_eth0) for route in shown.routes],
        shown.foreign(),
    )


def verdict(net: Cabling, before: Snapshot, same_model: bool) -> dict[str, bool]:
    """Each thing that has to hold at the end, and whether it does."""
    after = snapshot(net, "xenbr0")
    return {
        "the topology is what it was before the bond": same_model,
        "the host has its addresses, on eth0's bridge": after.addresses == before.addresses,
        "and its default routes": after.routes == before.routes,
        "no bond is left": "bond0" not in net.links(),
        "the devices that are not pifd's are untouched": after.foreign == before.foreign,
    }


def report(counts: dict[str, Count], right: dict[str, bool]) -> int:
    """Print the figures and the verdict; the exit status."""
    print("Pings every 10 ms      sent   lost   longest silence")
    for name, count in counts.items():
        print(f"  {name:<18} {count.sent:>6} {count.lost:>6} {count.longest_silence:>10} ms")
    print()
    for what, holds in right.items():
        print(f"  {'ok  ' if holds else 'NOT '} {what}")
    return 0 if all(right.values()) and counts["in all"].sent > 0 else 1


if __name__ == "__main__":
    sys.exit(main())

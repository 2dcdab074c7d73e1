"""Loss: how many pings a bond's creation and destruction cost the host, its VLANs and its guests.

As a program: loss.py [ROUNDS [GUESTS]], on a kernel with bonding.  Beside each figure stands the floor: what
bare netlink messages lose in the same run.  The silences include the machine's own pauses: with nothing
lost, a long one means that the pinger itself had to wait for the processor.
"""

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from host.guests import Guest, Host, host_with_guests
from network.cabling import ADMIN_IP, HOST_IP, HOST_IPV6, SEGMENTS, Cabling, teach_tags
from network.many_pings import Way, many_pings
from network.pinger import Count

from benchmarks.floor import bare_host

ROUNDS, GUESTS = 5, 4
INTERVAL = 0.005

Kinds = dict[tuple[str, str], list[Count]]
"""By who changes and who is pinged."""


class Changing(Protocol):
    """A host whose NICs can go into a bond and out of it."""

    @property
    def net(self) -> Cabling: ...
    @property
    def guests(self) -> tuple[Guest, ...]: ...
    def create(self) -> None: ...
    def destroy(self) -> None: ...


def main(rounds: int, guests: int) -> None:
    """Print two lines for each direction and kind of place that is pinged."""
    counts: Kinds = {}
    with bare_host(guests) as bare:
        measure(bare, "floor", ways_of(bare), rounds, counts)
    with (
        tempfile.TemporaryDirectory() as directory,
        host_with_guests(Path(directory), guests, nics=2) as host,
    ):
        teach_tags(host.net, 2)
        measure(host, "pifd", [*ways_of(host), *with_vlans(host)], rounds, counts)
    for (what, kind), found in sorted(counts.items()):
        lost = sum(count.lost for count in found)
        print(f"{what}, {kind}: pings lost\t{lost} of {sum(count.sent for count in found)}")
        print(f"{what}, {kind}: longest silence\t{max(count.longest_silence for count in found)} ms")


def ways_of(host: Changing) -> list[Way]:
    """The host in both families, and each guest in both directions."""
    admin = host.net.admin
    ways = [Way("host, IPv4", admin, HOST_IP), Way("host, IPv6", admin, HOST_IPV6)]
    for guest in host.guests:
        ways.append(Way(f"to guests {guest.device}", admin, guest.address))
        ways.append(Way(f"from guests {guest.device}", guest.namespace, ADMIN_IP))
    return ways


def with_vlans(host: Host) -> Sequence[Way]:
    """A VLAN with an address of the host's on each NIC."""
    pifs = {pif["device"]: ref for ref, pif in host.api.call("PIF.get_all_records").items()}
    tags = [tag for tag in SEGMENTS if tag]
    for device, tag in zip(("eth0", "eth1"), tags, strict=True):
        network = host.api.call("network.create", {"name_label": f"VLAN {tag}"})
        vlan = host.api.call("VLAN.create", pifs[device], str(tag), network)
        upper = host.api.call("VLAN.get_record", vlan)["untagged_PIF"]
        address = f"{SEGMENTS[tag]}.10"
        host.api.call("PIF.reconfigure_ip", upper, "Static", address, "255.255.255.0", "", "")
        host.api.call("PIF.plug", upper)
    return [Way(f"VLAN addresses {tag}", host.net.admin, f"{SEGMENTS[tag]}.10") for tag in tags]


def measure(host: Changing, who: str, ways: Sequence[Way], rounds: int, counts: Kinds) -> None:
    """Count what is lost in each round."""
    changes: dict[str, Callable[[], None]] = {"bond-create": host.create, "bond-destroy": host.destroy}
    for _ in range(rounds):
        for name, change in changes.items():
            with many_pings(ways, INTERVAL) as pings:
                change()
            for way, count in pings.by_way.items():
                kind = f"{way.rpartition(' ')[0] if ' guests ' in way or 'VLAN' in way else way}"
                counts.setdefault((f"{name}, {kind}", who), []).append(count)


if __name__ == "__main__":
    main(*([int(word) for word in sys.argv[1:]] + [ROUNDS, GUESTS][len(sys.argv) - 1 :]))

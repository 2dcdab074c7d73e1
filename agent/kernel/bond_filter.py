"""BondFilter, the filter rules without which a balance-slb bond would be a loop.

All ports of such a bond send and receive, on switches that know nothing of it.  So what the switches flood
comes back: one copy for each port, and what this host sent itself comes in by the others.  The rules let one
port, the primary one, take in broadcasts and multicasts; drop what the bond has sent itself a moment ago, by
its source MAC and VLAN; and send reports of multicast groups out by the primary port, lest a switch that
snoops them sends the group where it is dropped.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BondFilter:
    """ports: those that the rules are for, sorted.  whole: whether the rules are all there and no others.

    primary: the port that takes broadcasts in, "" where there is no port; the kernel's carrier decides.
    """

    ports: tuple[str, ...] = ()
    whole: bool = True
    primary: str = field(default="", compare=False)

    @property
    def others(self) -> tuple[str, ...]:
        """The ports that take no broadcasts in."""
        return tuple(port for port in self.ports if port != self.primary)


def filter_for(ports: Sequence[str], with_carrier: Collection[str]) -> BondFilter:
    """The rules for some ports: the first with carrier is the primary one, else the first."""
    primary = next((port for port in ports if port in with_carrier), next(iter(ports), ""))
    return BondFilter(tuple(sorted(ports)), primary=primary)


def in_order(found: BondFilter | None, ports: Collection[str]) -> tuple[str, ...]:
    """The ports, the one first that is the primary one already: it stays so while it has carrier."""
    primary = found.primary if found is not None else ""
    return tuple(sorted(ports, key=lambda port: (port != primary, port)))

"""Where what others have put on a device belongs, as the device's place moves.

An address, a route or a rule of somebody else's sits on a NIC, on a bridge of pifd's, on a VLAN's.  When a
bridge takes the NIC's place, or a bond's bridge that of a NIC's, it has to go along: to wherever frames come
in then that came in there before.
"""

from collections.abc import Container, Iterable

from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.state import KernelState, Link


class Homes:
    """From the devices that are there to those that are wanted."""

    def __init__(self, actual: KernelState, wanted: KernelState, mine: Container[str]) -> None:
        self._actual, self._wanted, self._mine = actual, wanted, mine

    def of(self, name: str) -> str:
        """The device that stands for a device of pifd's, or for a NIC of its own; "" for none."""
        link = self._wanted.links.get(name)
        if link is None:
            return next(iter(self._successors(name)), "")
        return name if link.owned else self._outermost(name)

    def _outermost(self, name: str) -> str:
        """The bridge or the bond of pifd's that a NIC is to be a port of, and what that is a port of."""
        link = self._wanted.links[name]
        master = self._wanted.links.get(link.master)
        return self._outermost(master.name) if master is not None and master.owned else name

    def _successors(self, name: str) -> list[str]:
        """What will be above the NICs that a bridge, a bond or a VLAN has below it now; its own MAC's first.

        Not a NIC itself: one that is free is down.
        """
        gone = self._actual.links.get(name)
        found = dict.fromkeys(self._above(nic, tag) for nic, tag in self._feet(name, None))
        links = [self._wanted.links[one] for one in found if one and self._wanted.links[one].owned]
        return [link.name for link in sorted(links, key=lambda link: gone is None or link.MAC != gone.MAC)]

    def _feet(self, name: str, tag: int | None) -> Iterable[tuple[str, int | None]]:
        """The NICs below a device, each with the tag of the VLAN on the way."""
        link = self._actual.links.get(name)
        if link is None or (name in self._mine and not link.owned):
            yield from [(name, tag)] if link is not None else []
            return
        if isinstance(link.options, VLANOptions):
            yield from self._feet(link.lower, link.options.tag)
        for port in self._actual.ports(name):
            yield from self._feet(port.name, tag)

    def _above(self, nic: str, tag: int | None) -> str:
        if nic not in self._wanted.links:
            return ""
        if tag is None:
            return self._outermost(nic)
        return next((vlan.master or vlan.name for vlan in self._vlans(nic, tag)), "")

    def _vlans(self, nic: str, tag: int) -> Iterable[Link]:
        """The VLANs of a tag that are wanted on a NIC or on its bond."""
        for lower in (nic, self._wanted.links[nic].master):
            for upper in self._wanted.uppers(lower):
                if upper.owned and isinstance(upper.options, VLANOptions) and upper.options.tag == tag:
                    yield upper

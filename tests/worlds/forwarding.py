"""Forwarding: what bridges may have learned of their guests, who broadcast whenever they like, or not at all.

All NICs are plugged into one switch, which sends what comes by one of them to all others.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from agent.kernel.kinds.bond import BondOptions
from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.state import KernelState, Link
from agent.kernel.steps import SetLearning, Step

UNTAGGED = 0


@dataclass
class Forwarding:
    """The ports at which each bridge may take a guest to be: (bridge, guest's device) to ports.

    cables: the NICs that are plugged in.
    """

    cables: Collection[str]
    known: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def after(self, step: Step, state: KernelState) -> None:
        """What a step makes bridges forget, and what they may learn in the state after it."""
        for (bridge, _), ports in self.known.items():
            gone = {port for port in ports if port not in state.links or state.links[port].master != bridge}
            ports -= gone
            if isinstance(step, SetLearning):
                ports.discard(step.name)
        self.listen(state)

    def listen(self, state: KernelState) -> None:
        """What they may learn in a state."""
        for guest in guests(state):
            self._broadcast(guest, state)

    def lost(self, state: KernelState) -> list[str]:
        """The guests that are looked for where frames for them come in: those are dropped."""
        return [
            f"{guest.name} at {port}"
            for guest in guests(state)
            for port in sorted(self.known.get((guest.master, guest.name), ()))
            if port != guest.name
        ]

    def _broadcast(self, guest: Link, state: KernelState) -> None:
        """By each way out of its bridge, and back by all others of the same segment."""
        for port in state.ports(guest.master):
            for nic, tag in sends(state, port, self.cables):
                for other in sorted(set(self.cables) - {nic}):
                    for entry in receives(state, other, tag):
                        if entry.learning and entry.name != guest.name:
                            self.known.setdefault((entry.master, guest.name), set()).add(entry.name)


def guests(state: KernelState) -> Iterator[Link]:
    """The devices of VIFs that are in a bridge."""
    yield from (link for link in state.links.values() if link.station and link.master and link.up)


def sends(state: KernelState, port: Link, cables: Collection[str]) -> Iterator[tuple[str, int]]:
    """The NIC that a frame goes out by, and with which tag."""
    tag, device = UNTAGGED, port
    if isinstance(port.options, VLANOptions):
        tag, device = port.options.tag, state.links[port.lower]
    nic = device.active_slave if device.kind == "bond" else device.name
    if port.up and device.up and nic in cables and state.links[nic].up:
        yield nic, tag


def receives(state: KernelState, nic: str, tag: int) -> Iterator[Link]:
    """The port of a bridge at which a frame comes in that a NIC has received."""
    device = state.links[nic]
    if not device.up:
        return
    bond = state.links.get(device.master)
    if bond is not None and bond.kind == "bond":
        if not (bond.active_slave == nic or _takes_all(bond)):
            return
        device = bond
    tagged = [
        link for link in state.uppers(device.name)
        if isinstance(link.options, VLANOptions) and link.options.tag == tag
    ]  # fmt: skip
    for port in tagged if tag != UNTAGGED else [device]:
        master = state.links.get(port.master)
        if port.up and master is not None and master.kind == "bridge" and master.up:
            yield port


def _takes_all(bond: Link) -> bool:
    return isinstance(bond.options, BondOptions) and bond.options.all_slaves_active

"""The steps for addresses and routes, and their announcement."""

from collections.abc import Iterable

from agent.kernel.state import Address, KernelState, Route, parsed
from agent.kernel.steps import AddAddress, Announce, DeleteAddress, DeleteRoute, SetRoute, Step


def address_steps(state: KernelState, wanted: KernelState) -> list[Step]:
    """New addresses, routes over them, then away with the old.

    An old IPv4 address in the subnet of a new one on the same link goes first: the kernel would delete the
    new one, its secondary, along with it.
    """
    new = sorted(wanted.addresses - state.addresses)
    old = sorted(state.addresses - wanted.addresses)
    first = [address for address in old if any(_same_subnet(address, other) for other in new)]
    return [
        *(DeleteAddress(address) for address in first),
        *(AddAddress(address) for address in new),
        *(SetRoute(route) for route in _new_routes(state, wanted)),
        *(DeleteRoute(route) for route in _old_routes(state, wanted, first)),
        *(DeleteAddress(address) for address in old if address not in first),
    ]


def _same_subnet(one: Address, other: Address) -> bool:
    if one.link != other.link or one.version == 6 or other.version == 6:
        return False
    return parsed(one.interface).network == parsed(other.interface).network


def _new_routes(state: KernelState, wanted: KernelState) -> list[Route]:
    return sorted(wanted.routes - state.routes)


def _old_routes(state: KernelState, wanted: KernelState, gone: Iterable[Address]) -> list[Route]:
    """The routes to delete: neither replaced by a new one nor gone with an address deleted before."""
    replaced = {(route.destination, route.metric, route.table) for route in wanted.routes}
    bare = {address.link for address in gone}
    old = sorted(state.routes - wanted.routes)
    return [r for r in old if (r.destination, r.metric, r.table) not in replaced and r.link not in bare]


def announcements(state: KernelState) -> tuple[Announce, ...]:
    """One for each device of pifd's that has addresses, or VMs behind it."""
    owned = (announcement(state, name) for name, link in sorted(state.links.items()) if link.owned)
    return tuple(step for step in owned if step.interfaces or step.stations)


def announcement(state: KernelState, name: str) -> Announce:
    """Of the addresses on a device and, if it is a bridge of pifd's, of the VMs that are its ports."""
    ports = sorted(link.station for link in state.links.values() if link.master == name and link.station)
    interfaces = tuple(a.interface for a in state.addresses_of(name))
    return Announce(name, state.links[name].MAC, interfaces, tuple(ports) if state.links[name].owned else ())

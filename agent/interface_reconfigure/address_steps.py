"""The steps for addresses and routes, and their announcement."""

from collections.abc import Iterable, Mapping

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


def announcements(state: KernelState, wanted: KernelState, names: Iterable[str]) -> tuple[Announce, ...]:
    """Of these devices those over which somebody is reached: the host at its addresses, VMs over a bridge.

    The addresses are those of the state so far; whose VMs are behind the VIFs' devices is only in the wanted
    one, and only bridges of pifd's speak for them.
    """
    interfaces = _grouped((address.link, address.interface) for address in state.addresses)
    stations = _grouped((link.master, link.station) for link in wanted.links.values() if link.station)
    found = []
    for link in (state.links[name] for name in names):
        behind = stations.get(link.name, ()) if link.owned else ()
        found.append(Announce(link.name, link.MAC, interfaces.get(link.name, ()), behind))
    return tuple(step for step in found if step.interfaces or step.stations)


def _grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    """By the first of each pair the second ones, sorted."""
    found: dict[str, list[str]] = {}
    for key, value in sorted(pairs):
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}

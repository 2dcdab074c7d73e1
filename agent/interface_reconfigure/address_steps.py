"""The steps for addresses and routes, and their announcement."""

from agent.kernel.simulate import apply_all
from agent.kernel.state import Address, KernelState, Route, parsed
from agent.kernel.steps import AddAddress, DeleteAddress, DeleteRoute, SetRoute, Step


def address_steps(state: KernelState, wanted: KernelState) -> list[Step]:
    """New addresses, routes over them, then away with the old.

    An old IPv4 address in the subnet of a new one on the same link goes first: the kernel would delete the
    new one, its secondary, along with it.  So it does with other people's, which are put back at once.  What
    is a subnet's first address where it was becomes the first in its new place.
    """
    new = wanted.addresses - state.addresses
    old = sorted(state.addresses - wanted.addresses)
    first = [address for address in old if any(_same_subnet(address, other) for other in new)]
    way = _Way(state)
    way.take(*(DeleteAddress(address) for address in first if address in way.state.addresses))
    way.take(*(AddAddress(address) for address in sorted(wanted.addresses - way.state.addresses, key=_rank)))
    way.take(*_new_routes(way.state, wanted))
    way.take(*(DeleteRoute(route) for route in sorted(way.state.routes - wanted.routes)))
    for address in old:
        if address in way.state.addresses:
            way.take(DeleteAddress(address))
    return way.steps


class _Way:
    """Steps, and where they lead."""

    def __init__(self, state: KernelState) -> None:
        self.state = state
        self.steps: list[Step] = []

    def take(self, *steps: Step) -> None:
        self.state = apply_all(steps, self.state)
        self.steps += steps


def _rank(address: Address) -> tuple[bool, Address]:
    return address.secondary, address


def _same_subnet(one: Address, other: Address) -> bool:
    if one.link != other.link or one.version == 6 or other.version == 6:
        return False
    return parsed(one.interface).network == parsed(other.interface).network


def _new_routes(state: KernelState, wanted: KernelState) -> list[Step]:
    """Those that lead to a gateway come before those that lead through it.

    Of IPv6 one is added beside others of its destination and metric that are to stay.
    """
    ordered = sorted(wanted.routes - state.routes, key=lambda route: (bool(route.gateway), route))
    rivals: dict[object, set[Route]] = {}
    for route in (state.routes | wanted.routes) if ordered else ():
        rivals.setdefault(route.place, set()).add(route)
    return [SetRoute(route, beside=_stays_beside(route, rivals[route.place], wanted)) for route in ordered]


def _stays_beside(route: Route, rivals: set[Route], wanted: KernelState) -> bool:
    if route.version == 4:
        return False
    others = rivals - {route}
    return len(others) > 1 or any(other in wanted.routes for other in others)

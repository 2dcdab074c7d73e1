"""Routes as the kernel takes them, one after the other, however many there are.

A host may have thousands that change their place in one go.  So what one of them is compared with is looked
up, and not gone through.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import replace
from functools import cached_property
from ipaddress import ip_address

from agent.kernel.simulate_effects import existing
from agent.kernel.state import Address, KernelState, Route, parsed
from agent.kernel.steps import DeleteRoute, Refused, SetRoute

Direct = dict[tuple[str, int], dict[int, Counter[int]]]
"""By link and version, by the length of the prefix, the networks that routes without a gateway lead to."""


def with_routes(state: KernelState, steps: Iterable[SetRoute | DeleteRoute]) -> KernelState:
    """The state after steps that make and delete routes."""
    routes = _Routes(state)
    for step in steps:
        if isinstance(step, SetRoute):
            routes.put(step)
        else:
            routes.delete(step)
    return replace(state, routes=frozenset(routes.found))


class _Routes:
    """Those of a state, while steps change them."""

    def __init__(self, state: KernelState) -> None:
        self._state = state
        self.found = set(state.routes)

    def put(self, step: SetRoute) -> None:
        route = step.route
        if not existing(step, self._state, route.link).up:
            raise Refused(step, "Network is down")
        if route.gateway and not self._reaches(route):
            raise Refused(step, "Nexthop has invalid gateway")
        if route.source and route.source not in self._hosts:
            raise Refused(step, "Invalid prefsrc address")
        for other in () if step.beside else tuple(self._by_place.get(route.place, ())):
            self._remove(other)
        self._add(route)

    def delete(self, step: DeleteRoute) -> None:
        if step.route not in self.found:
            raise Refused(step, "No such process")
        self._remove(step.route)

    def _add(self, route: Route) -> None:
        if route not in self.found:
            self.found.add(route)
            self._by_place.setdefault(route.place, set()).add(route)
            self._recount(route, 1)

    def _remove(self, route: Route) -> None:
        self._by_place[route.place].remove(route)
        self.found.remove(route)
        self._recount(route, -1)

    def _recount(self, route: Route, by: int) -> None:
        """Only what has been counted."""
        if "_direct" in self.__dict__:
            _count(self._direct, route, by)

    def _reaches(self, route: Route) -> bool:
        """By an address's subnet, its peer, or a route to the gateway; or nobody asks."""
        gateway = ip_address(route.gateway)
        if route.onlink or (gateway.version == 6 and gateway.is_link_local):
            return True
        own = self._addresses.get((route.link, gateway.version), ())
        if any(gateway in parsed(a.interface).network or a.peer == route.gateway for a in own):
            return True
        direct = self._direct.get((route.link, gateway.version), {})
        bits, number = gateway.max_prefixlen, int(gateway)
        return any(networks[number >> (bits - length)] > 0 for length, networks in direct.items())

    @cached_property
    def _by_place(self) -> dict[Hashable, set[Route]]:
        found: dict[Hashable, set[Route]] = {}
        for route in self.found:
            found.setdefault(route.place, set()).add(route)
        return found

    @cached_property
    def _direct(self) -> Direct:
        found: Direct = {}
        for route in self.found:
            _count(found, route, 1)
        return found

    @cached_property
    def _addresses(self) -> dict[tuple[str, int], list[Address]]:
        found: dict[tuple[str, int], list[Address]] = {}
        for address in self._state.addresses:
            found.setdefault((address.link, address.version), []).append(address)
        return found

    @cached_property
    def _hosts(self) -> frozenset[str]:
        return frozenset(address.interface.partition("/")[0] for address in self._state.addresses)


def _count(direct: Direct, route: Route, by: int) -> None:
    if not route.gateway:
        network = parsed(route.destination).network
        networks = direct.setdefault((route.link, route.version), {})
        number = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        networks.setdefault(network.prefixlen, Counter())[number] += by

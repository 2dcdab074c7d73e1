"""Kernel states for the planner's properties: pristine hosts, drift, and what half a plan leaves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import hypothesis
from hypothesis import strategies as st

from agent.desired.desired import desired
from agent.interface_reconfigure.plan import plan
from agent.kernel.simulate import apply
from agent.kernel.simulate_effects import UNKNOWN_MAC, UNKNOWN_MTU
from agent.kernel.state import Address, KernelState, Link, Route
from agent.kernel.steps import (
    Refused,
    SetRoute,
    Step,
    Together,
    flat,
)
from agent.model.layering import Given, given_by
from agent.model.model import Model
from tests.worlds.drifts import DRIFTS, drifted
from tests.worlds.networks import MOST_NICS, VMS, Sketch, sketches
from tests.worlds.world import FOREIGN, FOREIGN_ADDRESSES, FOREIGN_ROUTES, RESOLVER, mac, nic

NIC_ADDRESSES = (
    "192.0.2.10/24",
    "192.0.2.10/24",
    "192.0.2.11/24",
    "203.0.113.5/26",
    "2001:db8:1::10/64",
    "10.99.0.1/8",
)


FORMER_MTU = 1300
"""What a NIC had before it went into a bond; no model asks for it."""

NIC_ROUTES = {"192.0.2.10/24": "192.0.2.1", "192.0.2.11/24": "192.0.2.1", "203.0.113.5/26": "203.0.113.1"}


@dataclass(frozen=True)
class Case:
    """A kernel as it is, of which model; the model that is wanted; and two numbers for a property to use.

    given: what is pifd's, or has been.  What several properties look at is worked out once; a copy has it to
    work out anew.
    """

    actual: KernelState
    given: Given
    before: Model
    after: Model
    number: int
    skips: bool
    drawn: tuple[object, ...]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How it was drawn; whole states would be in the way."""
        printer.text(f"case_of{self.drawn}")

    @cached_property
    def wanted(self) -> KernelState:
        return desired(self.after, self.actual, self.given)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The way from the kernel as it is to the one that is wanted."""
        return plan(self.actual, self.wanted)

    @cached_property
    def interrupted(self) -> KernelState:
        """What is left when that stops on the way."""
        return _stopped(self.steps, self.actual, self.number, self.skips)

    @cached_property
    def earlier(self) -> KernelState:
        """The kernel as the model before wants it."""
        return desired(self.before, self.actual, self.given)

    @cached_property
    def change(self) -> tuple[Step, ...]:
        """Each step from there to what the model after wants."""
        return tuple(flat(plan(self.earlier, desired(self.after, self.earlier, self.given))))


def cases() -> st.SearchStrategy[Case]:
    return st.integers(1, MOST_NICS).flatmap(_cases_of)


DRAWN = 1000
"""So many cases, where the profile draws fewer: a plan has more ways to go wrong than a call's words."""


@cache
def drawn_cases() -> tuple[Case, ...]:
    """Drawn once for all tests."""
    drawn: list[Case] = []

    # Beside other work a draw may wait half a minute for the processor.
    @hypothesis.settings(max_examples=DRAWN, suppress_health_check=[hypothesis.HealthCheck.too_slow])
    @hypothesis.given(cases())
    def draw(case: Case) -> None:
        drawn.append(case)

    draw()
    return tuple(drawn)


def _cases_of(count: int) -> st.SearchStrategy[Case]:
    return st.builds(
        case_of,
        st.tuples(*[st.integers(0, 255)] * count),
        sketches(count),
        sketches(count),
        sketches(count),
        st.integers(0, 9),
        st.lists(st.tuples(st.integers(0, len(DRIFTS) - 1), st.integers(0, 40)), max_size=3),
        st.integers(0, 1000),
        st.booleans(),
    )


def case_of(
    bits: Sequence[int],
    first: Sketch,
    second: Sketch,
    third: Sketch,
    way: int,
    drifts: Sequence[tuple[int, int]],
    number: int,
    skips: bool,
) -> Case:
    """From a pristine host, a converged one, one on half its way, or one with drift; or management moves."""
    drawn = (bits, first, second, third, way, drifts, number, skips)
    earlier, before, after = first.model(), second.model(), third.model()
    if way > 5:
        before, after = second.managed(number), third.managed(number // 6)
    given = given_by(earlier) | given_by(before) | given_by(after)
    state = without_rivals(pristine(bits), given.names)
    if way > 5:
        state = desired(before, state, given) if way > 6 else state
    elif way > 0:
        state = desired(earlier if way > 2 else before, state, given)
    if 5 >= way > 2:
        state = half_way(state, desired(before, state, given), number, skips)
    if 5 >= way > 1:
        for kind, choice in drifts:
            state = drifted(state, kind, choice, given.names)
    return Case(as_read_back(state), given, before, after, number, skips, drawn)


def pristine(bits: Sequence[int]) -> KernelState:
    """A host that pifd has never been on, a byte for each NIC; with other people's devices."""
    nics = (*map(_nic_of, range(len(bits)), bits), *map(_vif_device, range(VMS)))
    links = {link.name: link for link in (*FOREIGN, *nics)}
    owned = {
        f"eth{n}": NIC_ADDRESSES[byte >> 5] for n, byte in enumerate(bits) if byte >> 5 < len(NIC_ADDRESSES)
    }
    first = {interface: name for name, interface in reversed(owned.items())}
    routed = next(((name, i) for i, name in first.items() if i in NIC_ROUTES and links[name].up), None)
    default = [Route(routed[0], "0.0.0.0/0", NIC_ROUTES[routed[1]])] if routed else []
    return KernelState(
        links=links,
        addresses=frozenset({*FOREIGN_ADDRESSES, *(Address(name, i) for i, name in first.items())}),
        routes=frozenset({*FOREIGN_ROUTES, *default}),
        resolver=RESOLVER,
    )


def without_rivals(state: KernelState, given: frozenset[str]) -> KernelState:
    """No default route over a NIC that is not pifd's: there is no way to have two of the same metric."""
    mine = frozenset(r for r in state.routes if r.link in given or r in FOREIGN_ROUTES)
    return replace(state, routes=mine)


def _nic_of(number: int, byte: int) -> Link:
    up = byte & 3 > 0
    MTU = 9000 if byte & 24 == 24 else 1500
    return nic(number, up=up, carrier=up and byte & 4 == 0, MTU=MTU, gro=byte.bit_count() % 2 > 0)


def _vif_device(number: int) -> Link:
    """The host's end of a VM's interface; one of them has not been brought up yet."""
    return Link(name=f"vif{number}.0", kind="veth", MAC="fe:ff:ff:ff:ff:ff", up=number > 0, gro=False)


def half_way(actual: KernelState, wanted: KernelState, number: int, skips: bool) -> KernelState:
    """What a plan leaves that stops at one of its parts: nothing more, or the rest of the send without it."""
    return _stopped(plan(actual, wanted), actual, number, skips)


def _stopped(steps: Sequence[Step], actual: KernelState, number: int, skips: bool) -> KernelState:
    parts = [(part, step) for step in steps for part in flat([step])]
    stop = number % (len(parts) + 1)
    for part, _ in parts[:stop]:
        actual = apply(part, actual)
    if skips and stop < len(parts):
        actual = _rest_of_send(actual, parts, stop)
    return as_read_back(actual)


def _rest_of_send(state: KernelState, parts: Sequence[tuple[Step, Step]], stop: int) -> KernelState:
    """The parts after a refused one in the same Together are tried all the same."""
    sent = parts[stop][1]
    for part, step in parts[stop + 1 :]:
        if isinstance(sent, Together) and step is sent:
            state = _tried(state, part)
    return state


def _tried(state: KernelState, step: Step) -> KernelState:
    try:
        return apply(step, state)
    except Refused:
        return state


def as_read_back(state: KernelState) -> KernelState:
    """The state as the kernel tells it: not which MTU a bond will give back to a port.

    What it makes up is not known beforehand (UNKNOWN_MAC, UNKNOWN_MTU); afterwards it is as good as any.
    """
    return replace(state, links={name: _as_read_back(link) for name, link in state.links.items()})


def _as_read_back(link: Link) -> Link:
    MAC = mac(0xFF) if link.MAC == UNKNOWN_MAC else link.MAC
    MTU = FORMER_MTU if link.MTU == UNKNOWN_MTU else link.MTU
    return replace(link, MAC=MAC, MTU=MTU, original_MTU=0)


def with_possible_routes(state: KernelState) -> KernelState:
    """The state without the routes that the kernel would not take again: their gateways' subnets are gone."""
    routes = frozenset(route for route in state.routes if _is_possible(state, route))
    return replace(state, routes=routes)


def _is_possible(state: KernelState, route: Route) -> bool:
    try:
        apply(SetRoute(route), state)
    except Refused:
        return False
    return True

"""What holds of every plan, for any kernel that is found and any model that is wanted.

All of it is tried on the same cases, because drawing one takes as long as most of the trying.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given

from agent.desired.desired import as_before, desired
from agent.interface_reconfigure.plan import plan
from agent.kernel.left_as_is import with_filters_for_their_ports
from agent.kernel.simulate import apply, apply_all
from agent.kernel.state import Address, KernelState
from agent.kernel.steps import flat
from agent.model.layering import Given, bridge_of
from agent.model.model import Model, tunnel_over
from agent.model.records import PIF
from tests.fakes.fake_kernel import trespasses, with_carrier
from tests.worlds.forwarding import Forwarding
from tests.worlds.kernels import Case, cases, drawn_cases, half_way, with_possible_routes

Property = Callable[[Case], None]

PROPERTIES: list[Property] = []


def holds(check: Property) -> Property:
    """What the name says holds of each case; the check raises AssertionError or what the planner raises."""
    PROPERTIES.append(check)
    return check


@holds
def a_plan_ends_in_the_wanted_state_and_no_step_of_it_is_refused(case: Case) -> None:
    assert apply_all(case.steps, case.actual) == case.wanted


@holds
def a_kernel_that_is_as_it_should_be_is_left_alone(case: Case) -> None:
    wanted = case.wanted
    assert plan(wanted, wanted) == ()
    assert desired(case.after, wanted, case.given) == wanted


@holds
def from_half_a_plan_there_is_a_way_on(case: Case) -> None:
    state = case.interrupted
    wanted = desired(case.after, state, case.given)
    assert apply_all(plan(state, wanted), state) == wanted


@holds
def from_half_a_plan_there_is_a_way_back_to_the_model_before_and_on_again(case: Case) -> None:
    state = case.interrupted
    for model in (case.before, case.after):
        wanted = desired(model, state, case.given)
        state = apply_all(plan(state, wanted), state)
        assert state == wanted


@holds
def from_half_a_plan_there_is_a_way_back_to_the_kernel_as_it_was(case: Case) -> None:
    case = replace(case, actual=with_possible_routes(case.actual))
    state = half_way(case.actual, case.wanted, case.number, case.skips)
    wanted = as_before(case.actual, state, case.given)
    as_it_was = with_filters_for_their_ports(case.actual)  # rules for other ports are not put back
    assert apply_all(plan(state, wanted), state) == as_it_was


@holds
def no_step_names_what_is_somebody_elses(case: Case) -> None:
    state = case.actual
    for step in flat(case.steps):
        assert not trespasses(step, state, case.given.names)
        state = apply(step, state)
    assert foreign(state, case.given.names) == foreign(case.actual, case.given.names)


@holds
def a_management_address_that_moves_is_never_without_a_link_with_carrier(case: Case) -> None:
    cables = {name for name in case.given.nics if name in case.actual.links}
    state = with_carrier(case.earlier, cables)
    wanted = with_carrier(desired(case.after, state, case.given), cables)
    moving = set(management(case.before, state)) & set(management(case.after, wanted))
    for step in plan(state, wanted):
        state = with_carrier(apply(step, state), cables)
        assert moving <= {address.interface for address in reachable(state)}


@holds
def no_bridge_of_pifds_has_two_ways_to_the_outside_at_any_moment(case: Case) -> None:
    state = case.earlier
    for step in case.change:
        state = apply(step, state)
        assert all(len(ways) < 2 for ways in ways_out(state, case.given).values())


@holds
def no_guest_is_looked_for_on_the_way_to_the_outside_at_any_moment(case: Case) -> None:
    """Whatever guests broadcast between any two steps, and although they may never send again."""
    cables = {name for name in case.given.nics if name in case.actual.links}
    state = with_carrier(case.earlier, cables)
    forwarding = Forwarding(cables)
    forwarding.listen(state)
    for step in flat(plan(state, desired(case.after, state, case.given))):
        state = with_carrier(apply(step, state), cables)
        forwarding.after(step, state)
        assert forwarding.lost(state) == []


@holds
def a_bonds_slave_has_no_vlan_of_pifds_at_any_moment(case: Case) -> None:
    state = case.earlier
    for step in case.change:
        state = apply(step, state)
        bonds = {name for name, link in state.links.items() if link.kind == "bond"}
        slaves = {name for name, link in state.links.items() if link.master in bonds and not link.owned}
        assert not [name for name, link in state.links.items() if link.owned and link.lower in slaves]


@pytest.mark.parametrize("check", PROPERTIES, ids=lambda check: check.__name__)
def test_of_every_plan(check: Property) -> None:
    for case in drawn_cases():
        try:
            check(case)
        except Exception:
            given(cases())(check)()  # finds the smallest such case, if it is drawn again
            raise


def ways_out(state: KernelState, given: Given) -> dict[str, list[str]]:
    """The NICs, bonds and VLANs in each bridge of pifd's: with two of them, the switch would have a loop."""
    outer = {name for name, link in state.links.items() if link.kind in ("bond", "vlan") and link.owned}
    found: dict[str, list[str]] = {}
    for name in sorted(outer | given.nics & state.links.keys()):
        master = state.links[name].master
        if master and state.links[master].kind == "bridge" and state.links[master].owned:
            found.setdefault(master, []).append(name)
    return found


def foreign(state: KernelState, given: frozenset[str]) -> tuple[object, object, object]:
    """What is not pifd's."""
    ours = given | {link.name for link in state.links.values() if link.owned}
    return (
        {name: link for name, link in state.links.items() if name not in ours},
        {address for address in state.addresses if address.link not in ours},
        {route for route in state.routes if route.link not in ours},
    )


def management(model: Model, state: KernelState) -> Iterator[str]:
    """The configured addresses of the management interface that can be reached.

    Not on a tunnel: one whose ends change is made anew, and that takes its moment.
    """
    pifs = (pif for pif in model.all(PIF) if pif.management and tunnel_over(model, pif) is None)
    bridges = {bridge_of(model, pif) for pif in pifs}
    here = (address for address in reachable(state) if address.link in bridges)
    return (address.interface for address in here if not address.interface.startswith("fe80"))


def reachable(state: KernelState) -> Iterator[Address]:
    """The addresses that are on a link that is up and has carrier, and that the kernel answers to."""
    for address in sorted(state.addresses):
        link = state.links[address.link]
        if link.up and link.carrier and not address.mute:
            yield address

"""The planner's properties are sharp: each of these mistakes in the planner breaks one of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

from agent.interface_reconfigure import address_moves, nic_moves, vlan_changeover
from agent.interface_reconfigure import plan as planner
from agent.interface_reconfigure.planner import Planner
from agent.kernel.state import Address
from agent.kernel.steps import (
    AddAddress,
    CreateLink,
    DeleteAddress,
    DeleteLinks,
    Refused,
    SetDown,
    SetLearning,
    SetMark,
    SetMaster,
    SetMTU,
    SetRoute,
    Step,
)
from tests.interface_reconfigure import test_planner_properties as properties
from tests.interface_reconfigure.test_planner_properties import PROPERTIES, Property
from tests.worlds.kernels import Case, case_of, cases, drawn_cases
from tests.worlds.networks import Sketch

FEW = 30
"""So many cases show most mistakes."""

Patch = Callable[[pytest.MonkeyPatch], None]


def breaks(case: Case, checks: Sequence[Property] = PROPERTIES) -> bool:
    """Whether one of the properties does not hold, of what is planned now."""
    fresh = replace(case)
    try:
        for holds in checks:
            holds(fresh)
    except (AssertionError, Refused, KeyError):
        return True
    return False


def is_caught(examples: int, checks: Sequence[Property] = PROPERTIES) -> bool:
    """By the first of the properties' own cases, or else by others, which the mistake leads to."""
    return any(breaks(case) for case in drawn_cases()[:FEW]) or is_caught_by_others(examples, checks)


def is_caught_by_others(examples: int, checks: Sequence[Property]) -> bool:
    quick = settings(
        max_examples=examples, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None
    )
    try:
        find(cases(), lambda case: breaks(case, checks), settings=quick)
    except NoSuchExample:
        return False
    except Refused:  # on the way to a case: a kernel that was left half-way is made by the planner as well
        return True
    return True


def put(monkeypatch: pytest.MonkeyPatch, name: str, function: Callable[..., object]) -> None:
    """One of the planner's functions is another, in each of its modules that calls it."""
    for module in (planner, address_moves):
        if hasattr(module, name):
            monkeypatch.setattr(module, name, function)


def without(phase: str) -> Patch:
    """The planner leaves a phase out."""
    return lambda monkeypatch: put(monkeypatch, phase, lambda *_: None)


def changed(function: str, change: Callable[[list[Step]], Iterable[Step]]) -> Patch:
    """One of the planner's functions that make steps makes others."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        original = getattr(planner, function)
        put(monkeypatch, function, lambda *given: list(change(list(original(*given)))))

    return patch


def dropping(function: str, *kinds: type[Step]) -> Patch:
    return changed(function, lambda steps: [step for step in steps if not isinstance(step, kinds)])


def first(*kinds: type[Step]) -> Callable[[list[Step]], list[Step]]:
    return lambda steps: sorted(steps, key=lambda step: not isinstance(step, kinds))


def into_a_wrong_master(steps: list[Step]) -> Iterator[Step]:
    for step in steps:
        yield SetMaster(step.name, "docker0") if isinstance(step, SetMaster) and step.master else step


def addresses_gone_before_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    changed("address_steps", first(DeleteAddress))(monkeypatch)
    monkeypatch.setattr(Planner, "do_together", lambda planner, steps: planner.do(*steps))


def without_keepers(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, "keepers", lambda planner: [])


def attributes_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    original = planner.set_attributes
    put(monkeypatch, "set_attributes", lambda planner: None if _has_moved(planner) else original(planner))


def _has_moved(planner: Planner) -> bool:
    return any(isinstance(step, AddAddress | DeleteLinks | SetMaster) for step in planner.steps)


def moves_to_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    def moves(planner: Planner) -> dict[str, list[tuple[Address, str]]]:
        then = {address.interface: address.link for address in planner.wanted.addresses}
        leaving = [a for a in planner.state.addresses - planner.wanted.addresses if a.interface in then]
        return {one.link: [(a, then[a.interface]) for a in leaving if a.link == one.link] for one in leaving}

    put(monkeypatch, "moves_by_link", moves)
    monkeypatch.setattr(nic_moves, "moves_by_link", moves)


def in_the_bridge_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A VLAN becomes a port when it is made, beside the old one."""
    monkeypatch.setattr(vlan_changeover, "_has_uplink", lambda planner, bridge: False)


def in_before_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vlan_changeover, "_out", lambda planner, state: ())


def vlans_before_their_nics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        vlan_changeover, "_is_ready", lambda planner, want, late: want.lower in planner.state.links
    )


def everything_is_a_leftover(monkeypatch: pytest.MonkeyPatch) -> None:
    def delete(planner: Planner) -> None:
        names = [n for n, link in planner.state.links.items() if link.kind and not link.alias]
        planner.do(*(DeleteLinks((name,)) for name in sorted(names)))

    put(monkeypatch, "delete_leftovers", delete)


def bonds_before_bridges(monkeypatch: pytest.MonkeyPatch) -> None:
    def create(planner: Planner) -> None:
        links = [link for name, link in planner.wanted.links.items() if name not in planner.state.links]
        for link in sorted(links, key=lambda link: link.kind):
            planner.do(CreateLink(link))

    put(monkeypatch, "create_devices", create)


def late_ports_after_their_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same send, with the addresses computed and put before the ports."""
    put(monkeypatch, "apply_all", lambda steps, state: state)


def uplinks_learn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    dropping("port_steps", SetLearning)(monkeypatch)
    put(monkeypatch, "with_learning", lambda planner, steps: list(steps))
    original = Planner.do
    monkeypatch.setattr(
        Planner,
        "do",
        lambda planner, *steps: original(planner, *(s for s in steps if not isinstance(s, SetLearning))),
    )


MUTATIONS: dict[str, Patch] = {
    "uplinks learn at once": uplinks_learn_at_once,
    "leftovers stay": without("delete_leftovers"),
    "misfits stay": without("delete_misfits"),
    "attributes are not set": without("set_attributes"),
    "attributes are set once": attributes_only_once,
    "NICs are not finished": without("finish_nics"),
    "addresses are not finished": without("finish_addresses"),
    "NICs are not woken": without("wake_nics"),
    "GRO is not set": without("set_gro"),
    "no name servers": without("set_resolver"),
    "enslaved while up": dropping("port_steps", SetDown),
    "no alias": dropping("attribute_steps", SetMark),
    "no MTU": dropping("attribute_steps", SetMTU),
    "wrong master": changed("port_steps", into_a_wrong_master),
    "routes before addresses": changed("address_steps", first(SetRoute)),
    "addresses are gone before they come": addresses_gone_before_they_come,
    "keepers go first": without_keepers,
    "moves to anybody": moves_to_anybody,
    "other people's devices are leftovers": everything_is_a_leftover,
    "bonds before bridges": bonds_before_bridges,
    "late ports after their routes": late_ports_after_their_routes,
    "VLANs are not made": without("make_vlans"),
    "VLANs are in the bridge at once": in_the_bridge_at_once,
    "old VLANs stay in the bridge": in_before_out,
    "VLANs before their NICs": vlans_before_their_nics,
    "nothing changes over": changed("changeover", lambda steps: []),
    "old VLANs stay on a slave": changed("old_vlans_on", lambda steps: []),
}


SEEN_BY: dict[str, Property] = {
    "addresses are not finished": properties.from_half_a_plan_there_is_a_way_back_to_the_kernel_as_it_was,
    "VLANs before their NICs": properties.a_bonds_slave_has_no_vlan_of_pifds_at_any_moment,
}
"""The property that shows a mistake that few cases lead to: the others need not be tried on all of them."""


def idle(nics: int) -> Sketch:
    """A host of which nothing is used."""
    zeros = (0,) * nics
    return Sketch(zeros, zeros, zeros[:2], 0, (0, 0, 0), (0, 0), (0, 0))


def a_nic_left_down() -> Case:
    """A plan that unplugs the NIC with the default route has set it down already, and is taken back."""
    used = replace(idle(1), nics=(222,))
    return case_of((97,), idle(1), used, idle(1), 0, (), number=3, skips=True)


def an_address_of_two_devices() -> Case:
    """Management leaves the fifth NIC with an address that somebody else's device has, too."""
    used = replace(idle(5), nics=(0, 0, 0, 0, 388))
    return case_of((0,) * 5, idle(5), used, idle(5), 8, (), number=534, skips=False)


SHOWN_BY = {"NICs are not woken": a_nic_left_down, "moves to anybody": an_address_of_two_devices}
"""A case that shows a mistake which hardly any drawn one leads to."""


@pytest.mark.parametrize("mistake", MUTATIONS)
def test_a_mistake_in_the_planner_is_caught(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn_cases()  # by the planner as it is
    MUTATIONS[mistake](monkeypatch)
    checks = [SEEN_BY[mistake]] if mistake in SEEN_BY else PROPERTIES
    assert breaks(SHOWN_BY[mistake]()) if mistake in SHOWN_BY else is_caught(1500, checks)


def test_the_planner_as_it_is_passes_the_same_check() -> None:
    assert not is_caught(30)
    assert not any(breaks(case()) for case in SHOWN_BY.values())

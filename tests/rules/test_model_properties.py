"""What holds of every model and of every call: nothing breaks a rule, and what breaks one is put right."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given

from agent.errors import Failure
from agent.model.draft import Plan
from agent.model.model import Model
from agent.model.records import PIF, VIF, VLAN, Record, Ref, Tunnel
from agent.model.vifs import is_plugged
from agent.rules import bond
from agent.rules.members import primary_slave
from agent.rules.rectify import rectify
from agent.rules.vif import vifs_to_move
from tests.docs.design import design
from tests.rules.calls import called
from tests.rules.invariants import violations
from tests.worlds.damage import damaged
from tests.worlds.models import MODELS, Numbers, numbers
from tests.worlds.world import with_new_network, with_record

CALLS_IN_A_ROW = 5


@given(MODELS)
def test_the_models_that_are_drawn_break_no_rule(model: Model) -> None:
    assert violations(model) == []


@given(MODELS, numbers(CALLS_IN_A_ROW * 12))
def test_no_call_breaks_a_rule_or_loses_management(model: Model, drawn: Numbers) -> None:
    for _ in range(CALLS_IN_A_ROW):
        try:
            plan = called(model, drawn)
        except Failure:
            continue
        assert (violations(plan.after), plan.before) == ([], model)
        assert managements(plan.after) >= managements(model)
        model = plan.after


@dataclass(frozen=True)
class Bonding:
    """A bond of some free NICs."""

    members: tuple[PIF, ...]
    plan: Plan

    @property
    def master(self) -> PIF:
        after = self.plan.after
        return next(pif for pif in after.all(PIF) if pif.ref not in self.plan.before.records)


def bonding(model: Model, drawn: Numbers) -> Bonding | None:
    """A bond of NICs that are drawn; None where none can be made.

    All NICs' networks are large, so that nothing is refused for its MTU, neither now nor when it is undone.
    """
    for pif in model.all(PIF):
        if pif.physical:
            model = with_record(model, replace(model.get(pif.network), MTU=9000))
    free = [pif.ref for pif in model.all(PIF) if pif.physical and pif.bond_slave_of is None]
    members = tuple(model.get(ref) for ref in dict.fromkeys(drawn.one_of(free) for _ in range(4) if free))
    configured = [pif for pif in members if pif.ip_configuration.is_configured()]
    members = tuple(pif for pif in members if pif not in configured[1:])
    model, home = with_new_network(model, MTU=9000)
    try:
        return Bonding(members, bond.create(model, home, [pif.ref for pif in members], ""))
    except Failure:
        return None


@given(MODELS, numbers(4))
@design("create", 8)
def test_a_bond_has_all_that_its_slaves_had(model: Model, drawn: Numbers) -> None:
    made = bonding(model, drawn)
    if made is None:
        return
    before, after, members = made.plan.before, made.plan.after, {pif.ref for pif in made.members}
    assert violations(after) == []
    assert moved(before, after, VIF, "network", home_of(made)) == []
    assert moved(before, after, Tunnel, "transport_PIF", transport_of(made)) == []
    kept = {(vlan.tagged_PIF in members, vlan.tag): vlan for vlan in reversed(in_order(made))}
    assert after.all(VLAN) == tuple(
        replace(vlan, tagged_PIF=made.master.ref) if vlan.tagged_PIF in members else vlan
        for vlan in before.all(VLAN)
        if vlan.tagged_PIF not in members or kept[True, vlan.tag] == vlan
    )


@given(MODELS, numbers(4))
def test_the_VMs_that_are_asked_are_those_whose_plugged_VIFs_change_their_network(
    model: Model, drawn: Numbers
) -> None:
    made = bonding(model, drawn)
    if made is None:
        return
    for plan in (made.plan, unbonded(made)):
        changed = {vif.ref for vif in plan.after.all(VIF) if plan.before.get(vif.ref).network != vif.network}
        asked = {ref for ref in changed if is_plugged(plan.before, plan.before.get(Ref[VIF](ref)))}
        assert (set(plan.unplug), len(plan.unplug), plan.plug) == (asked, len(asked), plan.unplug)


@given(MODELS, numbers(4))
def test_a_destroyed_bond_leaves_all_on_its_primary_slave(model: Model, drawn: Numbers) -> None:
    made = bonding(model, drawn)
    if made is None:
        return
    before, last = made.plan.after, unbonded(made).after
    old = primary_slave(made.members)
    new = last.get(old.ref)
    assert violations(last) == []
    assert (new.ip_configuration, new.other_config) == (old.ip_configuration, old.other_config)
    assert moved(before, last, VLAN, "tagged_PIF", {made.master.ref: old.ref}) == []
    assert moved(before, last, Tunnel, "transport_PIF", {made.master.ref: old.ref}) == []
    moving = vifs_to_move(before, made.master.network, old.host)
    places = {vif.ref: old.network for vif in moving}
    assert last.all(VIF) == tuple(
        replace(vif, network=places.get(vif.ref, vif.network)) for vif in before.all(VIF)
    )


@given(MODELS, numbers(40))
@design("start", 2)
def test_a_damaged_model_is_put_right_and_then_stays(model: Model, drawn: Numbers) -> None:
    first = rectify(damaged(model, drawn))
    assert violations(first.model) == []
    again = rectify(first.model)
    assert (again.model, again.log) == (first.model, ())


@given(MODELS, numbers(40))
def test_what_is_put_right_is_told(model: Model, drawn: Numbers) -> None:
    broken = damaged(model, drawn)
    done = rectify(broken)
    assert bool(done.log) == (done.model != broken)


@given(MODELS)
def test_a_model_that_breaks_no_rule_loses_nothing_at_start_up(model: Model) -> None:
    """VIFs-to-move on the network of a slave may go up, as the design says of a start-up."""
    after = rectify(model).model
    assert [r for r in after.records.values() if not isinstance(r, VIF)] == [
        r for r in model.records.values() if not isinstance(r, VIF)
    ]
    assert {vif.ref for vif in after.all(VIF)} == {vif.ref for vif in model.all(VIF)}


def managements(model: Model) -> int:
    return sum(pif.management for pif in model.all(PIF))


def unbonded(made: Bonding) -> Plan:
    return bond.destroy(made.plan.after, Ref(made.plan.result or ""))


def in_order(made: Bonding) -> list[VLAN]:
    """The VLANs on the members, the first-named member's first."""
    before = made.plan.before
    return [vlan for pif in made.members for vlan in before.all(VLAN) if vlan.tagged_PIF == pif.ref]


def joined(made: Bonding) -> Mapping[str, PIF]:
    """The upper PIF of each VLAN on the members, and the one that is left of its tag."""
    before = made.plan.before
    first: dict[int, PIF] = {}
    return {
        vlan.untagged_PIF: first.setdefault(vlan.tag, before.get(vlan.untagged_PIF))
        for vlan in in_order(made)
    }


def home_of(made: Bonding) -> Mapping[str, str]:
    """Where the VIFs-to-move of a network go, by the VIF."""
    before, host = made.plan.before, made.master.host
    places = {pif.network: made.master.network for pif in made.members}
    places |= {before.get(Ref[PIF](ref)).network: left.network for ref, left in joined(made).items()}
    return {
        vif.ref: place for network, place in places.items() for vif in vifs_to_move(before, network, host)
    }


def transport_of(made: Bonding) -> Mapping[str, str]:
    """Where the tunnels of a PIF go, by the PIF."""
    return {pif.ref: made.master.ref for pif in made.members} | {
        ref: left.ref for ref, left in joined(made).items()
    }


def moved(
    before: Model, after: Model, kind: type[Record], field: str, places: Mapping[str, str]
) -> list[Record]:
    """The records that changed otherwise than in the field, by the places of the records or of its values."""
    old = before.all(kind)
    new = {record.ref: record for record in after.all(kind)}
    wrong = []
    for record in old:
        value = getattr(record, field)
        wanted: Any = {field: places.get(record.ref, places.get(value, value))}
        wrong += [record] if new.get(record.ref) != replace(record, **wanted) else []
    return wrong

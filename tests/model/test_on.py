"""model.on(host): what of a pool's model means something for one host's kernel."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.desired.desired import desired
from agent.model.draft import Draft
from agent.model.layering import given_by
from agent.model.model import Model, here, management, pifs_of
from agent.model.records import PIF, VIF, VM, Bond, Host, PowerState, Ref
from agent.rules import bond, host, pif, vif, vlan, vm
from agent.rules.vif import vifs_to_move
from tests.worlds.hosts import host as machine
from tests.worlds.pools import alone, host_called, other_host, own_host, pif_on_host, with_host
from tests.worlds.world import World, bonded, network_of, taken_over, with_new_network, with_record


def test_of_one_host_it_is_the_model_itself() -> None:
    model = taken_over(machine())
    assert model.on(own_host(model).ref) is model


def test_each_of_two_hosts_with_the_same_devices_sees_its_own_pifs_and_what_is_on_them() -> None:
    ours = bonded(taken_over(machine()), "eth0", "eth1")
    model = with_host(ours, bonded(alone("host2"), "eth0", "eth1"))
    for found in model.all(Host):
        seen = model.on(found.ref)
        assert {pif.host for pif in seen.all(PIF)} == {found.ref}
        assert len(seen.all(Bond)) == 1
        assert seen.all(Host) == model.all(Host)


def test_the_kernel_is_wanted_as_without_the_other_host() -> None:
    state = machine()
    alone = bonded(taken_over(state), "eth0", "eth1")
    pool = other_host(alone)
    assert {*here(pool).records} == {*alone.records, *(one.ref for one in pool.all(Host))}
    assert desired(here(pool), state, given_by(here(pool))) == desired(alone, state, given_by(alone))
    assert management(pool) == management(alone)


def test_a_vm_that_runs_elsewhere_has_no_vif_here() -> None:
    model = other_host(taken_over(machine()))
    far, net = host_called(model, "host2").ref, network_of(model, "xenbr0").ref
    draft = Draft(model)
    one = draft.put(VM(uuid=draft.new_uuid(), power_state=PowerState.RUNNING, resident_on=far, domid=7))
    port = draft.put(VIF(uuid=draft.new_uuid(), device="0", network=net, VM=one.ref, currently_attached=True))
    assert port.ref not in here(draft.model).records
    assert port.ref in draft.model.on(far).records
    draft.put(replace(one, resident_on=own_host(model).ref))
    assert port.ref in here(draft.model).records
    assert port.ref not in draft.model.on(far).records


def test_a_halted_vm_is_moved_with_a_pif_where_this_is_the_only_host_that_it_can_start_on() -> None:
    model = other_host(taken_over(machine()))
    net, own = network_of(model, "xenbr0").ref, own_host(model).ref
    far = host_called(model, "host2").ref
    for hosts, moves in (((), False), ((own, far), False), ((own,), True), ((far,), False)):
        made = vm.create(model, {"name_label": "alpha", "possible_hosts": hosts})
        plan = vif.create(made.after, {"device": "0", "network": net, "VM": Ref(str(made.result))})
        assert bool(vifs_to_move(plan.after, net, own)) == moves


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=12))
def test_what_a_host_sees_is_the_same_whether_it_saw_earlier_models_or_not(choices: list[int]) -> None:
    model = other_host(taken_over(machine()))
    for number, choice in enumerate(choices):
        model = changed(model, choice, number)
        for found in model.all(Host):
            fresh = Model(dict(model.records)).on(found.ref)
            seen = model.on(found.ref)
            assert seen == fresh
            assert list(seen.records) == list(fresh.records)


def changed(model: Model, choice: int, number: int) -> Model:
    """The model after something that may happen to either host."""
    hosts = model.all(Host)
    pifs = [one for one in pifs_of(model, hosts[number % 2].ref) if one.physical and one.managed]
    if choice == 0:
        first = pifs[number // 2 % 2]
        more, net = with_new_network(model)
        return model if first.bond_slave_of else vlan.create(more, first.ref, number + 1, net).after
    if choice == 1 and not any(one.bond_slave_of for one in pifs):
        more, net = with_new_network(model)
        return bond.create(more, net, [one.ref for one in pifs], "").after
    if choice == 2:
        return next(
            (bond.destroy(model, one.ref).after for one in model.all(Bond)),
            model,
        )
    vms = model.all(VM)
    if choice == 3 and vms:
        moved = hosts[(hosts[0].ref == vms[0].resident_on)].ref
        return with_record(model, replace(vms[0], power_state=PowerState.RUNNING, resident_on=moved))
    if choice == 4:
        made = vm.create(model, {"name_label": f"vm{number}"})
        net = network_of(model, "xenbr1").ref
        return vif.create(made.after, {"device": "0", "network": net, "VM": Ref(str(made.result))}).after
    return (
        pif.set_disallow_unplug(model, pifs[0].ref, number % 3 == 0).after
        if not pifs[0].bond_slave_of
        else model
    )


async def test_the_engine_of_a_host_in_a_pool_touches_nothing_for_another_hosts_pifs(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.start()
    before = world.kernel.state
    pool = other_host(world.model)
    await world.engine.change(
        lambda model, facts: replace(
            pif.scan(model, own_host(model).ref, facts=facts), after=pool, is_learnt=True
        )
    )
    assert world.kernel.state == before
    assert world.engine.in_model_state.is_set()
    far = host_called(world.model, "host2").ref
    await world.create_bond("eth0", "eth1")
    assert world.above("eth0") == ["bond0", "xapi0"]
    assert pif_on_host(world.model, "eth0", far).bond_slave_of is None
    await world.restart()
    assert world.above("eth0") == ["bond0", "xapi0"]
    assert world.engine.words == "the network is in the model's state"
    await world.do(host.management_disable)
    assert management(world.model) is None
    assert pif_on_host(world.model, "eth0", far).management
    await world.stop()

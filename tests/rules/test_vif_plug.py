"""VIF.plug, unplug, unplug_force, move and destroy; and which VIFs are to move with a PIF."""

from dataclasses import replace
from typing import Any

import pytest

from agent.errors import (
    CannotPlugBondSlave,
    DeviceAlreadyAttached,
    DeviceAlreadyDetached,
    InvalidValue,
    NetworkUnmanaged,
    OperationNotAllowed,
    PIFUnmanaged,
    VMBadPowerState,
)
from agent.model.model import Model
from agent.model.records import VIF, VM, Host
from agent.rules import vif, vm
from agent.rules.plugging import attached_vifs
from tests.docs.design import design
from tests.worlds.uppers import only, refused, vif_of, with_tunnel, with_VIF, with_vm
from tests.worlds.world import (
    bonded,
    host,
    host_of,
    network_of,
    nic,
    pif_of,
    taken_over,
    with_network,
    with_new_network,
    with_pif,
    with_record,
)

BARE, OWNER = with_vm(taken_over(host(nic(0), nic(1), nic(2))), name_label="guest")
WIRED = network_of(BARE, "xenbr1").ref
MODEL, INSIDE = with_new_network(BARE, name_label="inside")
"""eth0 is plugged; eth1 and eth2 are not; one network is internal."""

RUNNING = vm.start(MODEL, OWNER.ref).after
WITH_VIF = with_VIF(RUNNING, OWNER, WIRED)
ELSEWHERE = Host(uuid="00000000-0000-0000-0000-00000000000e", name_label="host2")


def state(model: Model, *calls: Any) -> Model:
    for call in calls:
        model = call(model, OWNER.ref).after
    return model


def test_plug_asks_the_VM_and_brings_the_network_up() -> None:
    ref = vif_of(WITH_VIF, OWNER).ref
    plan = vif.plug(WITH_VIF, ref)
    assert (plan.plug, plan.unplug) == ((ref,), ())
    assert vif_of(plan.after, OWNER).currently_attached is True
    assert pif_of(plan.after, "eth1").currently_attached is True


def test_plug_on_an_internal_network_changes_no_PIF() -> None:
    model = with_VIF(RUNNING, OWNER, INSIDE)
    plugged = vif_of(model, OWNER)
    after = vif.plug(model, plugged.ref).after
    assert after == with_record(model, replace(plugged, currently_attached=True))


def test_plug_brings_up_what_a_tunnels_network_needs() -> None:
    model = with_pif(RUNNING, "eth1", ip_configuration=pif_of(RUNNING, "eth0").ip_configuration)
    model, tunnel = with_tunnel(model, pif_of(model, "eth1"))
    access = replace(model.get(tunnel.access_PIF), currently_attached=False)
    model = with_pif(with_record(model, access), "eth1", currently_attached=False)
    model = with_VIF(model, OWNER, access.network)
    after = vif.plug(model, vif_of(model, OWNER).ref).after
    assert (after.get(access.ref).currently_attached, pif_of(after, "eth1").currently_attached) == (
        True,
        True,
    )


@design("slaves", 3)
def test_plug_that_would_need_a_bond_slave_is_refused() -> None:
    model = bonded(RUNNING, "eth2", "eth1")
    model = with_VIF(model, OWNER, WIRED)
    slave = pif_of(model, "eth1").ref
    assert refused(vif.plug, model, vif_of(model, OWNER).ref) == (CannotPlugBondSlave, (slave,))


def test_plug_on_what_is_not_pifds_is_refused() -> None:
    ref = vif_of(WITH_VIF, OWNER).ref
    model = with_pif(WITH_VIF, "eth1", managed=False)
    assert refused(vif.plug, model, ref) == (PIFUnmanaged, (pif_of(model, "eth1").ref,))
    model = with_network(WITH_VIF, "xenbr1", managed=False)
    assert refused(vif.plug, model, ref) == (NetworkUnmanaged, (WIRED,))


def test_plug_and_unplug_refuse_what_is_so_already() -> None:
    ref = vif_of(WITH_VIF, OWNER).ref
    plugged = vif.plug(WITH_VIF, ref).after
    assert refused(vif.plug, plugged, ref) == (DeviceAlreadyAttached, (ref,))
    assert refused(vif.unplug, WITH_VIF, ref) == (DeviceAlreadyDetached, (ref,))
    assert refused(vif.unplug_force, WITH_VIF, ref) == (DeviceAlreadyDetached, (ref,))


@pytest.mark.parametrize("rule", [vif.plug, vif.unplug, vif.unplug_force])
@pytest.mark.parametrize(
    ("calls", "actual"),
    [((vm.pause,), "paused"), ((vm.suspend,), "suspended"), ((vm.hard_shutdown,), "halted")],
)
def test_a_VM_that_does_not_run_takes_and_gives_up_nothing(rule: Any, calls: Any, actual: str) -> None:
    model = state(WITH_VIF, *calls)
    ref = vif_of(model, OWNER).ref
    assert refused(rule, model, ref) == (VMBadPowerState, (OWNER.ref, "running", actual))


def test_unplug_asks_the_VM_and_leaves_the_network_up() -> None:
    ref = vif_of(WITH_VIF, OWNER).ref
    plugged = vif.plug(WITH_VIF, ref).after
    plan = vif.unplug(plugged, ref)
    assert (plan.unplug, plan.plug) == ((ref,), ())
    assert plan.after == with_pif(WITH_VIF, "eth1", currently_attached=True)


def test_unplug_force_asks_nobody() -> None:
    ref = vif_of(WITH_VIF, OWNER).ref
    plugged = vif.plug(WITH_VIF, ref).after
    plan = vif.unplug_force(plugged, ref)
    assert (plan.unplug, plan.after) == ((), vif.unplug(plugged, ref).after)


def test_destroy_takes_a_VIF_that_is_not_in_use() -> None:
    ref = vif_of(WITH_VIF, OWNER).ref
    assert vif.destroy(WITH_VIF, ref).after == RUNNING
    plugged = vif.plug(WITH_VIF, ref).after
    assert refused(vif.destroy, plugged, ref) == (
        OperationNotAllowed,
        ("VIF currently attached to a running VM",),
    )
    assert refused(vif.destroy, state(plugged, vm.pause), ref)[0] == OperationNotAllowed
    assert vif.destroy(state(plugged, vm.suspend), ref).after.all(VIF) == ()


def test_a_plugged_VIF_moves_without_its_VM_noticing() -> None:
    model = vif.plug(WITH_VIF, vif_of(WITH_VIF, OWNER).ref).after
    plan = vif.move(model, vif_of(model, OWNER).ref, network_of(model, "xenbr2").ref)
    moved = replace(vif_of(model, OWNER), network=network_of(model, "xenbr2").ref)
    assert (plan.unplug, plan.plug) == ((), ())
    assert plan.after == with_pif(with_record(model, moved), "eth2", currently_attached=True)


def test_a_VIF_that_is_not_plugged_moves_without_its_new_network_coming_up() -> None:
    model = bonded(WITH_VIF, "eth2")
    target = network_of(model, "xenbr2").ref
    plan = vif.move(model, vif_of(model, OWNER).ref, target)
    assert plan.after == with_record(model, replace(vif_of(model, OWNER), network=target))


@design("slaves", 3)
def test_a_plugged_VIF_cannot_move_to_a_bond_slaves_network() -> None:
    model = bonded(vif.plug(WITH_VIF, vif_of(WITH_VIF, OWNER).ref).after, "eth2")
    found = refused(vif.move, model, vif_of(model, OWNER).ref, network_of(model, "xenbr2").ref)
    assert found == (CannotPlugBondSlave, (pif_of(model, "eth2").ref,))


def test_a_VIF_cannot_move_to_where_its_MTU_does_not_fit() -> None:
    model = with_network(WITH_VIF, "xapi0", MTU=1400)
    words = "1500: larger than the 1400 of the network inside"
    assert refused(vif.move, model, vif_of(model, OWNER).ref, INSIDE) == (InvalidValue, ("MTU", words))


def placed(**fields: Any) -> Model:
    """A VIF of a VM in some state, and a host more."""
    model = with_record(with_VIF(MODEL, OWNER, WIRED), ELSEWHERE)
    return with_record(model, replace(OWNER, **fields))


HERE = host_of(MODEL).ref


@pytest.mark.parametrize(
    ("fields", "moves"),
    [
        ({"power_state": "Running", "resident_on": HERE}, True),
        ({"power_state": "Paused", "resident_on": HERE}, True),
        ({"power_state": "Suspended", "resident_on": HERE}, True),
        ({"power_state": "Running", "resident_on": ELSEWHERE.ref, "possible_hosts": (HERE,)}, False),
        ({"power_state": "Suspended", "resident_on": ELSEWHERE.ref, "possible_hosts": (HERE,)}, False),
        ({"power_state": "Halted", "possible_hosts": (HERE,)}, True),
        ({"power_state": "Halted", "possible_hosts": (HERE, ELSEWHERE.ref)}, False),
        ({"power_state": "Halted", "possible_hosts": (ELSEWHERE.ref,)}, False),
        ({"power_state": "Halted", "affinity": HERE}, False),
    ],
)
@design("VIF-to-move", 1)
@design("VIF-to-move", 2)
def test_a_VIF_is_to_move_if_its_VM_is_here_or_can_only_start_here(
    fields: dict[str, Any], moves: bool
) -> None:
    model = placed(**fields)
    expected = (vif_of(model, OWNER),) if moves else ()
    assert vif.vifs_to_move(model, WIRED, HERE) == expected
    assert vif.vifs_to_move(model, INSIDE, HERE) == ()


@design("VIF-to-move", 2)
def test_on_a_single_host_every_halted_VM_can_only_start_there() -> None:
    model = with_VIF(MODEL, OWNER, WIRED)
    assert vif.vifs_to_move(model, WIRED, HERE) == (vif_of(model, OWNER),)


def test_the_VIFs_in_use_are_those_that_are_attached_to_a_live_VM() -> None:
    plugged = vif.plug(WITH_VIF, vif_of(WITH_VIF, OWNER).ref).after
    models = [WITH_VIF, plugged, state(plugged, vm.pause), state(plugged, vm.suspend)]
    assert [len(attached_vifs(model, WIRED)) for model in models] == [0, 1, 1, 0]
    assert only(plugged, VM).power_state == "Running"

"""The VM calls: states, and what they mean for the VM's VIFs."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agent.errors import (
    CannotPlugBondSlave,
    HandleInvalid,
    InvalidValue,
    OperationNotAllowed,
    VMBadPowerState,
    VMIsTemplate,
)
from agent.model.draft import Plan
from agent.model.model import Model
from agent.model.records import VIF, VM, Host, PowerState, VMGuestMetrics
from agent.model.vifs import device_of, is_plugged
from agent.rules import vif, vm
from tests.docs.design import design
from tests.worlds.uppers import UNKNOWN, only, refused, vif_of, with_VIF, with_vm
from tests.worlds.world import (
    bonded,
    host,
    host_of,
    network_of,
    nic,
    pif_of,
    taken_over,
    with_pif,
    with_record,
)

BARE, OWNER = with_vm(taken_over(host(nic(0), nic(1), nic(2))), name_label="guest")
HERE = host_of(BARE).ref
HALTED = with_VIF(
    with_VIF(BARE, OWNER, network_of(BARE, "xenbr1").ref), OWNER, network_of(BARE, "xenbr2").ref, "1"
)
"""A halted VM with a VIF on eth1's network and one on eth2's; neither is plugged."""

RUNNING = vm.start(HALTED, OWNER.ref).after
PAUSED = vm.pause(RUNNING, OWNER.ref).after
SUSPENDED = vm.suspend(RUNNING, OWNER.ref).after
IN_STATE = {"halted": HALTED, "running": RUNNING, "paused": PAUSED, "suspended": SUSPENDED}
ELSEWHERE = Host(uuid="00000000-0000-0000-0000-00000000000e", name_label="host2")


def owner(model: Model) -> VM:
    return model.find(VM, OWNER.ref)


def attached(model: Model) -> list[bool]:
    return [vif_of(model, OWNER, device).currently_attached for device in ("0", "1")]


def plugged(model: Model) -> list[str]:
    return [device_of(model, found) for found in model.all(VIF) if is_plugged(model, found)]


def test_a_VM_has_what_was_given_and_is_halted() -> None:
    given: dict[str, Any] = {
        "name_label": "a", "name_description": "b", "affinity": HERE, "possible_hosts": (HERE,),
        "is_a_template": True, "other_config": {"mac_seed": "s"},
    }  # fmt: skip
    _, made = with_vm(BARE, **given)
    assert {name: getattr(made, name) for name in given} == given
    assert (made.power_state, made.resident_on, made.domid) == (PowerState.HALTED, None, -1)


def test_a_VM_for_hosts_that_are_not_there_is_refused() -> None:
    for record in ({"affinity": UNKNOWN}, {"possible_hosts": (HERE, UNKNOWN)}):
        assert refused(vm.create, BARE, record) == (HandleInvalid, ("host", UNKNOWN))


def test_start_attaches_every_VIF_and_asks_nobody() -> None:
    plan = vm.start(HALTED, OWNER.ref)
    assert (plan.plug, plan.unplug) == ((), ())
    assert plugged(plan.after) == ["vif1.0", "vif1.1"]
    found = owner(plan.after)
    assert (found.power_state, found.resident_on, found.domid) == (PowerState.RUNNING, HERE, 1)
    assert [pif_of(plan.after, device).currently_attached for device in ("eth1", "eth2")] == [True, True]


def test_start_paused_leaves_the_VM_paused_with_its_devices() -> None:
    after = vm.start(HALTED, OWNER.ref, True).after
    assert (owner(after).power_state, plugged(after)) == (PowerState.PAUSED, ["vif1.0", "vif1.1"])


@pytest.mark.parametrize("call", [vm.start, vm.resume])
@design("slaves", 3)
def test_a_VM_that_would_need_a_bond_slave_does_not_start(call: Callable[..., Plan]) -> None:
    model = HALTED if call is vm.start else with_pif(SUSPENDED, "eth2", currently_attached=False)
    slave = replace(pif_of(model, "eth2"), bond_slave_of=UNKNOWN, currently_attached=False)
    found = refused(call, with_record(model, slave), OWNER.ref)
    assert found == (CannotPlugBondSlave, (slave.ref,))


def test_a_VM_without_VIFs_on_a_slave_starts() -> None:
    model = bonded(BARE, "eth1", "eth2")
    assert owner(vm.start(model, OWNER.ref).after).power_state == PowerState.RUNNING


def test_a_VM_starts_on_its_affinity_where_that_is_possible() -> None:
    model = with_record(HALTED, ELSEWHERE)
    there = ELSEWHERE.ref
    for fields, expected in (
        ({}, HERE),
        ({"affinity": there}, there),
        ({"possible_hosts": (there,)}, there),
        ({"affinity": there, "possible_hosts": (HERE,)}, HERE),
    ):
        able = with_record(model, replace(OWNER, **fields))
        assert owner(vm.start(able, OWNER.ref).after).resident_on == expected


@pytest.mark.parametrize(("call", "model"), [(vm.start_on, HALTED), (vm.resume_on, SUSPENDED)])
def test_a_VM_can_be_put_on_a_host_that_is_possible(call: Callable[..., Plan], model: Model) -> None:
    more = with_record(model, ELSEWHERE)
    assert owner(call(more, OWNER.ref, ELSEWHERE.ref).after).resident_on == ELSEWHERE.ref
    assert refused(call, model, OWNER.ref, UNKNOWN) == (HandleInvalid, ("host", UNKNOWN))
    bound = with_record(more, replace(owner(more), possible_hosts=(HERE,)))
    words = f"{ELSEWHERE.ref} is not among the hosts that the VM can start on"
    assert refused(call, bound, OWNER.ref, ELSEWHERE.ref) == (OperationNotAllowed, (words,))


def test_another_host_plugs_no_PIF_of_this_one() -> None:
    model = with_record(HALTED, ELSEWHERE)
    after = vm.start_on(model, OWNER.ref, ELSEWHERE.ref).after
    assert [pif_of(after, device).currently_attached for device in ("eth1", "eth2")] == [False, False]


@pytest.mark.parametrize("call", [vm.clean_shutdown, vm.hard_shutdown, vm.shutdown])
def test_shutdown_detaches_the_VIFs(call: Callable[..., Plan]) -> None:
    plan = call(vm.set_pv_drivers_detected(RUNNING, OWNER.ref, True).after, OWNER.ref)
    assert (attached(plan.after), plan.unplug) == ([False, False], ())
    assert (owner(plan.after), plan.after.all(VMGuestMetrics)) == (OWNER, ())


def test_a_paused_VM_keeps_its_devices() -> None:
    assert plugged(PAUSED) == plugged(RUNNING)
    assert vm.unpause(PAUSED, OWNER.ref).after == RUNNING


def test_a_suspended_VM_has_no_devices_and_is_still_known_to_be_here() -> None:
    found = owner(SUSPENDED)
    assert (found.power_state, found.resident_on, found.domid) == (PowerState.SUSPENDED, HERE, -1)
    assert (plugged(SUSPENDED), attached(SUSPENDED)) == ([], [True, True])


def test_resume_brings_back_the_VIFs_that_were_attached() -> None:
    unplugged = vif.unplug(RUNNING, vif_of(RUNNING, OWNER).ref).after
    model = vm.suspend(unplugged, OWNER.ref).after
    model = with_pif(model, "eth2", currently_attached=False)
    plan = vm.resume(model, OWNER.ref)
    assert (plan.after, plan.plug) == (unplugged, ())
    assert owner(vm.resume(model, OWNER.ref, True).after).power_state == PowerState.PAUSED


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (vm.start, "halted"),
        (lambda model, ref: vm.start_on(model, ref, HERE), "halted"),
        (vm.resume, "suspended"),
        (lambda model, ref: vm.resume_on(model, ref, HERE), "suspended"),
        (vm.suspend, "running"),
        (vm.pause, "running"),
        (vm.unpause, "paused"),
        (vm.clean_shutdown, "running"),
        (vm.hard_shutdown, "paused, running, suspended"),
        (vm.shutdown, "paused, running, suspended"),
        (vm.destroy, "halted"),
        (lambda model, ref: vm.set_domid(model, ref, 7), "halted, suspended"),
    ],
)
def test_a_call_in_the_wrong_state_is_refused(call: Callable[..., Plan], expected: str) -> None:
    taken = []
    for name, model in IN_STATE.items():
        if name in expected.split(", "):
            call(model, OWNER.ref)
            taken.append(name)
        else:
            assert refused(call, model, OWNER.ref) == (VMBadPowerState, (OWNER.ref, expected, name))
    assert sorted(taken) == sorted(expected.split(", "))


def test_a_template_does_nothing() -> None:
    model = with_record(HALTED, replace(OWNER, is_a_template=True))
    for call in (vm.start, vm.resume, vm.suspend, vm.pause, vm.unpause, vm.shutdown, vm.clean_shutdown):
        assert refused(call, model, OWNER.ref) == (VMIsTemplate, (OWNER.ref,))


def test_destroy_takes_the_VIFs_with_it() -> None:
    model = vm.set_pv_drivers_detected(HALTED, OWNER.ref, True).after
    after = vm.destroy(model, OWNER.ref).after
    assert (after.all(VM), after.all(VIF), after.all(VMGuestMetrics)) == ((), (), ())


def test_a_VM_gets_the_smallest_number_that_none_has() -> None:
    model, second = with_vm(RUNNING)
    model, third = with_vm(model)
    model, fourth = with_vm(vm.set_domid(model, third.ref, 2).after)
    model = vm.start(vm.start(model, fourth.ref).after, third.ref).after
    model = vm.start(vm.shutdown(model, OWNER.ref).after, second.ref).after
    assert [model.get(found.ref).domid for found in (OWNER, second, third, fourth)] == [-1, 1, 2, 3]


def test_a_VM_starts_and_goes_on_with_the_number_that_was_told() -> None:
    model = vm.start(vm.set_domid(HALTED, OWNER.ref, 42).after, OWNER.ref).after
    assert (owner(model).domid, plugged(model)) == (42, ["vif42.0", "vif42.1"])
    model = vm.suspend(model, OWNER.ref).after
    assert plugged(vm.resume(vm.set_domid(model, OWNER.ref, 43).after, OWNER.ref).after)[0] == "vif43.0"
    assert owner(vm.resume(model, OWNER.ref).after).domid == 1


@pytest.mark.parametrize("value", [0, -1, 100_000_000])
def test_a_number_that_no_domain_has_is_refused(value: int) -> None:
    words = f"{value}: not a number from 1 to 99999999"
    assert refused(vm.set_domid, HALTED, OWNER.ref, value) == (InvalidValue, ("domid", words))


def test_a_number_that_a_live_VM_has_is_refused() -> None:
    model, second = with_vm(RUNNING)
    found = InvalidValue, ("domid", "1: guest has it")
    assert refused(vm.set_domid, model, second.ref, 1) == found
    early, second = with_vm(HALTED)
    early = vm.set_domid(early, second.ref, 1).after
    early = vm.start(vm.set_domid(early, OWNER.ref, 1).after, OWNER.ref).after
    assert refused(vm.start, early, second.ref) == found


def test_a_number_that_a_VIFs_device_is_called_by_is_left_free() -> None:
    model, second = with_vm(BARE)
    network = network_of(BARE, "xenbr1").ref
    model = with_VIF(model, OWNER, network, other_config={"host-device": "vif1.7"})
    assert model.get(second.ref).domid == -1
    assert vm.start(model, second.ref).after.get(second.ref).domid == 2
    words = "1: the device of another VIF is called by it"
    assert refused(vm.set_domid, model, second.ref, 1) == (InvalidValue, ("domid", words))
    own = with_VIF(BARE, OWNER, network, other_config={"host-device": "vif1.0"})
    assert owner(vm.set_domid(own, OWNER.ref, 1).after).domid == 1


def test_PV_drivers_are_told_and_told_otherwise() -> None:
    model = vm.set_pv_drivers_detected(RUNNING, OWNER.ref, True).after
    metrics = only(model, VMGuestMetrics)
    assert (owner(model).guest_metrics, metrics.PV_drivers_detected) == (metrics.ref, True)
    again = vm.set_pv_drivers_detected(model, OWNER.ref, False).after
    assert again == with_record(model, replace(metrics, PV_drivers_detected=False))


def test_a_reference_to_nothing_is_refused() -> None:
    for call in (vm.start, vm.shutdown, vm.suspend, vm.resume, vm.pause, vm.unpause, vm.destroy):
        assert refused(call, RUNNING, UNKNOWN) == (HandleInvalid, ("VM", UNKNOWN))

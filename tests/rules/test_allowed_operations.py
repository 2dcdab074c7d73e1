"""allowed_operations of VMs and VIFs says what their calls do."""

from dataclasses import replace

import pytest

from agent.errors import DeviceAlreadyAttached, DeviceAlreadyDetached, VMBadPowerState, VMIsTemplate
from agent.model.model import Model
from agent.model.records import VIF, VM, PowerState
from agent.model.vifs import is_live
from agent.rules import vif, vm
from tests.worlds.uppers import only, with_VIF, with_vm
from tests.worlds.world import host, host_of, network_of, taken_over, with_record

MODEL = taken_over(host())
MODEL = with_VIF(*with_vm(MODEL), network_of(MODEL, "xenbr1").ref)
OPERATIONS = tuple(vm.ALLOWED)

every_state = pytest.mark.parametrize("state", PowerState)


def in_state(state: PowerState, **fields: bool) -> Model:
    """The model with its VM in a state, as the calls would leave it."""
    owner = replace(only(MODEL, VM), power_state=state, **fields)  # type: ignore[arg-type]
    place = None if state == PowerState.HALTED else host_of(MODEL).ref
    return with_record(MODEL, replace(owner, resident_on=place, domid=1 if is_live(owner) else -1))


def is_allowed(model: Model, operation: str) -> bool:
    """Whether the VM's state lets the call pass."""
    more = [host_of(model).ref] if operation.endswith("_on") else []
    try:
        getattr(vm, operation)(model, only(model, VM).ref, *more)
    except (VMBadPowerState, VMIsTemplate):
        return False
    return True


@every_state
@pytest.mark.parametrize("is_a_template", [False, True])
def test_a_VM_has_the_calls_that_its_state_allows(state: PowerState, is_a_template: bool) -> None:
    if is_a_template and state != PowerState.HALTED:
        return  # only a halted VM becomes a template
    model = in_state(state, is_a_template=is_a_template)
    allowed = [operation for operation in OPERATIONS if is_allowed(model, operation)]
    assert list(vm.allowed_operations(only(model, VM))) == allowed


@every_state
@pytest.mark.parametrize("attached", [False, True])
def test_a_VIF_has_the_calls_that_its_state_and_its_VMs_allow(state: PowerState, attached: bool) -> None:
    model = in_state(state)
    own = replace(only(model, VIF), currently_attached=attached)
    model = with_record(model, own)
    allowed = []
    for operation in ("plug", "unplug", "unplug_force"):
        try:
            getattr(vif, operation)(model, own.ref)
        except (VMBadPowerState, DeviceAlreadyAttached, DeviceAlreadyDetached):
            continue
        allowed.append(operation)
    assert list(vif.allowed_operations(model, own)) == allowed

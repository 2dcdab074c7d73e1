"""The setters of RW fields: what they do; and those of VIFs and VMs."""

from dataclasses import replace
from typing import Any

from agent.errors import (
    Failure,
    HandleInvalid,
    InvalidValue,
    MapDuplicateKey,
    OperationNotAllowed,
    VMBadPowerState,
)
from agent.model.model import Model
from agent.model.records import VIF, VM, Network, Record, Ref
from agent.rules import setters, vif, vm
from tests.worlds.uppers import UNKNOWN, only, refused, vif_of, with_VIF, with_vm
from tests.worlds.world import (
    host,
    host_of,
    network_of,
    nic,
    taken_over,
    with_network,
    with_record,
)

MODEL = taken_over(host(nic(0), nic(1)))
NETWORK = network_of(MODEL, "xenbr1")


def refusal(model: Model, record: Record, name: str, value: Any) -> tuple[type[Failure], tuple[str, ...]]:
    """What setting a field is refused with."""
    return refused(setters.set_field, model, type(record), name, record.ref, value)


def after(model: Model, record: Any, **values: Any) -> Model:
    """The model after setting fields of a record."""
    for name, value in values.items():
        model = setters.set_field(model, type(record), name, record.ref, value).after
    return model


def test_a_field_gets_its_value_and_nothing_else_changes() -> None:
    assert after(MODEL, NETWORK, name_label="lan") == with_network(MODEL, "xenbr1", name_label="lan")
    assert after(MODEL, host_of(MODEL), other_config={"a": "b"}) == with_record(
        MODEL, replace(host_of(MODEL), other_config={"a": "b"})
    )


def test_a_set_has_every_element_once() -> None:
    assert after(MODEL, NETWORK, tags=["a", "b", "a"]) == with_network(MODEL, "xenbr1", tags=("a", "b"))


def test_a_key_is_added_once_and_removed_as_often_as_one_likes() -> None:
    arguments = Network, "other_config", NETWORK.ref, "a"
    added = setters.add_to(MODEL, *arguments, "b").after
    assert added == with_network(MODEL, "xenbr1", other_config={"a": "b"})
    found = refused(setters.add_to, added, *arguments, "c")
    assert found == (MapDuplicateKey, ("network", "other_config", NETWORK.uuid, "a"))
    removed = setters.remove_from(added, *arguments).after
    assert (removed, setters.remove_from(removed, *arguments).after) == (MODEL, MODEL)


def test_an_element_is_added_and_removed_as_often_as_one_likes() -> None:
    arguments = Network, "tags", NETWORK.ref, "a"
    once = setters.add(MODEL, *arguments).after
    assert (once, setters.add(once, *arguments).after) == (with_network(MODEL, "xenbr1", tags=("a",)), once)
    removed = setters.remove(once, *arguments).after
    assert (removed, setters.remove(removed, *arguments).after) == (MODEL, MODEL)


def test_a_record_that_is_not_there_has_no_fields() -> None:
    error = HandleInvalid, ("network", UNKNOWN)
    assert refused(setters.set_field, MODEL, Network, "tags", UNKNOWN, ()) == error
    assert refused(setters.add_to, MODEL, Network, "other_config", UNKNOWN, "a", "b") == error
    assert refused(setters.remove_from, MODEL, Network, "other_config", UNKNOWN, "a") == error
    assert refused(setters.add, MODEL, Network, "tags", UNKNOWN, "a") == error
    assert refused(setters.remove, MODEL, Network, "tags", UNKNOWN, "a") == error


def test_a_VIFs_host_device_is_checked_and_stays_while_it_is_plugged() -> None:
    model, owner = with_vm(MODEL)
    model = vm.start(model, owner.ref).after
    model = with_VIF(model, owner, NETWORK.ref)
    own = vif_of(model, owner)
    found = refusal(model, own, "other_config", {"host-device": "eth1"})
    assert found == (InvalidValue, ("other_config", "host-device = eth1: a PIF's device"))
    named = after(model, own, other_config={"host-device": "tap0"})
    assert vif_of(named, owner) == replace(own, other_config={"host-device": "tap0"})
    assert (
        after(named, own, other_config={"host-device": "tap0", "a": "b"}).get(own.ref).other_config["a"]
        == "b"
    )
    plugged = vif.plug(named, own.ref).after
    error = OperationNotAllowed, ("the VIF is attached by its present device",)
    assert refusal(plugged, own, "other_config", {"host-device": "tap1"}) == error
    assert refused(setters.remove_from, plugged, VIF, "other_config", own.ref, "host-device") == error


def test_a_VM_knows_only_hosts_that_are_there() -> None:
    model, owner = with_vm(MODEL)
    here = host_of(model).ref
    known = after(model, owner, affinity=here, possible_hosts=[here, here])
    assert only(known, VM) == replace(owner, affinity=here, possible_hosts=(here,))
    assert only(after(known, owner, affinity=None), VM).affinity is None
    error = HandleInvalid, ("host", UNKNOWN)
    assert refusal(model, owner, "affinity", UNKNOWN) == error
    assert refusal(model, owner, "possible_hosts", [here, UNKNOWN]) == error
    assert refused(setters.add, model, VM, "possible_hosts", owner.ref, Ref(UNKNOWN)) == error


def test_only_a_halted_VM_becomes_a_template() -> None:
    model, owner = with_vm(MODEL)
    assert only(after(model, owner, is_a_template=True), VM).is_a_template is True
    running = vm.start(model, owner.ref).after
    error = VMBadPowerState, (owner.ref, "halted", "running")
    assert refusal(running, owner, "is_a_template", True) == error


def test_keys_that_are_put_in_leave_the_others_as_they_are() -> None:
    model = after(MODEL, NETWORK, other_config={"a": "1", "b": "2"})
    plan = setters.put_in(model, Network, "other_config", NETWORK.ref, {"b": "3", "c": "4"})
    assert plan.after == with_network(MODEL, "xenbr1", other_config={"a": "1", "b": "3", "c": "4"})

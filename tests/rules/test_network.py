"""network.create and network.destroy."""

from typing import Any

import pytest

from agent.errors import (
    BridgeNameExists,
    Failure,
    HandleInvalid,
    InvalidValue,
    NetworkContainsPIF,
    NetworkContainsVIF,
)
from agent.model.facts import Facts
from agent.model.model import Model
from agent.model.records import Network, Ref
from agent.rules import network as rules
from agent.rules import vm
from tests.docs.design import design
from tests.worlds.uppers import vif_of, with_VIF, with_vm
from tests.worlds.world import host, network_of, nic, pif_of, taken_over, with_new_network

MODEL = taken_over(host())


def created(model: Model = MODEL, /, **record: Any) -> Network:
    plan = rules.create(model, record)
    return plan.after.get(Ref[Network](plan.result or ""))


def refused(**record: Any) -> tuple[type[Failure], tuple[str, ...]]:
    with pytest.raises(Failure) as caught:
        rules.create(MODEL, record)
    return type(caught.value), caught.value.parameters


@design("creating", 1)
def test_a_network_has_what_was_given() -> None:
    given: dict[str, Any] = {
        "name_label": "storage", "name_description": "fast", "MTU": 9000, "bridge": "storage0",
        "managed": False, "other_config": {"static-routes": "10.0.0.0/8/192.0.2.1"}, "tags": ("a", "b"),
    }  # fmt: skip
    found = created(**given)
    assert {name: getattr(found, name) for name in given} == given


def test_a_network_with_nothing_given_has_XenAPIs_defaults() -> None:
    found = created()
    assert (found.MTU, found.managed, found.name_label, found.tags) == (1500, True, "", ())


@pytest.mark.parametrize(("MTU", "then"), [(0, 1500), (-1, 1500), (1280, 1280), (65535, 65535)])
def test_an_MTU_of_zero_or_less_means_the_default(MTU: int, then: int) -> None:
    network = created(MTU=MTU, name_label="n")
    assert (network.name_label, network.MTU) == ("n", then)


@pytest.mark.parametrize("MTU", [1, 1279, 65536])
def test_an_MTU_that_no_device_has_is_refused(MTU: int) -> None:
    assert refused(MTU=MTU) == (InvalidValue, ("MTU", str(MTU)))


def test_a_bridge_is_named_by_the_smallest_free_number() -> None:
    model = rules.create(rules.create(MODEL, {}).after, {}).after
    model = rules.destroy(model, network_of(model, "xapi0").ref).after
    assert (created(MODEL).bridge, created(model).bridge) == ("xapi0", "xapi0")
    assert [found.bridge for found in model.all(Network)][-1] == "xapi1"


@pytest.mark.parametrize(
    "bridge",
    [
        "lo",
        "all",
        "bonding_masters",
        "default",
        "xenbr7",
        "xapi7",
        "vif1.0",
        "tap1",
        "eth7",
        "sixteen-letters!",
        "a/b",
        "a b",
        ".",
    ],
)
def test_a_bridge_that_may_not_be_called_so_is_refused(bridge: str) -> None:
    assert refused(bridge=bridge) == (InvalidValue, ("bridge", bridge))


def test_a_bridge_that_is_somebody_elses_on_the_host_is_refused() -> None:
    facts = Facts(owned=("lan",), names=frozenset({"lan", "docker0"}))
    with pytest.raises(InvalidValue):
        rules.create(MODEL, {"bridge": "docker0"}, facts=facts)
    assert rules.create(MODEL, {"bridge": "docker0", "managed": False}, facts=facts).result
    assert rules.create(MODEL, {"bridge": "lan"}, facts=facts).result


def test_a_bridge_that_another_network_has_is_refused() -> None:
    model = rules.create(MODEL, {"bridge": "lan"}).after
    with pytest.raises(BridgeNameExists) as caught:
        rules.create(model, {"bridge": "lan"})
    assert caught.value.parameters == ("lan",)


def test_a_bridge_that_is_called_as_another_device_is_refused() -> None:
    model, owner = with_vm(taken_over(host(nic(0), nic(3, name="lan"))))
    given = {"host-device": "guest"}
    model = with_VIF(model, owner, network_of(model, "xenbr0").ref, other_config=given)
    for bridge in ("lan", "lan.5", "guest"):
        with pytest.raises(InvalidValue) as caught:
            rules.create(model, {"bridge": bridge})
        assert caught.value.parameters == ("bridge", bridge)


def test_static_routes_that_do_not_parse_are_refused() -> None:
    words = "static-routes = 10.0.0.0/8"
    assert refused(other_config={"static-routes": "10.0.0.0/8"}) == (InvalidValue, ("other_config", words))


def test_create_and_destroy_give_the_model_back() -> None:
    plan = rules.create(MODEL, {})
    assert rules.destroy(plan.after, Ref(plan.result or "")).after == MODEL


def test_a_network_with_a_PIF_is_not_destroyed() -> None:
    with pytest.raises(NetworkContainsPIF) as caught:
        rules.destroy(MODEL, network_of(MODEL, "xenbr1").ref)
    assert caught.value.parameters == (pif_of(MODEL, "eth1").ref,)


def test_a_network_with_a_VIF_is_not_destroyed_be_it_in_use_or_not() -> None:
    model, home = with_new_network(MODEL)
    model, owner = with_vm(model)
    model = with_VIF(model, owner, home)
    for able in (model, vm.start(model, owner.ref).after):
        with pytest.raises(NetworkContainsVIF) as caught:
            rules.destroy(able, home)
        assert caught.value.parameters == (vif_of(model, owner).ref,)


def test_a_VIF_in_use_counts_before_a_PIF_and_one_that_is_not_after_it() -> None:
    model, owner = with_vm(MODEL)
    home = network_of(model, "xenbr1").ref
    model = with_VIF(model, owner, home)
    codes = []
    for able in (model, vm.start(model, owner.ref).after):
        with pytest.raises(Failure) as caught:
            rules.destroy(able, home)
        codes.append(caught.value.code)
    assert codes == ["NETWORK_CONTAINS_PIF", "NETWORK_CONTAINS_VIF"]


def test_a_reference_to_something_else_is_refused() -> None:
    with pytest.raises(HandleInvalid) as caught:
        rules.destroy(MODEL, Ref(pif_of(MODEL, "eth0").ref))
    assert caught.value.parameters == ("network", pif_of(MODEL, "eth0").ref)

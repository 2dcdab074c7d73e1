"""The setters of every class's fields, over the socket."""

import pytest

from tests.api.world import NOWHERE, Caller, EngineInMemory

NULL = "OpaqueRef:NULL"


async def test_a_field_is_set_and_read_back(api: Caller, engine: EngineInMemory) -> None:
    network = engine.network("xenbr0").ref
    assert await api("network.set_name_label", network, "Front") == ""
    assert await api("network.get_name_label", network) == "Front"
    assert await api("network.set_tags", network, ["red", "blue", "red"]) == ""
    assert await api("network.get_tags", network) == ["red", "blue"]
    assert await api("host.set_other_config", engine.host().ref, {"a": "b"}) == ""
    assert await api("host.get_other_config", engine.host().ref) == {"a": "b"}


async def test_a_key_is_added_once_and_removed(api: Caller, engine: EngineInMemory) -> None:
    pif = engine.pif("eth1")
    assert await api("PIF.add_to_other_config", pif.ref, "colour", "red") == ""
    refused = await api("PIF.add_to_other_config", pif.ref, "colour", "blue")
    assert refused == ["MAP_DUPLICATE_KEY", "PIF", "other_config", pif.uuid, "colour"]
    assert await api("PIF.get_other_config", pif.ref) == {"colour": "red"}
    assert await api("PIF.remove_from_other_config", pif.ref, "colour") == ""
    assert await api("PIF.remove_from_other_config", pif.ref, "colour") == ""
    assert await api("PIF.get_other_config", pif.ref) == {}


async def test_a_member_is_added_and_removed(api: Caller, engine: EngineInMemory) -> None:
    network = engine.network("xenbr0").ref
    assert await api("network.add_tags", network, "red") == ""
    assert await api("network.add_tags", network, "red") == ""
    assert await api("network.get_tags", network) == ["red"]
    assert await api("network.remove_tags", network, "red") == ""
    assert await api("network.get_tags", network) == []


@pytest.mark.parametrize("null", [NULL, ""])
async def test_a_reference_that_may_be_null_can_be_made_so(
    api: Caller, engine: EngineInMemory, null: str
) -> None:
    host = engine.host().ref
    vm = await api("VM.create", {"name_label": "web", "affinity": host})
    assert await api("VM.get_affinity", vm) == host
    assert await api("VM.set_affinity", vm, null) == ""
    assert await api("VM.get_affinity", vm) == NULL
    assert await api("VM.get_affinity", await api("VM.create", {"affinity": null})) == NULL


async def test_a_reference_that_may_not_be_null_cannot_be_made_so(api: Caller) -> None:
    vm = await api("VM.create", {})
    assert await api("VM.add_possible_hosts", vm, NULL) == ["HANDLE_INVALID", "host", NULL]
    assert await api("VM.set_affinity", vm, NOWHERE) == ["HANDLE_INVALID", "host", NOWHERE]


async def test_a_value_that_pifd_would_not_act_on_is_refused(api: Caller, engine: EngineInMemory) -> None:
    before = engine.model
    answer = await api("PIF.add_to_other_config", engine.pif("eth1").ref, "ethtool-tso", "off")
    assert answer[:2] == ["INVALID_VALUE", "other_config"]
    assert engine.model is before


async def test_a_setter_has_a_dry_run(api: Caller, engine: EngineInMemory) -> None:
    network = engine.network("xenbr0").ref
    shown = await api("DryRun.network.set_MTU", network, 1400)
    pif = engine.pif("eth0").ref
    changed = {change["ref"]: change["after"] for change in shown["changed"]}
    assert changed == {network: {"MTU": 1400}, pif: {"MTU": 1400}}
    assert await api("network.get_MTU", network) == 1500

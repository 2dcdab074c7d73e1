"""Calls that succeed, over the socket, against an engine that really applies plans."""

from pathlib import Path
from typing import Any

from agent.api.calls.call import agent_of
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from agent.api.records.computed import View
from agent.api.records.record import record_of
from agent.api.views.topology import topology
from agent.kernel.state import KernelState
from agent.model.records import PIF, Bond, Network, Pool
from tests.api.world import Caller, Client, EngineInMemory


async def storage_bond(api: Caller, engine: EngineInMemory) -> Any:
    network = await api("network.create", {"name_label": "storage"})
    return await api("Bond.create", network, [engine.pif("eth1").ref, engine.pif("eth2").ref], "")


async def test_login_needs_no_more_than_a_name_and_a_password(api: Caller) -> None:
    for params in (["root", "x"], ["root", "x", "2.0"], ["root", "x", "2.0", "me"]):
        session = (await api.raw("session.login_with_password", *params))["result"]
        assert (await api.raw("PIF.get_all", session)).keys() == {"jsonrpc", "result", "id"}


async def test_a_session_ends_with_logout(api: Caller) -> None:
    assert await api("session.logout") == ""
    assert await api("PIF.get_all") == ["SESSION_INVALID", api.session]


async def test_a_local_session_is_one_too(api: Caller) -> None:
    api.session = (await api.raw("session.slave_local_login_with_password", "root", ""))["result"]
    assert await api("pool.get_all") != []
    assert await api("session.local_logout") == ""


async def test_a_network_is_made_of_what_was_given(api: Caller, engine: EngineInMemory) -> None:
    given = {
        "name_label": "a",
        "name_description": "b",
        "MTU": 9000,
        "other_config": {"k": "v"},
        "bridge": "br0",
        "managed": False,
        "tags": ["x", "y"],
    }
    ref = await api("network.create", given)
    record = await api("network.get_record", ref)
    assert {name: record[name] for name in given} == given
    assert engine.network("br0").tags == ("x", "y")


async def test_what_a_constructor_is_not_given_has_its_default(api: Caller) -> None:
    record = await api("network.get_record", await api("network.create", {}))
    assert (record["name_label"], record["MTU"], record["managed"], record["tags"]) == ("", 1500, True, [])


async def test_a_call_without_a_result_gives_the_empty_string(api: Caller, engine: EngineInMemory) -> None:
    assert await api("PIF.plug", engine.pif("eth1").ref) == ""
    assert engine.pif("eth1").currently_attached


async def test_trailing_parameters_have_the_rules_defaults(api: Caller, engine: EngineInMemory) -> None:
    ref = await storage_bond(api, engine)
    bond = engine.model.find(Bond, ref)
    assert (bond.mode, bond.properties) == ("balance-slb", {})


async def test_a_rule_that_needs_the_facts_gets_them(api: Caller, engine: EngineInMemory) -> None:
    pif = engine.pif("eth3")
    assert await api("PIF.forget", pif.ref) == ""
    made = await api("PIF.introduce", engine.host().ref, "", "eth3")
    assert (engine.pif("eth3").ref, engine.pif("eth3").MAC) == (made, pif.MAC)
    assert await api("PIF.scan", engine.host().ref) == ""


async def test_a_bond_is_made_and_taken_apart(api: Caller, engine: EngineInMemory) -> None:
    bond = await storage_bond(api, engine)
    assert await api("Bond.get_slaves", bond) == [engine.pif("eth1").ref, engine.pif("eth2").ref]
    assert await api("PIF.get_bond_slave_of", engine.pif("eth1").ref) == bond
    assert await api("Bond.destroy", bond) == ""
    assert engine.model.all(Bond) == ()


async def test_a_refusal_of_a_rule_reaches_the_caller(api: Caller, engine: EngineInMemory) -> None:
    management = engine.pif("eth0").ref
    before = engine.model
    assert await api("PIF.unplug", management) == ["PIF_IS_MANAGEMENT_INTERFACE", management]
    assert engine.model is before


async def test_all_records_are_those_of_the_model(api: Caller, engine: EngineInMemory) -> None:
    for kind in (PIF, Network, Pool):
        expected = {r.ref: record_of(View(engine.model), r) for r in engine.model.all(kind)}
        assert await api(f"{kind.class_name}.get_all_records") == expected
        assert await api(f"{kind.class_name}.get_all") == list(expected)


async def test_every_field_has_a_getter_that_agrees_with_the_record(
    api: Caller, engine: EngineInMemory
) -> None:
    await storage_bond(api, engine)
    for record in engine.model.records.values():
        whole = await api(f"{record.class_name}.get_record", record.ref)
        for name, value in whole.items():
            assert await api(f"{record.class_name}.get_{name}", record.ref) == value


async def test_carrier_is_asked_for_again_only_after_news(api: Caller, engine: EngineInMemory) -> None:
    bond = await storage_bond(api, engine)
    assert [await api("Bond.get_links_up", bond) for _ in range(3)] == [1, 1, 1]
    asked = engine.asked_for_links
    assert await api("Bond.get_links_up", bond) == 1
    assert engine.asked_for_links == asked
    engine.up = frozenset()
    assert await api("Bond.get_links_up", bond) == 0


async def test_an_object_is_found_by_its_uuid_and_class(api: Caller, engine: EngineInMemory) -> None:
    pif = engine.pif("eth1")
    assert await api("PIF.get_by_uuid", pif.uuid) == pif.ref
    assert await api("network.get_by_uuid", pif.uuid) == ["UUID_INVALID", "network", pif.uuid]
    assert await api("PIF.get_by_uuid", "zz") == ["UUID_INVALID", "PIF", "zz"]


async def test_objects_are_found_by_their_label(api: Caller) -> None:
    made = [await api("network.create", {"name_label": "twin"}) for _ in range(2)]
    assert await api("network.get_by_name_label", "twin") == made
    assert await api("network.get_by_name_label", "nobody") == []


async def test_a_reference_of_another_class_is_invalid(api: Caller, engine: EngineInMemory) -> None:
    network = engine.network("xenbr0").ref
    assert await api("PIF.get_record", network) == ["HANDLE_INVALID", "PIF", network]


async def test_the_management_interface_is_found_by_its_host(api: Caller, engine: EngineInMemory) -> None:
    assert await api("host.get_management_interface", engine.host().ref) == engine.pif("eth0").ref


async def test_the_topology_is_of_the_engines_model(api: Caller, engine: EngineInMemory) -> None:
    found = topology(engine.model, KernelState(), {})
    assert found["trees"] != []
    assert await api("pifd.topology") == {**found, "status": engine.words}


class BrokenEngine(EngineInMemory):
    """Fails as no engine should."""

    async def kernel_state(self) -> KernelState:
        raise ZeroDivisionError("by nought")


async def test_an_unforeseen_error_is_answered_and_logged_and_the_next_call_is_served(
    tmp_path: Path, caplog: Any
) -> None:
    path = tmp_path / "s"
    async with serve(path, dispatcher(agent_of(BrokenEngine()))), await Client.connect(path) as client:
        api = await Caller.login(client)
        assert await api("pifd.topology") == ["INTERNAL_ERROR", "ZeroDivisionError: by nought"]
        assert [(r.message, r.exc_info[0]) for r in caplog.records] == [
            ("pifd.topology failed", ZeroDivisionError)
        ]
        assert await api("session.logout") == ""

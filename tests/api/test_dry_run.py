"""A dry run: everything that would happen, and nothing that happens."""

from typing import Any

import pytest

from agent.api.calls.declared import CHANGING
from tests.api.world import Caller, EngineInMemory


async def test_a_dry_run_shows_what_would_be_added_changed_and_done(
    api: Caller, engine: EngineInMemory
) -> None:
    home = await api("network.create", {"bridge": "storage0"})
    members = [engine.pif("eth1").ref, engine.pif("eth2").ref]
    before = engine.model
    shown = await api("DryRun.Bond.create", home, members, "")
    assert engine.model is before
    bond = shown["result"]
    master = next(added["ref"] for added in shown["added"] if added["class"] == "PIF")
    assert [(added["class"], added["ref"]) for added in shown["added"]] == [("PIF", master), ("Bond", bond)]
    assert shown["added"][1]["record"]["slaves"] == members
    assert shown["removed"] == []
    assert shown["steps"] == ["add a PIF", "add a Bond"]
    assert await api("Bond.create", home, members, "") == bond


async def test_fields_computed_from_others_count_as_changes(api: Caller, engine: EngineInMemory) -> None:
    home = await api("network.create", {"bridge": "storage0"})
    shown = await api("DryRun.Bond.create", home, [engine.pif("eth1").ref, engine.pif("eth2").ref], "")
    master = shown["added"][0]["ref"]
    changed = {change["ref"]: change for change in shown["changed"]}
    pifs = [pif["ref"] for pif in [*(await refs(api)), {"ref": master}]]
    assert changed[home] == {
        "class": "network",
        "ref": home,
        "before": {"PIFs": []},
        "after": {"PIFs": [master]},
    }
    assert changed[engine.host().ref]["after"] == {"PIFs": pifs}
    assert changed[engine.pif("eth1").ref]["before"]["bond_slave_of"] == "OpaqueRef:NULL"
    assert changed[engine.pif("eth1").ref]["after"]["bond_slave_of"] == shown["result"]
    assert list(changed[engine.pif("eth1").ref]["after"]) == ["bond_slave_of"]


async def refs(api: Caller) -> list[dict[str, Any]]:
    return [{"ref": ref} for ref in await api("PIF.get_all")]


async def test_what_would_be_removed_is_shown_whole(api: Caller, engine: EngineInMemory) -> None:
    pif = engine.pif("eth3")
    record = await api("PIF.get_record", pif.ref)
    shown = await api("DryRun.PIF.forget", pif.ref)
    assert shown["removed"] == [{"class": "PIF", "ref": pif.ref, "record": record}]
    assert (shown["result"], shown["added"]) == ("", [])
    assert engine.pif("eth3") is pif


async def test_a_dry_run_is_refused_as_the_call_is(api: Caller, engine: EngineInMemory) -> None:
    pif = engine.pif("eth0").ref
    assert await api("DryRun.PIF.unplug", pif) == ["PIF_IS_MANAGEMENT_INTERFACE", pif]


@pytest.mark.parametrize("name", CHANGING)
async def test_every_change_has_a_dry_run(api: Caller, name: str) -> None:
    assert f"DryRun.{name}" in await api("system.listMethods")

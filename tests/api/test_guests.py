"""VLANs, tunnels, VMs and VIFs over the socket."""

from typing import Any

import pytest

from agent.model.records import VIF, VLAN, VM, PowerState, Tunnel
from tests.api.world import Caller, EngineInMemory

NULL = "OpaqueRef:NULL"


async def running_VM(api: Caller, engine: EngineInMemory) -> tuple[str, str]:
    """A VM that runs, with one VIF, on eth1's network."""
    vm = await api("VM.create", {"name_label": "web"})
    network = engine.pif("eth1").network
    vif = await api("VIF.create", {"device": "0", "network": network, "VM": vm})
    assert await api("VM.start", vm) == ""
    return vm, vif


async def test_a_VLAN_is_made_and_removed(api: Caller, engine: EngineInMemory) -> None:
    network = await api("network.create", {})
    vlan = await api("VLAN.create", engine.pif("eth1").ref, 5, network)
    upper = await api("VLAN.get_untagged_PIF", vlan)
    record = await api("PIF.get_record", upper)
    assert (record["device"], record["VLAN"], record["network"]) == ("eth1", 5, network)
    assert await api("VLAN.destroy", vlan) == ""
    assert engine.model.all(VLAN) == ()


async def test_the_old_messages_make_and_remove_a_VLAN_too(api: Caller, engine: EngineInMemory) -> None:
    network = await api("network.create", {})
    upper = await api("PIF.create_VLAN", "eth1", network, engine.host().ref, 5)
    assert await api("PIF.get_VLAN", upper) == 5
    assert await api("PIF.destroy", upper) == ""
    assert engine.model.all(VLAN) == ()


@pytest.mark.parametrize("tag", [-1, 4095])
async def test_a_number_that_is_no_tag_is_refused(api: Caller, engine: EngineInMemory, tag: int) -> None:
    network = await api("network.create", {})
    before = engine.model
    assert await api("VLAN.create", engine.pif("eth1").ref, tag, network) == ["VLAN_TAG_INVALID", str(tag)]
    assert engine.model is before


@pytest.mark.parametrize("tag", ["five", "5 ", 5.0, True])
async def test_a_tag_is_a_number(api: Caller, engine: EngineInMemory, tag: Any) -> None:
    network = await api("network.create", {})
    answer = await api("VLAN.create", engine.pif("eth1").ref, tag, network)
    assert answer[:2] == ["FIELD_TYPE_ERROR", "tag"]


async def test_a_tunnel_tells_its_status(api: Caller, engine: EngineInMemory) -> None:
    network = await api("network.create", {})
    tunnel = await api("tunnel.create", engine.pif("eth0").ref, network, "vxlan")
    assert await api("tunnel.set_other_config", tunnel, {"remote-ips": "10.0.0.7"}) == ""
    engine.up = frozenset({"tunnel0"})
    assert await api("tunnel.get_status", tunnel) == {"active": "true", "key": "1"}
    engine.up = frozenset()
    status = {"active": "false", "key": "1", "error": "Without carrier: tunnel0."}
    assert (await api("tunnel.get_all_records"))[tunnel]["status"] == status
    assert await api("tunnel.destroy", tunnel) == ""
    assert engine.model.all(Tunnel) == ()


async def test_a_VM_goes_through_its_life(api: Caller, engine: EngineInMemory) -> None:
    vm, vif = await running_VM(api, engine)
    states = []
    for message in ("pause", "unpause", "suspend", "resume", "clean_shutdown"):
        assert await api(f"VM.{message}", vm) == ""
        states.append((await api("VM.get_power_state", vm), await api("VIF.get_currently_attached", vif)))
    assert states == [
        (PowerState.PAUSED, True),
        (PowerState.RUNNING, True),
        (PowerState.SUSPENDED, True),
        (PowerState.RUNNING, True),
        (PowerState.HALTED, False),
    ]
    assert await api("VM.destroy", vm) == ""
    assert (engine.model.all(VM), engine.model.all(VIF)) == ((), ())


async def test_what_only_the_toolstack_knows_it_tells(api: Caller, engine: EngineInMemory) -> None:
    vm = await api("VM.create", {})
    assert await api("VM.get_guest_metrics", vm) == NULL
    assert await api("VM.set_domid", vm, 7) == ""
    assert await api("VM.start_on", vm, engine.host().ref, True) == ""
    assert await api("VM.set_PV_drivers_detected", vm, True) == ""
    metrics = await api("VM.get_guest_metrics", vm)
    assert await api("VM_guest_metrics.get_PV_drivers_detected", metrics) is True
    assert (await api("VM.get_domid", vm), await api("VM.get_power_state", vm)) == (7, "Paused")


async def test_a_VIF_is_unplugged_moved_and_plugged(api: Caller, engine: EngineInMemory) -> None:
    _, vif = await running_VM(api, engine)
    network = engine.network("xenbr0").ref
    assert await api("VIF.unplug", vif) == ""
    assert await api("VIF.unplug", vif) == ["DEVICE_ALREADY_DETACHED", vif]
    assert await api("VIF.move", vif, network) == ""
    assert await api("VIF.plug", vif) == ""
    record = await api("VIF.get_record", vif)
    assert (record["network"], record["currently_attached"]) == (network, True)
    assert await api("VIF.unplug_force", vif) == ""
    assert await api("VIF.destroy", vif) == ""


async def test_a_dry_run_tells_which_VMs_are_asked(api: Caller, engine: EngineInMemory) -> None:
    _, vif = await running_VM(api, engine)
    home = await api("network.create", {})
    shown = await api("DryRun.Bond.create", home, [engine.pif("eth1").ref, engine.pif("eth2").ref], "")
    assert (shown["unplug"], shown["plug"]) == ([vif], [vif])
    shown = await api("DryRun.VIF.unplug", vif)
    assert (shown["unplug"], shown["plug"]) == ([vif], [])


async def test_a_constructor_takes_what_xenapis_clients_always_send(
    api: Caller, engine: EngineInMemory
) -> None:
    vm = await api("VM.create", {})
    record = {"device": "0", "network": engine.network("xenbr0").ref, "VM": vm, "MAC": "", "MTU": 1500}
    always = {"other_config": {}, "qos_algorithm_type": "", "qos_algorithm_params": {}}
    made = await api("VIF.create", record | always)
    assert await api("VIF.get_qos_algorithm_type", made) == ""


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("qos_algorithm_type", "ratelimit", '"ratelimit": VIFs have no limits of bandwidth'),
        ("ipv4_allowed", ["10.0.0.9"], "an array: frames of VMs are not filtered"),
    ],
)
async def test_a_constructor_refuses_what_would_have_no_effect(
    api: Caller, engine: EngineInMemory, name: str, value: Any, told: str
) -> None:
    vm = await api("VM.create", {})
    record = {"device": "0", "network": engine.network("xenbr0").ref, "VM": vm}
    assert await api("VIF.create", {**record, name: value}) == ["INVALID_VALUE", name, told]
    assert engine.model.all(VIF) == ()


async def test_a_constructor_reads_its_own_fields_and_leaves_the_others_alone(api: Caller) -> None:
    """As XAPI does: typed clients send whole records."""
    template = await api("VM.get_record", await api("VM.create", {"name_label": "web"}))
    made = await api("VM.create", {**template, "VCPUs_max": 4, "snapshot_time": "00000000T00:00:00Z"})
    assert await api("VM.get_record", made) == {**template, "uuid": made.removeprefix("OpaqueRef:")}


@pytest.mark.parametrize("misspelt", ["name_lable", "nameLabel", "name-label", "NAME_LABEL"])
async def test_a_constructor_knows_a_name_that_is_misspelt(api: Caller, misspelt: str) -> None:
    told = f"is missing, and there is {misspelt}"
    assert await api("VM.create", {misspelt: "web"}) == ["FIELD_TYPE_ERROR", "name_label", told]
    assert str(await api("VM.create", {misspelt: "web", "name_label": "web"})).startswith("OpaqueRef:")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("locking_mode", "locked"),
        ("ipv4_allowed", ["10.0.0.7"]),
        ("ipv6_allowed", ["fe80::7"]),
        ("qos_algorithm_type", "ratelimit"),
        ("qos_algorithm_params", {"kbps": "10"}),
    ],
)
async def test_what_a_constructor_takes_and_pifd_does_not_have_is_refused(
    api: Caller, engine: EngineInMemory, field: str, value: object
) -> None:
    vm, network = await api("VM.create", {}), engine.network("xenbr0").ref
    record = {"device": "0", "VM": vm, "network": network}
    assert (await api("VIF.create", {**record, field: value}))[:2] == ["INVALID_VALUE", field]
    empty = type(value)()
    assert str(await api("VIF.create", {**record, field: empty})).startswith("OpaqueRef:")

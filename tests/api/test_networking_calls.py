"""XenAPI's further networking calls over the socket: what they give, and what the records say afterwards."""

from tests.api.test_guests import running_VM
from tests.api.world import Caller, EngineInMemory

NULL = "OpaqueRef:NULL"


async def test_the_pools_calls_for_VLANs_give_a_set_of_PIFs(api: Caller, engine: EngineInMemory) -> None:
    for message, lower in (("create_VLAN_from_PIF", engine.pif("eth1").ref), ("create_VLAN", "eth2")):
        network = await api("network.create", {})
        (upper,) = await api(f"pool.{message}", lower, network, 5)
        assert await api("PIF.get_VLAN", upper) == 5
        assert await api("network.get_PIFs", network) == [upper]


async def test_a_dry_run_tells_the_set_as_well(api: Caller, engine: EngineInMemory) -> None:
    network = await api("network.create", {})
    told = await api("DryRun.pool.create_VLAN_from_PIF", engine.pif("eth1").ref, network, 5)
    assert told["result"] == [one["ref"] for one in told["added"] if one["class"] == "PIF"]


async def test_IPv6_is_a_set_of_addresses_and_empty_for_none(api: Caller, engine: EngineInMemory) -> None:
    pif = engine.pif("eth1").ref
    assert await api("PIF.get_IPv6", pif) == []
    assert await api("PIF.reconfigure_ipv6", pif, "Static", "2001:DB8::2/64", "fe80::1", "") == ""
    assert await api("PIF.get_IPv6", pif) == ["2001:db8::2/64"]
    assert await api("PIF.get_ipv6_gateway", pif) == "fe80::1"
    assert await api("PIF.reconfigure_ipv6", pif, "None", "", "", "") == ""
    assert await api("PIF.get_IPv6", pif) == []


async def test_a_host_without_management_says_so(api: Caller, engine: EngineInMemory) -> None:
    host = engine.host().ref
    assert await api("host.management_disable") == ""
    assert await api("host.get_management_interface", host) == NULL
    assert await api("host.get_address", host) == ""
    assert await api("pool.management_reconfigure", engine.pif("eth0").network) == ""
    assert await api("host.get_management_interface", host) == engine.pif("eth0").ref


async def test_the_version_of_the_API_is_the_hosts(api: Caller, engine: EngineInMemory) -> None:
    host = engine.host().ref
    version = [await api(f"host.get_API_version_{part}", host) for part in ("major", "minor", "vendor")]
    assert version == [2, 21, "XenSource"]


async def test_the_operations_that_are_allowed_follow_the_states(api: Caller, engine: EngineInMemory) -> None:
    vm, vif = await running_VM(api, engine)
    assert "pause" in await api("VM.get_allowed_operations", vm)
    assert await api("VIF.get_allowed_operations", vif) == ["unplug", "unplug_force"]
    await api("VM.pause", vm)
    assert await api("VM.get_allowed_operations", vm) == ["hard_shutdown", "shutdown", "unpause"]
    assert await api("VIF.get_allowed_operations", vif) == []

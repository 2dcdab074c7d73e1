"""The devices of plugged VIFs: ports of their bridges, whoever makes them; a missing one is no obstacle."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from agent.errors import DeviceAttachRejected, VMMissingPVDrivers
from agent.kernel.steps import SetMaster
from agent.model.draft import Plan
from agent.model.records import VIF, VM, Ref
from agent.rules import vif, vm
from tests.fakes.fake_kernel import Killed
from tests.worlds.world import ADDRESS, World, network_of


@pytest.fixture(params=["device stays", "device is remade"])
async def host(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A host with a VM on the network of eth0."""
    world = World(tmp_path, makes_devices=request.param == "device is remade")
    await world.start()
    await world.run_vm("alpha", network_of(world.model, "xenbr0").ref)
    yield world
    await world.stop()
    assert world.kernel.trespasses == []


def ports(world: World, bridge: str) -> list[str]:
    return [port.name for port in world.kernel.state.ports(bridge)]


async def test_VIF_plug_makes_a_device_a_port_and_unplug_takes_it_out(host: World) -> None:
    reference = next(found.ref for found in host.model.all(VIF))
    await host.do(vif.unplug, reference)
    assert ports(host, "xenbr0") == ["eth0"]
    await host.do(vif.plug, reference)
    assert ports(host, "xenbr0") == ["eth0", "vif1.0"]
    assert host.stored() == host.model


@pytest.mark.parametrize("rule", [vif.plug, vif.unplug])
@pytest.mark.parametrize("when", [{"die_at": 0}, {"die_after": 0}], ids=["before", "after"])
async def test_VIF_plug_and_unplug_killed_at_the_request_are_undone(
    host: World, rule: Callable[..., Plan], when: dict[str, int]
) -> None:
    reference = next(found.ref for found in host.model.all(VIF))
    if rule is vif.plug:
        await host.do(vif.unplug, reference)
    before = host.everything()
    host.hotplug.expect(**when)  # type: ignore[arg-type]
    with pytest.raises(Killed):
        await host.do(rule, reference)
    await host.restart()
    assert host.everything() == before


async def test_a_device_that_the_kernel_will_not_make_a_port_is_told_as_the_VIFs(host: World) -> None:
    reference = next(found.ref for found in host.model.all(VIF))
    await host.do(vif.unplug, reference)
    before = host.everything()
    host.kernel.expect(refuse={2})  # those before keep the bridge's uplink from learning
    with pytest.raises(DeviceAttachRejected) as caught:
        await host.do(vif.plug, reference)
    assert caught.value.parameters[:2] == ("VIF", reference)
    assert caught.value.parameters[2].endswith(host.kernel.reason)
    assert host.everything() == before


async def test_a_VM_without_PV_drivers_is_plugged_into_nothing(world: World) -> None:
    plugged = await world.run_vm("alpha", network_of(world.model, "xenbr1").ref)
    await world.do(vif.unplug, plugged)
    await world.do(vm.set_pv_drivers_detected, world.model.get(plugged).VM, False)
    before = world.everything()
    with pytest.raises(VMMissingPVDrivers):
        await world.do(vif.plug, plugged)
    assert (world.everything(), world.engine.in_model_state.is_set()) == (before, True)


async def test_a_VIF_whose_device_is_missing_is_refused_before_anything_is_done(world: World) -> None:
    fresh: Ref[VM] = Ref(await world.do(vm.create, {"name_label": "alpha"}))
    home = network_of(world.model, "xenbr0").ref
    reference = await world.do(vif.create, {"device": "0", "network": home, "VM": fresh})
    before, writes = world.everything(), world.kernel.writes
    with pytest.raises(DeviceAttachRejected) as caught:
        await world.do(vm.start, fresh)
    words = "vif1.0 is not there: the toolstack makes it before it tells pifd"
    assert caught.value.parameters == ("VIF", reference, words)
    assert (world.everything(), world.kernel.writes) == (before, writes)


async def test_a_VIF_whose_device_has_been_missing_for_long_holds_no_call_up(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.run_vm("alpha", network_of(world.model, "xenbr0").ref)
    world.kernel.remove("vif1.0")
    await world.restart()
    assert "vif1.0 of VM alpha is not there" in caplog.text
    await world.create_bond("eth0", "eth1")
    assert world.engine.in_model_state.is_set()
    world.make_vif("vif1.0")
    await world.restart()
    assert ports(world, "xapi0") == ["bond0", "vif1.0"]


async def test_a_VIFs_device_is_put_back_into_its_bridge_by_the_next_call_or_start(world: World) -> None:
    await world.run_vm("alpha", network_of(world.model, "xenbr0").ref)
    before = world.everything()
    world.kernel.behind_our_back(SetMaster("vif1.0", ""))
    await world.restart()
    assert world.everything() == before


async def test_a_VIF_that_cannot_be_had_at_a_start_does_not_cost_its_network(world: World) -> None:
    plugged = await world.run_vm("alpha", network_of(world.model, "xenbr0").ref)
    world.kernel.behind_our_back(SetMaster("vif1.0", "docker0"))
    await world.restart()
    assert plugged in world.engine.failures
    assert world.addresses("xenbr0")[0] == ADDRESS

"""Asking VMs around a Bond.create: in which order, and what if they refuse to take a VIF back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.engine import reconciler
from agent.errors import (
    DeviceAttachRejected,
    DeviceDetachRejected,
    PIFConfigurationError,
    VMMissingPVDrivers,
)
from agent.kernel.steps import SetMaster
from agent.model.records import VIF
from tests.docs.design import design
from tests.engine.handovers import create, everything, host_with_vms, ports
from tests.fakes.fake_kernel import Killed
from tests.fakes.mortal_store import alter_store
from tests.worlds.world import World, network_of

HALT = """
UPDATE record SET fields = json_set(fields, '$.power_state', 'Halted')
WHERE class = 'VM' AND json_extract(fields, '$.name_label') = ?
"""


@pytest.fixture(params=["device stays", "device is remade"])
async def host(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A host with VMs, whose devices come and go with the VIFs, or do not."""
    world = await host_with_vms(tmp_path, makes_devices=request.param == "device is remade")
    yield world
    await world.stop()
    assert world.kernel.trespasses == []


@design("create", 3)
async def test_VIFs_are_given_up_first_and_taken_last(host: World) -> None:
    await create(host)
    assert host.hotplug.asked == [
        "unplug vif1.0 xenbr0", "unplug vif2.0 xenbr1", "plug vif1.0 xapi0", "plug vif2.0 xapi0",
    ]  # fmt: skip
    assert ports(host, "xapi0") == ["bond0", "vif1.0", "vif2.0"]
    assert [found.network for found in host.model.all(VIF)] == [network_of(host.model, "xapi0").ref] * 2
    assert host.stored() == host.model


async def test_while_VMs_are_asked_to_give_up_nothing_is_done_in_the_kernel(host: World) -> None:
    before = len(host.kernel.done)
    host.hotplug.expect(refuse={1})
    with pytest.raises(DeviceDetachRejected):
        await create(host)
    done = [str(part) for part in host.kernel.done[before:]]
    harmless = ("vif", "announce", "learn", "wait")
    assert [words for words in done if not any(word in words for word in harmless)] == []


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reconciler tries again at once."""
    monkeypatch.setattr(reconciler, "RETRY_FIRST", 0.001)
    monkeypatch.setattr(reconciler, "RETRY_LAST", 0.001)


async def test_an_undo_that_fails_in_the_kernel_is_told_and_done_later(host: World, impatient: None) -> None:
    before = everything(host)
    host.kernel.expect(refuse=range(3, 10_000))
    with pytest.raises(PIFConfigurationError) as caught:
        await create(host)
    assert "; undoing it failed too, and is tried again: " in caught.value.parameters[1]
    host.kernel.refuse = ()
    await host.engine.in_model_state.wait()
    assert everything(host) == before


async def test_a_VM_that_will_not_take_its_VIF_back_is_asked_until_it_does(
    tmp_path: Path, impatient: None
) -> None:
    world = World(tmp_path, makes_devices=True)
    await world.start()
    await world.run_vm("alpha", network_of(world.model, "xenbr0").ref)
    await world.new_network()
    before = everything(world)
    world.hotplug.expect(refuse=range(1, 5))
    with pytest.raises(PIFConfigurationError) as caught:
        await create(world)
    assert caught.value.parameters[1].count("alpha: not now") == 2
    await world.engine.in_model_state.wait()
    assert (everything(world), world.hotplug.requests) == (before, 6)
    await world.stop()


async def test_a_VM_that_refuses_all_it_is_asked_keeps_its_VIF_and_that_is_all(host: World) -> None:
    before = everything(host)
    host.hotplug.stubborn = {"beta"}
    with pytest.raises(DeviceDetachRejected) as caught:
        await create(host)
    assert caught.value.parameters[2] == "beta: not now"
    assert (everything(host), host.engine.in_model_state.is_set()) == (before, True)


@design("create", 3)
async def test_a_VM_without_PV_drivers_refuses_where_there_is_no_script(world: World) -> None:
    plugged = await world.run_vm("alpha", network_of(world.model, "xenbr0").ref, PV_drivers=False)
    await world.new_network()
    before = everything(world)
    with pytest.raises(VMMissingPVDrivers) as caught:
        await create(world)
    assert caught.value.parameters == (world.model.get(plugged).VM,)
    assert everything(world) == before


async def test_a_start_after_a_crash_does_not_insist_where_a_VM_without_PV_drivers_kept_its_VIF(
    world: World,
) -> None:
    await world.run_vm("alpha", network_of(world.model, "xenbr0").ref, PV_drivers=False)
    await world.new_network()
    before = everything(world)
    world.hotplug.expect(die_at=0)
    with pytest.raises(Killed):
        await create(world)
    await world.restart()
    assert (everything(world), world.engine.in_model_state.is_set()) == (before, True)


async def test_a_script_that_makes_no_device_is_a_refusal(host: World) -> None:
    host.hotplug.makes_devices = True
    before = everything(host)
    host.hotplug.forgetful_on = {"xapi0"}
    with pytest.raises(DeviceAttachRejected) as caught:
        await create(host)
    reference = next(found.ref for found in host.model.all(VIF))
    assert caught.value.parameters == ("VIF", reference, "vif1.0 is not there")
    assert everything(host) == before


async def test_a_VM_that_has_gone_down_meanwhile_is_not_asked(host: World) -> None:
    host.hotplug.expect(die_after=0)
    with pytest.raises(Killed):
        await create(host)
    await host.stop()
    host.hotplug.asked.clear()
    alter_store(host.file, HALT, "alpha")
    await host.start()
    assert [line for line in host.hotplug.asked if "vif1.0" in line] == []


async def test_a_VM_that_will_not_take_its_VIF_back_at_a_start_is_asked_until_it_does(
    tmp_path: Path, impatient: None
) -> None:
    world = await host_with_vms(tmp_path, makes_devices=True)
    before = everything(world)
    world.hotplug.expect(die_after=0)
    with pytest.raises(Killed):
        await create(world)
    world.hotplug.stubborn = {"alpha", "beta"}
    await world.restart()
    assert world.engine.in_model_state.is_set() is False
    world.hotplug.stubborn = ()
    await world.engine.in_model_state.wait()
    assert everything(world) == before
    await world.restart()
    assert world.hotplug.requests == 0
    await world.stop()


async def test_a_VM_is_asked_again_also_while_a_PIF_cannot_be_had(tmp_path: Path, impatient: None) -> None:
    world = await host_with_vms(tmp_path, makes_devices=True)
    world.hotplug.expect(die_after=0)
    with pytest.raises(Killed):
        await create(world)
    world.hotplug.stubborn = {"alpha"}
    world.kernel.behind_our_back(SetMaster("eth1", "docker0"))
    await world.restart()
    world.hotplug.stubborn = ()
    async with asyncio.timeout(5):
        while ports(world, "xenbr0") != ["eth0", "vif1.0"]:
            await asyncio.sleep(0.01)
    assert list(world.engine.failures) == [world.pif("eth1").ref]
    await world.stop()

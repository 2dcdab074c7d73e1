"""gro: what a PIF's property says is what its NIC, or its bond with all its slaves, has."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.desired.desired import as_before
from agent.errors import IncompatiblePIFProperties, PIFConfigurationError
from agent.kernel.state import Link
from agent.kernel.steps import SetGRO, SetMTU
from agent.model.layering import Given
from agent.model.records import Host
from agent.rules import bond, pif
from agent.rules.first_start import first_start
from tests.fakes.fake_hotplug import vif_device
from tests.fakes.fake_kernel import Killed
from tests.fakes.mortal_store import alter_store
from tests.worlds.world import ADDRESS, World, bond_of, facts, host, nic, pif_of

ON, OFF = {"gro": "on"}, {"gro": "off"}
HOST = host(nic(0, gro=True), nic(1, gro=True))


@pytest.fixture
async def capable(tmp_path: Path) -> AsyncIterator[World]:
    """A host on whose NICs GRO is on, as on real ones."""
    world = World(tmp_path, HOST, "eth0 eth1 eth2")
    await world.start()
    yield world
    await world.stop()
    assert world.kernel.trespasses == []


def found(world: World, *devices: str) -> list[bool | None]:
    """What the kernel has."""
    return [world.kernel.state.links[device].gro for device in devices]


async def set_gro(world: World, device: str, value: str) -> None:
    await world.do(pif.set_property, world.pif(device).ref, "gro", value)


def test_the_first_start_says_of_each_NIC_what_it_has() -> None:
    model = first_start("host1", facts(host(nic(0, gro=True), nic(1, gro=False), nic(2)))).after
    assert [pif_of(model, f"eth{n}").properties for n in range(3)] == [ON, OFF, {}]


async def test_a_NIC_that_is_scanned_is_left_as_it_is(capable: World) -> None:
    capable.kernel.insert(nic(2, gro=False))
    await capable.do(pif.scan, capable.model.all(Host)[0].ref)
    assert (capable.pif("eth2").properties, found(capable, "eth2")) == (OFF, [False])


async def test_a_NIC_gets_what_its_PIF_says_plugged_or_not(capable: World) -> None:
    for device in ("eth0", "eth1"):
        await set_gro(capable, device, "off")
    assert found(capable, "eth0", "eth1") == [False, False]
    await set_gro(capable, "eth1", "on")
    assert found(capable, "eth0", "eth1") == [False, True]


async def test_nothing_but_the_GRO_is_touched(capable: World) -> None:
    before = capable.kernel.state
    capable.kernel.sent.clear()
    await set_gro(capable, "eth0", "off")
    assert capable.kernel.sent == ["switch the gro of eth0 off"]
    links = {**before.links, "eth0": replace(before.links["eth0"], gro=False)}
    assert capable.kernel.state == replace(before, links=links)


async def test_a_bond_has_what_its_slaves_have_and_they_keep_it_when_it_goes(capable: World) -> None:
    for device in ("eth0", "eth1"):
        await set_gro(capable, device, "off")
    made = await capable.create_bond("eth0", "eth1")
    assert capable.pif("bond0").properties == OFF
    assert found(capable, "bond0", "eth0", "eth1") == [False, False, False]
    await set_gro(capable, "bond0", "on")
    assert found(capable, "bond0", "eth0", "eth1") == [True, True, True]
    await capable.do(bond.destroy, made)
    assert [capable.pif(device).properties for device in ("eth0", "eth1")] == [ON, ON]
    assert found(capable, "eth0", "eth1") == [True, True]


async def test_NICs_that_differ_in_it_can_not_be_bonded(capable: World) -> None:
    await set_gro(capable, "eth1", "off")
    with pytest.raises(IncompatiblePIFProperties):
        await capable.create_bond("eth0", "eth1")


async def test_drift_is_put_right_at_the_next_call(capable: World) -> None:
    capable.kernel.behind_our_back(SetGRO("eth0", on=False), SetGRO("eth1", on=False))
    await capable.new_network()
    assert found(capable, "eth0", "eth1") == [True, True]


async def test_drift_is_put_right_at_the_next_start(capable: World) -> None:
    await capable.stop()
    capable.kernel.behind_our_back(SetGRO("eth0", on=False))
    await capable.start()
    assert found(capable, "eth0") == [True]


async def test_PIFs_of_an_older_store_say_nothing_and_their_devices_are_left_alone(capable: World) -> None:
    await capable.create_bond("eth0", "eth1")
    await capable.stop()
    alter_store(capable.file, "UPDATE record SET fields = json_remove(fields, '$.properties')")
    for device, on in (("eth0", False), ("eth1", True), ("bond0", False)):
        capable.kernel.behind_our_back(SetGRO(device, on=on))
    await capable.start()
    await capable.new_network()
    assert found(capable, "eth0", "eth1", "bond0") == [False, True, False]
    await capable.do(bond.destroy, bond_of(capable.model).ref)
    await capable.create_bond("eth0", "eth1")
    assert found(capable, "eth0", "eth1", "bond0") == [False, True, True]


async def test_a_device_that_refuses_it_fails_the_call_and_nothing_has_changed(capable: World) -> None:
    before = capable.everything()
    capable.kernel.expect(refuse={0})
    with pytest.raises(PIFConfigurationError) as caught:
        await set_gro(capable, "eth1", "off")
    reason = "switch the gro of eth1 off: Device or resource busy"
    assert caught.value.parameters == (capable.pif("eth1").ref, reason)
    assert capable.everything() == before


@pytest.mark.parametrize("part", range(3))
async def test_a_bond_of_which_one_device_refuses_it_is_as_before_on_all(capable: World, part: int) -> None:
    await capable.create_bond("eth0", "eth1")
    before = capable.everything()
    capable.kernel.expect(refuse={part})
    with pytest.raises(PIFConfigurationError):
        await set_gro(capable, "bond0", "off")
    assert capable.everything() == before


@pytest.mark.parametrize("part", range(3))
async def test_a_daemon_that_dies_half_way_finds_its_way_back(capable: World, part: int) -> None:
    await capable.create_bond("eth0", "eth1")
    before = capable.everything()
    capable.kernel.expect(die_at=part)
    with pytest.raises(Killed):
        await set_gro(capable, "bond0", "off")
    await capable.restart()
    assert capable.everything() == before


async def test_a_bond_that_can_not_go_is_made_again_with_what_it_had(capable: World) -> None:
    made = await capable.create_bond("eth0", "eth1")
    await set_gro(capable, "bond0", "off")
    capable.kernel.expect()
    await capable.do(bond.destroy, made)
    parts = capable.kernel.parts
    await capable.create_bond("eth0", "eth1")
    capable.kernel.expect(refuse={parts - 1})
    before = capable.everything()
    with pytest.raises(PIFConfigurationError):
        await capable.do(bond.destroy, bond_of(capable.model).ref)
    assert (capable.everything(), found(capable, "bond0")) == (before, [False])


async def test_at_a_start_a_device_that_refuses_it_costs_nobody_anything_else(
    capable: World, caplog: pytest.LogCaptureFixture
) -> None:
    await capable.stop()
    capable.kernel.behind_our_back(SetGRO("eth0", on=False), SetMTU("xenbr0", 1400))
    await capable.start(refuse={1})
    assert (dict(capable.engine.failures), capable.addresses("xenbr0")[0]) == ({}, ADDRESS)
    assert capable.kernel.state.links["xenbr0"].MTU == 1500
    assert "eth0: switch the gro of eth0 on: Device or resource busy" in caplog.text


def test_the_GRO_of_a_VMs_device_is_its_toolstacks_also_when_it_comes_back_as_another_one() -> None:
    def having(link: Link) -> dict[str, Link]:
        return {**HOST.links, link.name: link}

    old, new = vif_device("vif1.0", gro=False), vif_device("vif1.0", gro=True)
    snapshot, actual = replace(HOST, links=having(old)), replace(HOST, links=having(new))
    given = Given(vifs=frozenset({"vif1.0"}))
    assert as_before(snapshot, actual, given) == actual

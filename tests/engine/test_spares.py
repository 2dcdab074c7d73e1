"""Spare NICs and bonds are plugged at each start, but for those that somebody wants down, or uses."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from agent.kernel.state import Address
from agent.model.model import Model
from agent.model.records import PIF
from agent.rules.pif import plug, unplug
from agent.rules.spares import plug_spares
from tests.worlds.hosts import host, nic
from tests.worlds.world import World, bonded, facts, pif_of, taken_over, with_pif

NICS = "eth0 eth1 eth2 eth3"
HOST = host(nic(0), nic(1), nic(2), nic(3, up=False))


def plugged(model: Model) -> dict[str, bool]:
    return {pif.device: pif.currently_attached for pif in model.all(PIF) if pif.managed}


def spare_world(directory: Path) -> World:
    return World(directory, HOST, NICS, plug_spares=True)


async def test_a_first_start_plugs_what_is_up_and_leaves_what_is_down_and_says_both(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world = spare_world(tmp_path)
    await world.start()
    assert plugged(world.model) == {"eth0": True, "eth1": True, "eth2": True, "eth3": False}
    links = world.kernel.state.links
    assert [links[name].master for name in ("eth1", "eth2", "eth3")] == ["xenbr1", "xenbr2", ""]
    assert [links[name].up for name in ("xenbr1", "eth2", "eth3")] == [True, True, False]
    said = "\n".join(caplog.messages)
    assert "eth2: nobody uses it, is plugged into the bridge xenbr2" in said
    assert "eth3: stays down, until it is plugged: somebody has set it down" in said
    await world.restart()
    assert plugged(world.model)["eth3"] is False
    await world.stop()


async def test_a_bond_of_two_spare_nics_is_plugged_and_stays_so(tmp_path: Path) -> None:
    world = spare_world(tmp_path)
    await world.start()
    await world.create_bond("eth1", "eth2")
    assert pif_of(world.model, "bond0").currently_attached
    assert world.kernel.state.links["eth2"].master == "bond0"
    await world.restart()
    assert pif_of(world.model, "bond0").currently_attached
    await world.stop()


async def test_what_was_unplugged_by_hand_stays_so_until_it_is_plugged(tmp_path: Path) -> None:
    world = spare_world(tmp_path)
    await world.start()
    await world.do(unplug, world.pif("eth1").ref)
    await world.restart()
    assert plugged(world.model)["eth1"] is False
    await world.do(plug, world.pif("eth1").ref)
    await world.restart()
    assert plugged(world.model)["eth1"] is True
    await world.stop()


def test_a_later_start_plugs_what_nobody_has_unplugged() -> None:
    model = taken_over(HOST)
    assert plugged(model) == {"eth0": True, "eth1": False, "eth2": False, "eth3": False}
    found = plug_spares(model, facts(HOST))
    assert plugged(found.model) == dict.fromkeys(plugged(model), True)
    assert found.log[0] == "eth1 is plugged, as each start does with what nobody has unplugged"
    assert plug_spares(found.model, facts(HOST)).log == ()


def test_the_master_of_a_bond_is_plugged_and_its_slaves_are_not() -> None:
    found = plug_spares(bonded(taken_over(HOST), "eth1", "eth2"), facts(HOST)).model
    assert pif_of(found, "bond0").currently_attached
    assert not pif_of(found, "eth1").currently_attached


def test_what_is_gone_or_unmanaged_or_in_use_stays_as_it_is() -> None:
    gone = replace(HOST, links={name: link for name, link in HOST.links.items() if name != "eth1"})
    used = replace(gone, addresses=gone.addresses | {Address("eth2", "198.51.100.7/24")})
    model = with_pif(taken_over(HOST), "eth3", managed=False)
    found = plug_spares(model, facts(used))
    assert found.model == model
    assert found.log == ("eth2 stays unplugged: somebody uses it",)

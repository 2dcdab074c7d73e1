"""A start: what breaks the rules is put right, then all that can comes up, and the rest is kept."""

import logging

import pytest

from agent.engine.converge import NotTaken
from agent.engine.faults import NO_FAULTS, Faults, with_trouble
from agent.kernel.parts import Part
from agent.kernel.state import Link
from agent.kernel.steps import CreateLink, DeleteLinks, SetMaster
from agent.model.model import pifs_on
from agent.model.records import Ref, Tunnel
from agent.rules import pif, setters, tunnel, vlan
from tests.docs.design import design
from tests.fakes.fake_kernel import Killed
from tests.fakes.mortal_store import alter_store
from tests.worlds.world import ADDRESS, World, network_of, with_pif


async def test_a_VIF_on_a_slaves_network_is_moved_up_to_the_bond_with_a_line_in_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.create_bond("eth0", "eth1")
    plugged = await world.run_vm("alpha", network_of(world.model, "xapi0").ref)
    before = world.everything()
    await world.stop()
    statement = "UPDATE record SET fields = json_set(fields, '$.network', ?) WHERE class = 'VIF'"
    alter_store(world.file, statement, network_of(before[1], "xenbr1").ref)
    await world.start()
    assert world.everything() == before
    said = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len([line for line in said if world.model.get(plugged).uuid in line]) == 1


@design("start", 2)
async def test_what_was_put_right_is_stored_before_the_kernel_is_touched(world: World) -> None:
    await world.create_bond("eth0", "eth1")
    wanted = world.model
    await world.stop()
    statement = (
        "UPDATE record SET fields = json_set(fields, '$.disallow_unplug', json('true'))"
        " WHERE class = 'PIF' AND json_extract(fields, '$.device') = 'eth1'"
    )
    alter_store(world.file, statement)
    world.kernel.behind_our_back(DeleteLinks(("xapi0",)))
    with pytest.raises(Killed):
        await world.start(die_at=0)
    assert world.store is not None
    world.kernel.restart()
    assert world.stored() == with_pif(wanted, "bond0", disallow_unplug=True)


async def test_a_model_that_keeps_the_rules_is_not_written(world: World) -> None:
    await world.create_bond("eth0", "eth1")
    await world.restart()
    assert world.store is not None
    assert world.store.commits == 0


async def test_a_PIF_that_could_not_be_had_is_kept_with_the_reason_until_it_can_be(world: World) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    await world.stop()
    world.kernel.behind_our_back(SetMaster("eth1", "docker0"))
    await world.start()
    reference = world.pif("eth1").ref
    reason = "put eth1 into xenbr1: eth1 is a port of docker0, which is not pifd's"
    assert dict(world.engine.failures) == {reference: reason}
    world.kernel.behind_our_back(SetMaster("eth1", ""))
    await world.do(pif.plug, reference)
    await world.do(pif.set_disallow_unplug, reference, True)
    assert (dict(world.engine.failures), world.above("eth1")) == ({}, ["xenbr1"])


async def test_a_VLAN_whose_device_somebody_else_has_does_not_cost_the_NIC_below(world: World) -> None:
    home = await world.new_network()
    await world.do(vlan.create, world.pif("eth0").ref, 5, home)
    await world.stop()
    world.kernel.behind_our_back(DeleteLinks(("eth0.5",)), CreateLink(Link(name="eth0.5", kind="tun")))
    await world.start()
    upper = pifs_on(world.model, Ref(home))[0]
    assert list(world.engine.failures) == [upper.ref]
    assert world.addresses("xenbr0")[0] == ADDRESS


async def test_links_up_tells_of_NICs_and_of_tunnels_devices(world: World) -> None:
    home = await world.new_network()
    made = await world.do(tunnel.create, world.pif("eth0").ref, home, "vxlan")
    await world.do(setters.add_to, Tunnel, "other_config", made, "remote-ips", "192.0.2.7")
    assert world.engine.links_up == {"eth0", "eth8", "eth9", "tunnel0"}


async def test_where_the_kernel_took_a_step_and_not_its_sense_what_differs_is_at_fault(
    world: World,
) -> None:
    """A VIF's device that something takes out of its bridge again and again costs no PIF its bridge."""
    plugged = await world.run_vm("alpha", network_of(world.model, "xenbr1").ref)
    words = "master of vif1.0 is 'elsewhere', not 'xenbr1'"
    cause = NotTaken({Part("vif1.0", "master"): words})
    said = f"the kernel did not take everything: {words}"
    assert with_trouble(world.model, cause, NO_FAULTS) == Faults(ports={plugged: said})

"""A slave whose link comes and goes: the bond does not take it for its active one when it is asked to."""

from collections.abc import Callable

import pytest

from agent.errors import PIFConfigurationError
from agent.kernel.steps import SetActiveSlave, Step
from agent.rules import bond, bond_members
from tests.worlds.world import ADDRESS, World, bond_of


@pytest.fixture
async def bonded(world: World) -> World:
    """eth0 is the primary slave and the active one."""
    home, members = await world.new_network(), [world.pif(name).ref for name in ("eth0", "eth1")]
    await world.do(bond.create, home, members, "", "active-backup")
    await world.do(bond_members.set_active_slave, bond_of(world.model).ref, world.pif("eth0").ref)
    return world


def refuses(*slaves: str) -> Callable[[Step], str]:
    """Why the bond does not take one of these slaves."""
    return lambda step: (
        "Invalid argument" if isinstance(step, SetActiveSlave) and step.slave in slaves else ""
    )


async def test_a_bond_is_destroyed_although_the_other_slave_does_not_take_over(bonded: World) -> None:
    bonded.kernel.obstacle = refuses("eth1")
    await bonded.do(bond.destroy, bond_of(bonded.model).ref)
    assert "make eth1 the active slave of bond0" in " ".join(bonded.kernel.sent)
    assert bonded.addresses("xenbr0")[0] == ADDRESS
    assert bonded.above("eth0") == ["xenbr0"]
    assert bonded.kernel.state.links.keys().isdisjoint({"bond0", "xapi0"})
    assert bonded.engine.in_model_state.is_set()


async def test_the_slave_that_has_the_carrier_is_the_last_to_leave_then(bonded: World) -> None:
    bonded.kernel.obstacle = refuses("eth1")
    bonded.kernel.sent.clear()
    await bonded.do(bond.destroy, bond_of(bonded.model).ref)
    leaving = [step for step in bonded.kernel.sent if "out of its master" in step]
    assert ["eth1" in step for step in leaving] == [True, False]
    assert "add 192.0.2.10/24 to xenbr0" in leaving[-1]


@pytest.mark.parametrize("gone", ["eth0", "eth1"])
async def test_a_member_leaves_although_the_others_do_not_take_over(bonded: World, gone: str) -> None:
    bonded.kernel.obstacle = refuses("eth0", "eth1")
    await bonded.do(bond_members.remove_member, bond_of(bonded.model).ref, bonded.pif(gone).ref)
    assert [port.name for port in bonded.kernel.state.ports("bond0")] == [*({"eth0", "eth1"} - {gone})]
    assert bonded.addresses("xapi0")[0] == ADDRESS


async def test_a_call_that_is_about_the_active_slave_is_refused_with_the_reason(bonded: World) -> None:
    bonded.kernel.obstacle = refuses("eth1")
    before = bonded.everything()
    with pytest.raises(PIFConfigurationError) as caught:
        await bonded.do(bond_members.set_active_slave, bond_of(bonded.model).ref, bonded.pif("eth1").ref)
    assert caught.value.parameters[1] == "make eth1 the active slave of bond0: Invalid argument"
    assert (bonded.everything(), bonded.kernel.state.links["bond0"].active_slave) == (before, "eth0")


async def test_a_slave_without_carrier_is_not_asked_to_take_over(bonded: World) -> None:
    bonded.kernel.cables = frozenset({"eth0"})
    await bonded.do(bond.destroy, bond_of(bonded.model).ref)
    assert not any("active slave" in step for step in bonded.kernel.sent[-12:])
    assert bonded.addresses("xenbr0")[0] == ADDRESS

"""The design's pool row: VIFs, VLANs and management on the member's NICs, a bond on the master, a restart."""

from functools import partial
from typing import Any

import pytest

from agent.kernel.state import KernelState
from agent.model.model import management, slaves
from agent.model.records import VIF, VLAN, Bond, Network, Ref
from agent.rules import bond, vif, vlan, vm
from tests.pool.hosts import Hosts, Member, knows_all, own_pif
from tests.worlds.world import network_of

ASKED = "eth0 eth1 eth2"
"""The NICs of the master's bond; a member's first has its management."""


async def pool_of_two(hosts: Hosts, nics: int = 4) -> tuple[Member, Member]:
    """The master, and a member with a VLAN on eth0 and the VIFs of a running and of a halted VM."""
    master, member = await hosts.started(nics=4), await hosts.started(nics=nics)
    await member.joined()
    await member.until(partial(knows_all, member, 2))
    await vlan_on(member, "eth0", 7)
    await member.world.run_vm("alpha", network_of(member.model, "xenbr0").ref)
    this = member.pool.this.ref
    halted = await member.world.do(vm.create, {"name_label": "beta", "possible_hosts": (this,)})
    on = {"device": "0", "network": network_of(member.model, "xenbr0").ref, "VM": Ref[Any](halted)}
    await member.world.do(vif.create, on)
    await master.world.new_network(name_label="bonded")
    await member.until(lambda: home_of(member))
    return master, member


def home_of(member: Member) -> Network | None:
    """The network of the master's bond."""
    return next((one for one in member.model.all(Network) if one.name_label == "bonded"), None)


async def vlan_on(member: Member, device: str, tag: int) -> None:
    home = await member.world.new_network(name_label=f"vlan{tag} on {device}")
    await member.world.do(vlan.create, own_pif(member, device), tag, home)


async def restarted_beside_a_bond(master: Member, member: Member) -> KernelState:
    """What the member's kernel was like just before it has taken over what it can, after its restart."""
    home, nics = home_of(master), [own_pif(master, one) for one in ASKED.split()]
    assert home is not None
    made = await master.world.do(bond.create, home.ref, nics, "")
    await member.until(lambda: made in member.model.records)
    await member.stop()
    before = member.world.kernel.state
    await member.start()
    await member.until(lambda: member.pool.follower.report, "taken over")
    return before


def has_moved_up(member: Member) -> None:
    """Management, the VLANs and the VIFs are on the member's bond, in the model and on the kernel."""
    [own] = member.own.all(Bond)
    master = member.model.get(own.master)
    assert management(member.model) == master
    assert member.world.addresses(member.world.above("eth0")[-1])[0] == "192.0.2.11/24"
    assert {one.tagged_PIF for one in member.own.all(VLAN)} == {master.ref}
    assert {one.network for one in member.model.all(VIF)} == {master.network}
    assert member.world.above("vif1.0") == [member.model.get(master.network).bridge]
    assert member.pool.words == ""


async def test_all_that_is_on_the_members_nics_is_on_its_bond_after_a_restart(hosts: Hosts) -> None:
    master, member = await pool_of_two(hosts)
    await restarted_beside_a_bond(master, member)
    has_moved_up(member)
    assert slave_names(member) == ASKED.split()


async def test_of_nics_one_of_which_is_missing_there_is_a_partial_bond(hosts: Hosts) -> None:
    master, member = await pool_of_two(hosts, nics=2)
    await restarted_beside_a_bond(master, member)
    has_moved_up(member)
    assert slave_names(member) == ["eth0", "eth1"]


async def test_a_bond_that_is_in_the_way_goes_with_what_is_on_it(hosts: Hosts) -> None:
    master, member = await pool_of_two(hosts)
    await member.world.create_bond("eth0", "eth3")
    await restarted_beside_a_bond(master, member)
    has_moved_up(member)
    assert slave_names(member) == ASKED.split()
    assert member.world.above("eth3") == []


async def test_vlans_that_collide_on_the_bond_become_one(hosts: Hosts) -> None:
    master, member = await pool_of_two(hosts)
    await vlan_on(member, "eth1", 7)
    await vlan_on(member, "eth2", 8)
    await restarted_beside_a_bond(master, member)
    has_moved_up(member)
    assert sorted(one.tag for one in member.own.all(VLAN)) == [7, 8]


@pytest.mark.parametrize("in_the_way", [False, True])
async def test_a_member_that_its_bond_would_cut_off_stays_as_it_is_and_says_so(
    hosts: Hosts, *, in_the_way: bool
) -> None:
    master, member = await pool_of_two(hosts)
    if in_the_way:
        await member.world.create_bond("eth0", "eth3")
    home = home_of(member)
    assert home is not None
    member.world.kernel.silent = frozenset({home.bridge})
    before = await restarted_beside_a_bond(master, member)
    device = "bond0" if in_the_way else "eth0"
    managed = management(member.model)
    assert managed is not None
    assert managed.device == device
    assert len(member.own.all(Bond)) == in_the_way
    assert member.world.kernel.state == before
    assert "the master's bond on bonded: not done" in member.pool.words


def slave_names(member: Member) -> list[str]:
    [own] = member.own.all(Bond)
    return [one.device for one in slaves(member.own, own)]

"""Members of a pool on a real etcd: they join, learn, publish, take over, leave."""

import asyncio
import shutil
import signal
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from agent.errors import (
    OperationNotAllowed,
    PoolUnavailable,
)
from agent.model.model import here, management, slaves
from agent.model.records import PIF, VIF, VLAN, VM, Bond, Host, Network, Pool, Ref, Tunnel
from agent.pool.sync import sync
from agent.rules import bond, membership, network, pif, tunnel, vif, vlan, vm
from tests.pool.etcd_server import etcd
from tests.pool.hosts import Hosts, Member, host_of, knows_all, own_pif
from tests.worlds.world import bond_of, network_of, slave_devices


async def test_the_first_host_makes_the_pool_and_the_second_joins_it(hosts: Hosts) -> None:
    master, member = await hosts.pool(2)
    assert member.model.all(Pool) == master.model.all(Pool)
    assert member.master() == master.pool.this.uuid
    for one in (master, member):
        assert {net.bridge for net in one.model.all(Network)} >= {"xenbr0", "xenbr1"}
        assert len({pif.host for pif in one.model.all(PIF)}) == 2
        assert one.pool.liveness.is_live(member.pool.this.ref)
        assert one.pool.liveness.last_published(master.pool.this.ref) is not None
    assert network_of(master.model, "xenbr0").ref == network_of(member.model, "xenbr0").ref
    assert "192.0.2.11/24" in member.world.addresses("xenbr0")


async def test_a_bond_of_the_masters_is_there_on_a_member_after_its_restart(hosts: Hosts) -> None:
    master, member = await hosts.pool(2)
    await master.world.create_bond("eth0", "eth1")
    await member.until(lambda: member.model.all(Bond))
    assert not here(member.model).all(Bond)
    await member.stop()
    await member.start()
    await member.until(lambda: here(member.model).all(Bond))
    assert member.world.above("eth0")[0] == "bond0"
    assert slave_devices(member.own) == ["eth0", "eth1"]
    assert bond_of(member.own).mode == bond_of(master.own).mode


async def test_a_network_made_on_either_is_there_on_both_and_goes_on_both(hosts: Hosts) -> None:
    master, member = await hosts.pool(2)
    made = await member.world.new_network(name_label="private")
    await master.until(lambda: made in master.model.records)
    await master.world.do(network.destroy, made)
    await member.until(lambda: made not in member.model.records)


async def test_networks_made_at_once_have_different_bridges(hosts: Hosts) -> None:
    members = await hosts.pool(3)
    await asyncio.gather(*(member.world.new_network() for member in members for _ in range(3)))
    for member in members:
        await member.until(lambda member=member: len(member.model.all(Network)) == 9 + 4)  # type: ignore[misc]
    bridges = [net.bridge for net in members[0].model.all(Network)]
    assert len(bridges) == len(set(bridges))
    assert {net.ref for net in members[0].model.all(Network)} == {
        net.ref for net in members[2].model.all(Network)
    }


async def test_of_two_masters_designated_at_once_one_is_it_for_all(hosts: Hosts) -> None:
    members = await hosts.pool(3)
    await asyncio.gather(
        *(
            member.world.do(membership.designate_new_master, other.pool.this.ref)
            for member, other in ((members[1], members[1]), (members[2], members[2]))
        )
    )
    for member in members:
        await member.until(lambda member=member: member.master() == members[0].master())  # type: ignore[misc]
    assert members[0].master() != members[0].pool.this.uuid


async def test_a_host_that_is_ejected_is_alone_with_all_that_it_has(hosts: Hosts) -> None:
    master, member = await hosts.pool(2)
    await member.world.create_bond("eth0", "eth1")
    before = member.world.kernel.state
    await master.pool.membership.eject(member.pool.this)
    await member.until(lambda: len(member.model.all(Host)) == 1)
    await master.until(lambda: len(master.model.all(Host)) == 1)
    assert not member.model.all(Pool)[0].is_shared
    assert member.world.kernel.state == before
    await member.until(lambda: not member.pool.entries.trouble)
    await member.world.new_network()


async def test_without_etcd_the_host_changes_its_own_and_is_refused_what_is_shared(tmp_path: Path) -> None:
    with etcd() as (node,):
        async with AsyncExitStack() as stack:
            hosts = Hosts(tmp_path, node, stack)
            master, member = await hosts.pool(2)
            home = await member.world.new_network(name_label="bonded")
            node.kill()
            await member.until(lambda: member.pool.entries.trouble, "it notices")
            with pytest.raises(PoolUnavailable):
                await member.world.new_network()
            members = [own_pif(member, device) for device in ("eth0", "eth1")]
            await member.world.do(bond.create, home, members, "")
            assert member.world.above("eth0")[0] == "bond0"
            await member.stop()
            await member.start()
            assert member.world.above("eth0")[0] == "bond0"
            assert "can't be used" in member.pool.words
            node.start()
            node.wait()
            await master.until(lambda: master.model.all(Bond), "the bond is published later")
            await member.world.new_network()


async def test_of_an_etcd_that_is_empty_again_the_master_fills_it_anew(tmp_path: Path) -> None:
    with etcd() as (node,):
        async with AsyncExitStack() as stack:
            hosts = Hosts(tmp_path, node, stack)
            master, member = await hosts.pool(2)
            made = await member.world.new_network(name_label="private")
            await master.until(lambda: made in master.model.records)
            node.kill()
            shutil.rmtree(node.directory / node.name)
            node.start()
            node.wait()
            await member.until(lambda: member.pool.entries.trouble, "it is away")
            await member.until(lambda: not member.pool.entries.trouble, "it is back")
            await master.until(lambda: not master.pool.entries.trouble)
            await master.until(partial(knows_all, master, 2))
            await member.until(partial(knows_all, member, 2))
            assert made in master.model.records
            await master.world.new_network()


async def test_where_the_master_is_dead_and_etcd_empty_another_host_can_fill_it(tmp_path: Path) -> None:
    with etcd() as (node,):
        async with AsyncExitStack() as stack:
            hosts = Hosts(tmp_path, node, stack)
            master, member, third = await hosts.pool(3)
            with pytest.raises(OperationNotAllowed):
                await member.pool.membership.be_master()
            await master.stop()
            node.kill()
            await member.until(lambda: member.pool.entries.trouble, "it is away")
            with pytest.raises(PoolUnavailable):
                await member.pool.membership.be_master()
            shutil.rmtree(node.directory / node.name)
            node.start()
            node.wait()
            await member.until(lambda: "there is nothing in it" in member.pool.words)
            await member.world.do(pif.plug, own_pif(member, "eth1"))
            await member.pool.membership.be_master()
            await member.connected()
            await third.connected()
            await master.start()
            await master.connected()
            for one in (master, member, third):
                await one.until(partial(knows_all, one, 3))
                await one.until(lambda one=one: one.master() == member.pool.this.uuid)  # type: ignore[misc]


async def test_of_three_nodes_two_make_a_quorum_and_one_does_not(tmp_path: Path) -> None:
    with etcd(3) as cluster:
        async with AsyncExitStack() as stack:
            hosts = Hosts(tmp_path, cluster[0], stack)
            hosts.access = replace(hosts.access, endpoints=tuple(node.endpoint for node in cluster))
            master, member = await hosts.pool(2)
            cluster[0].kill()
            for one in (master, member):
                await one.world.do(pif.set_disallow_unplug, own_pif(one, "eth1"), True)
            await master.until(lambda: sum(one.disallow_unplug for one in master.model.all(PIF)) == 2)
            await member.until(lambda: not member.pool.entries.trouble)
            await member.world.new_network()
            cluster[1].kill()
            await member.until(lambda: member.pool.entries.trouble, "it notices")
            with pytest.raises(PoolUnavailable):
                await member.world.new_network()
            await member.world.do(pif.plug, own_pif(member, "eth1"))


async def test_an_etcd_that_does_not_answer_holds_up_nothing(tmp_path: Path) -> None:
    with etcd() as (node,):
        async with AsyncExitStack() as stack:
            master, member = await Hosts(tmp_path, node, stack).pool(2)
            node.send(signal.SIGSTOP)
            begun = time.monotonic()
            await member.world.do(pif.set_disallow_unplug, own_pif(member, "eth1"), True)
            assert time.monotonic() - begun < 1
            with pytest.raises(PoolUnavailable):
                await member.world.new_network()
            node.send(signal.SIGCONT)
            await member.until(lambda: not member.pool.entries.trouble)
            await master.until(lambda: any(one.disallow_unplug for one in master.model.all(PIF)))


async def test_hosts_with_tunnels_on_a_network_are_a_mesh_and_one_that_goes_is_in_it_no_more(
    hosts: Hosts,
) -> None:
    members = await hosts.pool(3)
    home = await members[0].world.new_network(name_label="private")
    for member in members:
        await member.until(lambda member=member: home in member.model.records)  # type: ignore[misc]
        await member.world.do(tunnel.create, own_pif(member, "eth0"), home, "vxlan")
    for member in members:
        others = [f"192.0.2.{10 + other.number}" for other in members if other is not member]
        took = await member.until(partial(has_peers, member, *others))
        assert took < 1
        [link] = [one for one in member.world.kernel.state.links.values() if one.kind == "vxlan"]
        assert link.flood == tuple(others)
    assert {one.key for one in members[0].model.all(Tunnel)} == {1}
    second = await members[1].world.new_network(name_label="more")
    await members[2].until(lambda: second in members[2].model.records)
    await asyncio.gather(
        members[1].world.do(tunnel.create, own_pif(members[1], "eth0"), second),
        members[2].world.do(tunnel.create, own_pif(members[2], "eth0"), second),
    )
    assert {pif_and_key(member, second) for member in members[1:]} == {2}
    await members[0].pool.membership.eject(host_of(members[0], members[2]))
    await members[1].until(partial(has_peers, members[1], "192.0.2.10"))


def has_peers(member: Member, *peers: str) -> bool:
    return any(one.peers == peers for one in member.own.all(Tunnel))


def pif_and_key(member: Member, net: Ref[Network]) -> int:
    [found] = [one for one in member.own.all(Tunnel) if member.own.get(one.access_PIF).network == net]
    return found.key


async def test_a_bond_that_fails_on_the_kernel_leaves_the_one_in_its_way_and_what_else_can_be_had_is_made(
    hosts: Hosts,
) -> None:
    master, member = [await hosts.started(nics=3) for _ in range(2)]
    await member.joined()
    await member.until(partial(knows_all, member, 2))
    old = await member.world.create_bond("eth0", "eth1")
    other = await master.world.new_network(name_label="vlan7")
    await master.world.create_bond("eth0", "eth2")
    await master.world.do(vlan.create, own_pif(master, "eth1"), 7, other)
    await member.until(lambda: len(member.model.all(Bond)) == 2 and member.model.all(VLAN))
    before = member.world.kernel.state
    member.world.kernel.expect(refuse=[1])
    report = await sync(member.world.engine, "device")
    assert [line.partition(": ")[2].startswith("not done") for line in report] == [True, True]
    assert member.world.kernel.state == before
    assert [one.ref for one in member.own.all(Bond)] == [old]
    member.world.kernel.expect()
    report = await sync(member.world.engine, "device")
    assert [line.partition(": ")[2] for line in report] == ["as the master's", "as the master's"]
    [made] = member.own.all(Bond)
    assert [slave.device for slave in slaves(member.own, made)] == ["eth0", "eth2"]
    assert [one.tag for one in member.own.all(VLAN)] == [7]
    assert management(member.model) == member.model.get(made.master)


async def test_where_the_operator_wants_it_a_member_follows_what_the_master_changes(hosts: Hosts) -> None:
    master, member = await hosts.started(), await hosts.started(follows=True)
    await member.joined()
    await member.until(partial(knows_all, member, 2))
    made = await master.world.create_bond("eth0", "eth1")
    await member.until(lambda: member.own.all(Bond))
    await master.world.do(bond.set_mode, made, "lacp")
    await member.until(lambda: [one.mode for one in member.own.all(Bond)] == ["lacp"])


async def test_a_vif_goes_along_with_another_hosts_bond_where_its_vm_can_only_start_there(
    hosts: Hosts,
) -> None:
    master, member = await hosts.pool(2)
    net, far = network_of(master.model, "xenbr0").ref, host_of(master, member).ref
    moves, stays = [await vif_of_vm(master, net, able) for able in ((far,), (far, master.pool.this.ref))]
    made = await member.world.create_bond("eth0", "eth1")
    home = member.model.get(member.model.get(made).master).network
    await master.until(lambda: master.model.get(moves).network == home)
    assert master.model.get(stays).network == net
    await member.world.do(bond.destroy, made)
    await master.until(lambda: master.model.get(moves).network == net)
    assert master.model.get(stays).network == net


async def vif_of_vm(member: Member, net: Ref[Network], able: tuple[Ref[Host], ...]) -> Ref[VIF]:
    """The VIF of a halted VM that can start on some hosts."""
    record = {"name_label": "alpha", "possible_hosts": able}
    owner = await member.world.do(vm.create, record)
    return Ref(await member.world.do(vif.create, {"device": "0", "network": net, "VM": Ref[VM](owner)}))

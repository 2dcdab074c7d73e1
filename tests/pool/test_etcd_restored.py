"""An etcd that was restored from a backup, whose revisions go back: all converges, no network is touched."""

import shutil
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from agent.model.model import Model, here
from agent.model.records import Bond, Host, Network, Pool
from agent.rules import bond, membership
from agent.rules.network import destroy
from agent.rules.setters import set_field
from tests.pool.etcd_server import Node, etcd
from tests.pool.hosts import Hosts, Member, knows_all, own_pif


async def back_up(node: Node, members: list[Member]) -> Path:
    """A copy of what etcd has, taken while it is stopped."""
    copy = node.directory / "backup"
    await stopped(node, members)
    shutil.copytree(node.directory / node.name, copy)
    await started(node, members)
    return copy


async def restore(node: Node, copy: Path, members: list[Member]) -> None:
    await stopped(node, members)
    shutil.rmtree(node.directory / node.name)
    shutil.copytree(copy, node.directory / node.name)
    await started(node, members)


async def stopped(node: Node, members: list[Member]) -> None:
    node.kill()
    for member in members:
        await member.until(partial(trouble, member), "it is away")


async def started(node: Node, members: list[Member]) -> None:
    node.start()
    node.wait()
    for member in members:
        await member.connected()


def trouble(member: Member) -> str:
    return member.pool.entries.trouble


def shared(model: Model) -> list[Network | Pool]:
    """What all hosts share."""
    found: list[Network | Pool] = [*model.all(Network), *model.all(Pool)]
    return sorted(found, key=lambda record: record.uuid)


async def test_hosts_bonds_and_networks_in_use_that_came_after_the_backup_are_published_again(
    tmp_path: Path,
) -> None:
    with etcd() as (node,):
        async with AsyncExitStack() as stack:
            hosts = Hosts(tmp_path, node, stack)
            members = await hosts.pool(2)
            copy = await back_up(node, members)
            third = await hosts.started()
            await third.joined()
            master, member = members
            await master.until(partial(knows_all, master, 3))
            home = await member.world.new_network(name_label="bonded")
            unused = await master.world.new_network(name_label="unused")
            await member.world.do(bond.create, home, [own_pif(member, f"eth{n}") for n in (0, 1)], "")
            await third.world.do(membership.designate_new_master, third.pool.this.ref)
            everyone = [master, member, third]
            for one in everyone:
                await one.until(lambda one=one: one.master() == third.pool.this.uuid)  # type: ignore[misc]
            before = [one.world.kernel.state for one in everyone]
            await restore(node, copy, everyone)
            for one in everyone:
                await one.until(partial(is_as_in_the_backup, one, master, home, unused), "all converges")
            assert [one.world.kernel.state for one in everyone] == before
            assert shared(member.model) == shared(master.model) == shared(third.model)
            for one in everyone:
                made = await one.world.new_network()
                for other in everyone:
                    await other.until(lambda other=other, made=made: made in other.model.records)  # type: ignore[misc]
            assert len({net.bridge for net in master.model.all(Network)}) == len(master.model.all(Network))


def is_as_in_the_backup(one: Member, master: Member, home: str, unused: str) -> bool:
    model = one.model
    return (
        one.master() == master.pool.this.uuid
        and home in model.records
        and unused not in model.records
        and knows_all(one, 3)
        and len(model.all(Bond)) == 1
    )


async def test_what_was_changed_at_the_same_revision_is_read_again(tmp_path: Path) -> None:
    with etcd() as (node,):
        async with AsyncExitStack() as stack:
            hosts = Hosts(tmp_path, node, stack)
            master, member = await hosts.pool(2)
            home = await master.world.new_network(name_label="first")
            await member.until(lambda: home in member.model.records)
            copy = await back_up(node, [master, member])
            await master.world.do(set_field, Network, "name_label", home, "second")
            await member.until(lambda: member.model.get(home).name_label == "second")
            await restore(node, copy, [master, member])
            for one in (master, member):
                await one.until(lambda one=one: one.model.get(home).name_label == "first")  # type: ignore[misc]
            await master.world.do(set_field, Network, "name_label", home, "third")
            await member.until(lambda: member.model.get(home).name_label == "third")


async def test_a_host_that_was_ejected_after_the_backup_stays_alone(tmp_path: Path) -> None:
    with etcd() as (node,):
        async with AsyncExitStack() as stack:
            hosts = Hosts(tmp_path, node, stack)
            master, member = await hosts.pool(2)
            copy = await back_up(node, [master, member])
            await master.pool.membership.eject(member.pool.this)
            await member.until(lambda: len(member.model.all(Host)) == 1)
            await restore(node, copy, [master, member])
            await master.until(lambda: len(master.model.all(Host)) == 2, "the backup knows of it")
            assert len(member.model.all(Host)) == 1
            await master.pool.membership.eject(next(h for h in master.model.all(Host) if h.elsewhere))
            await master.until(lambda: len(master.model.all(Host)) == 1)
            assert here(member.model).all(Network)


async def test_a_network_in_use_has_its_bridge_and_not_one_that_had_it_when_the_backup_was_made(
    tmp_path: Path,
) -> None:
    with etcd() as (node,):
        async with AsyncExitStack() as stack:
            hosts = Hosts(tmp_path, node, stack)
            master, member = await hosts.pool(2)
            old = await master.world.new_network(name_label="old")
            bridge = master.model.get(old).bridge
            copy = await back_up(node, [master, member])
            await master.world.do(destroy, old)
            new = await master.world.new_network(name_label="new")
            assert master.model.get(new).bridge == bridge
            await master.world.do(bond.create, new, [own_pif(master, f"eth{n}") for n in (0, 1)], "")
            await restore(node, copy, [master, member])
            for one in (master, member):
                await one.until(lambda one=one: new in one.model.records and old not in one.model.records)  # type: ignore[misc]

"""Members that are started in every order, and cut off from etcd meanwhile, end as one pool."""

import itertools
from functools import partial

import pytest

from agent.model.model import here
from agent.model.records import Bond, Network, Pool
from agent.rules import bond
from tests.pool.hosts import Hosts, knows_all, own_pif


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
async def test_in_whichever_order_hosts_start_again_members_have_what_the_master_has(
    hosts: Hosts, order: tuple[int, ...]
) -> None:
    master, *_ = members = await hosts.pool(3)
    home = await master.world.new_network()
    for member in members:
        await member.until(lambda member=member: home in member.model.records)  # type: ignore[misc]
        await member.stop()
    await master.world.start()  # while no other runs, and etcd is not known
    await master.world.do(bond.create, home, [own_pif(master, f"eth{n}") for n in (0, 1)], "")
    await master.world.stop()
    for number in order:
        await members[number].start()
    for member in members:
        await member.until(partial(knows_all, member, 3), "it knows all")
        await member.until(lambda member=member: len(member.model.all(Bond)) == 3, "all have the bond")  # type: ignore[misc]
        assert here(member.model).all(Bond)
    assert members[0].model.all(Pool) == members[1].model.all(Pool) == members[2].model.all(Pool)
    labels = [sorted(net.bridge for net in member.model.all(Network)) for member in members]
    assert labels[0] == labels[1] == labels[2]


async def test_of_hosts_that_start_at_once_with_an_empty_etcd_one_makes_the_pool(hosts: Hosts) -> None:
    members = [await hosts.unstarted() for _ in range(3)]
    for member in members:
        await member.start()
    for member in members:
        await member.connected()
    founders = [member for member in members if member.model.all(Pool)[0].is_shared]
    assert len(founders) == 1
    for member in members:
        if member not in founders:
            await member.pool.join()
    for member in members:
        await member.until(partial(knows_all, member, 3))
        assert member.master() == founders[0].pool.this.uuid

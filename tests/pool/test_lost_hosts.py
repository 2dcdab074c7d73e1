"""Hosts that are lost: calls about them end with an error and nothing half done, tunnels do not end there."""

import asyncio
import signal
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.errors import HostDoesNotAnswer, PoolUnavailable
from agent.model.model import management
from agent.model.records import PIF, VLAN, Network, Ref
from agent.pool import requests
from agent.pool.etcd import Unanswered
from agent.pool.trials import Trials, Undo
from agent.rules import bond, reconfigure, tunnel
from agent.rules.setters import set_field
from agent.store.json_file import JSONFile
from tests.pool.api import Api
from tests.pool.etcd_server import etcd
from tests.pool.hosts import Hosts, Member, knows_all, own_pif
from tests.worlds.world import network_of, pif_of


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "LOST", 3.0)
    monkeypatch.setattr(requests, "TAKEN_UP", 1.0)


async def with_second_addresses(members: list[Member]) -> None:
    for one in members:
        address = f"192.0.2.{110 + one.number}"
        await one.world.do(
            reconfigure.reconfigure_ip, own_pif(one, "eth1"), "Static", address, "255.255.255.0", "", ""
        )


def managed_by(members: list[Member]) -> list[str]:
    found = [management(member.model) for member in members]
    return [one.device if one else "" for one in found]


async def test_where_a_host_is_lost_in_the_middle_management_is_as_before_on_all(hosts: Hosts) -> None:
    members = [await hosts.started(lease=2) for _ in range(3)]
    for member in members[1:]:
        await member.joined()
    for member in members:
        await member.until(partial(knows_all, member, 3))
    apis = [Api(member) for member in members]
    await with_second_addresses(members)
    await members[0].until(lambda: all(one.ip_configuration.IP for one in eths(members[0])))
    lost = members[2]
    plain = apis[2].requests.carry_out
    assert plain is not None

    async def cut_off(method: str, arguments: Any, by: str) -> Any:
        """The host's way to etcd ends with the change, and is there again when it is undone."""
        result = await plain(method, arguments, by)
        lost.cut(off=management(lost.model) == pif_of(lost.own, "eth1"))
        return result

    apis[2].requests.carry_out = cut_off
    net = network_of(members[0].model, "xenbr1").ref
    with pytest.raises(HostDoesNotAnswer):
        await apis[0].call("pool.management_reconfigure", net)
    await lost.until(lambda: managed_by(members) == ["eth0"] * 3, "all as before")
    await lost.connected()


def eths(member: Member) -> list[PIF]:
    return [*member.model.by(PIF, "device", "eth1")]


async def test_what_a_host_has_done_of_a_call_is_undone_there_when_who_asked_for_it_is_lost(
    hosts: Hosts,
) -> None:
    members = [await hosts.started(lease=2) for _ in range(2)]
    await members[1].joined()
    await members[0].until(partial(knows_all, members[0], 2))
    apis = [Api(member) for member in members]
    await with_second_addresses(members)
    api, done = apis[0], asyncio.Event()
    plain = apis[1].requests.carry_out
    assert plain is not None

    async def told(method: str, arguments: Any, by: str) -> Any:
        try:
            return await plain(method, arguments, by)
        finally:
            done.set()

    apis[1].requests.carry_out = told
    net = network_of(members[0].model, "xenbr1").ref
    members[0].world.kernel.silent = frozenset()
    asking = asyncio.create_task(api.call("pool.management_reconfigure", net))
    await done.wait()
    members[0].cut(off=True)
    assert managed_by(members[1:]) == ["eth1"]
    await members[1].until(lambda: managed_by(members[1:]) == ["eth0"], "it is undone")
    with pytest.raises((HostDoesNotAnswer, PoolUnavailable)):
        await asking
    assert managed_by(members) == ["eth0"] * 2
    members[0].cut(off=False)


async def test_a_daemon_that_is_killed_before_it_hears_that_its_part_stays_undoes_it_at_its_next_start(
    hosts: Hosts, tmp_path: Path
) -> None:
    master, member = await hosts.pool(2)
    await with_second_addresses([master, member])
    await master.until(lambda: all(one.ip_configuration.IP for one in eths(master)))
    kept = JSONFile(tmp_path / "parts.json")
    asking, doing = Api(master), Api(member, Trials(kept))
    net = network_of(master.model, "xenbr1").ref
    plain = doing.requests.carry_out
    assert plain is not None

    async def cut_off(method: str, arguments: Any, by: str) -> Any:
        member.cut(off=True)
        return await plain(method, arguments, by)

    doing.requests.carry_out = cut_off
    call = asyncio.create_task(asking.call("pool.management_reconfigure", net))
    await member.until(
        lambda: "result" in [*doing.requests.trials.left.values(), {}][0], "done, and not told"
    )
    assert managed_by([member]) == ["eth1"]
    await kill(doing)
    member.cut(off=False)
    await member.start()
    again = Api(member, Trials(kept))
    again.requests.resume()
    with pytest.raises(HostDoesNotAnswer):
        await call
    await member.until(lambda: managed_by([master, member]) == ["eth0", "eth0"], "all as before")
    await member.until(lambda: kept.read() == {}, "nothing is left of it")
    await settled_while_away(asking, member, again.requests)


async def kill(api: Api) -> None:
    """What the daemon was at does not come to an end."""
    for task in [*api.requests._work.values(), *api.requests._ending]:
        task.cancel()
    await asyncio.sleep(0)
    await api.member.stop()


async def settled_while_away(asker: Api, member: Member, doing: requests.Requests) -> None:
    """A part that stays, as was said while nobody heard it, is left alone."""
    this = asker.member.pool.this.uuid
    back = Undo("host.management_reconfigure", {"pif": own_pif(member, "eth1")})
    told = {"method": "", "by": "", "from": this, "undo": back, "result": "", "run": doing.run_of(this)}
    await doing.trials.note("n", told)
    await asker.requests.settle([(member.pool.this.ref, "n")], requests.STAYS)
    await member.until(lambda: any(key.endswith("/n") for key in member.pool.entries.known))
    member.pool.entries.again.set()
    doing.resume()
    await member.until(lambda: not doing.trials.left)
    assert managed_by([member]) == ["eth0"]


async def test_a_host_that_starts_again_in_the_middle_of_a_call_is_not_waited_for(hosts: Hosts) -> None:
    master, member = await hosts.pool(2)
    api, doing = Api(master), Api(member)
    begun = asyncio.Event()

    async def never(method: str, arguments: Any, by: str) -> Any:
        begun.set()
        await asyncio.Event().wait()

    doing.requests.carry_out = never
    asking = asyncio.create_task(api.call("PIF.plug", own_pif(member, "eth1")))
    await begun.wait()
    for task in [*doing.requests._work.values()]:
        task.cancel()
    await member.stop()
    await member.start()
    with pytest.raises(HostDoesNotAnswer):
        await asking


async def test_an_answer_comes_also_when_etcd_was_away_meanwhile(tmp_path: Path) -> None:
    with etcd() as (node,):
        async with AsyncExitStack() as stack:
            master, member = await Hosts(tmp_path, node, stack).pool(2)
            api, doing = Api(master), Api(member)
            plain = doing.requests.carry_out
            assert plain is not None

            async def without_etcd(method: str, arguments: Any, by: str) -> Any:
                node.kill()
                return await plain(method, arguments, by)

            doing.requests.carry_out = without_etcd
            asking = asyncio.create_task(api.call("PIF.set_disallow_unplug", own_pif(member, "eth1"), True))
            await member.until(lambda: pif_of(member.own, "eth1").disallow_unplug)
            await asyncio.sleep(0.3)
            node.start()
            await asking


async def test_what_etcd_has_done_without_an_answer_at_the_end_of_a_call_for_all_hosts_is_done(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = master, member = await hosts.pool(2)
    api, _ = Api(master), Api(member)
    home = await api.call("network.create", {"name_label": "vlan7"})
    await member.until(lambda: home in member.model.records)
    commit = master.store.commit

    async def unanswered(guards: Any, puts: Any, gone: Any = (), **more: Any) -> Any:
        done = await commit(guards, puts, gone, **more)
        if any(key.startswith("settled/") for key in puts):
            raise Unanswered("it does not answer")
        return done

    monkeypatch.setattr(master.store, "commit", unanswered)
    uppers = await api.call("pool.create_VLAN_from_PIF", own_pif(master, "eth1"), home, "7")
    assert len(uppers) == 2
    assert [[one.tag for one in each.own.all(VLAN)] for each in members] == [[7], [7]]


async def test_a_vlan_on_all_hosts_is_on_none_where_one_is_lost(hosts: Hosts) -> None:
    members = await hosts.pool(3)
    apis = [Api(member) for member in members]
    home = await apis[0].call("network.create", {"name_label": "vlan7"})
    for member in members:
        await member.until(lambda member=member: home in member.model.records)  # type: ignore[misc]
    apis[2].requests.carry_out = None  # it fails there
    with pytest.raises(Exception, match="INTERNAL_ERROR"):
        await apis[0].call("pool.create_VLAN_from_PIF", own_pif(members[0], "eth1"), home, "7")
    assert [member.own.all(VLAN) for member in members] == [(), (), ()]


# --- tunnels --------------------------------------------------------------------------------------


async def mesh(members: list[Member]) -> Ref[Network]:
    """A tunnel network on all of them; those of the neighbours that run answer."""
    home: Ref[Network] = await members[0].world.new_network(name_label="private")
    for member in members:
        others = {f"192.0.2.{10 + other.number}" for other in members if other is not member}
        member.world.kernel.neighbours |= others
        await member.until(lambda member=member: home in member.model.records)  # type: ignore[misc]
        await member.world.do(tunnel.create, own_pif(member, "eth0"), home, "vxlan")
    for member in members:
        await member.until(partial(has_ends, member, others_of(member, members)), "the mesh")
    return home


def others_of(member: Member, members: list[Member]) -> tuple[str, ...]:
    return tuple(f"192.0.2.{10 + other.number}" for other in members if other is not member)


def has_ends(member: Member, ends: tuple[str, ...]) -> bool:
    """In the kernel."""
    [link] = [one for one in member.world.kernel.state.links.values() if one.kind == "vxlan"]
    return link.flood == ends


async def test_a_host_that_dies_is_no_end_of_a_tunnel_and_is_one_when_it_is_back(hosts: Hosts) -> None:
    members = [await hosts.started(lease=2) for _ in range(3)]
    for member in members[1:]:
        await member.joined()
    await mesh(members)
    dead = members[2]
    await dead.stop()
    for member in members[:2]:
        member.world.kernel.neighbours -= {"192.0.2.12"}
    for member in members[:2]:
        await member.until(partial(has_ends, member, others_of(member, members[:2])), "it is gone")
    for member in members[:2]:
        member.world.kernel.neighbours |= {"192.0.2.12"}
    await dead.start()
    for member in members:
        await member.until(partial(has_ends, member, others_of(member, members)), "it is back")


async def test_a_host_that_is_cut_off_from_etcd_alone_stays_an_end_and_keeps_its_own(tmp_path: Path) -> None:
    with etcd() as (node,):
        async with AsyncExitStack() as stack:
            hosts = Hosts(tmp_path, node, stack)
            members = [await hosts.started(lease=2) for _ in range(3)]
            for member in members[1:]:
                await member.joined()
            await mesh(members)
            members[2].cut(off=True)
            await members[2].until(lambda: members[2].pool.entries.trouble, "it is cut off")
            await members[0].until(lambda: not is_live(members[0], members[2]), "its lease is over")
            await asyncio.sleep(1.5)
            for member in members:
                assert has_ends(member, others_of(member, members))
            node.send(signal.SIGSTOP)  # and now all of them
            await members[0].until(lambda: members[0].pool.entries.trouble)
            for member in members:
                assert has_ends(member, others_of(member, members))
            node.send(signal.SIGCONT)
            members[2].cut(off=False)
            for member in members:
                await member.connected()
            await members[0].until(lambda: is_live(members[0], members[2]))


def is_live(asked: Member, member: Member) -> bool:
    return asked.pool.liveness.is_live(member.pool.this.ref)


async def test_an_end_follows_its_hosts_transport_onto_a_bond_and_back_and_to_another_address(
    hosts: Hosts,
) -> None:
    members = await hosts.pool(2)
    await mesh(members)
    mover, other = members[1], members[0]
    before = other.world.kernel.writes
    made = await mover.world.create_bond("eth0", "eth1")
    await asyncio.sleep(0.3)
    assert has_ends(other, ("192.0.2.11",))
    await mover.world.do(bond.destroy, made)
    await asyncio.sleep(0.3)
    assert has_ends(other, ("192.0.2.11",))
    assert other.world.kernel.writes == before, "the mesh notices nothing"
    await mover.world.do(
        reconfigure.reconfigure_ip, own_pif(mover, "eth0"), "Static", "192.0.2.77", "255.255.255.0", "", ""
    )
    took = await other.until(partial(has_ends, other, ("192.0.2.77",)))
    assert took < 1
    await mover.world.do(set_field, Network, "name_label", network_of(mover.model, "xenbr0").ref, "moved")

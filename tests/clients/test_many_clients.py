"""Two hundred clients at once: changes go one after another, reads wait for none and see no half of one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from agent.api.calls.call import agent_of
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from tests.api.world import Caller, Client
from tests.clients.daemon import GatedWorld

CLIENTS = 200
ROUNDS = 3
PAUSE = 0.4
"""Seconds between two reads of a client: two hundred that never rest would keep the machine from changes."""
NULL = "OpaqueRef:NULL"

Snapshot = frozenset[tuple[Any, ...]]


class Crowd:
    """The clients, all of them logged in, on a host whose eth1 has an address and a VLAN."""

    def __init__(self, world: GatedWorld, callers: list[Caller], home: str) -> None:
        self.world, self.callers, self.home = world, callers, home
        self.members = [str(world.pif(device).ref) for device in ("eth1", "eth2")]
        self.over = False

    async def bond(self, caller: Caller) -> str:
        return str(await caller("Bond.create", self.home, self.members, ""))

    async def all_at_once(self, *work: Awaitable[Any]) -> list[Any]:
        return await asyncio.wait_for(asyncio.gather(*work), 60)


@pytest.fixture
async def crowd(tmp_path: Path) -> AsyncIterator[Crowd]:
    world, path = GatedWorld(tmp_path), tmp_path / "xapi"
    await world.start()
    agent = agent_of(world.engine)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(world.stop)
        stack.callback(agent.audit.close)
        await stack.enter_async_context(serve(path, dispatcher(agent)))
        clients = [await stack.enter_async_context(await Client.connect(path)) for _ in range(CLIENTS)]
        callers = [await Caller.login(client) for client in clients]
        stack.callback(world.gated.gate.set)
        yield Crowd(world, callers, await furnished(callers[0], world))
    assert world.kernel.trespasses == []


async def furnished(api: Caller, world: GatedWorld) -> str:
    """A network for the bond; all that there is to move with it is on eth1."""
    eth1, storage = str(world.pif("eth1").ref), await api("network.create", {})
    home: str = await api("network.create", {"name_label": "home"})
    await api("PIF.plug", eth1)
    await api("PIF.reconfigure_ip", eth1, "Static", "198.51.100.2", "255.255.255.0", "", "")
    await api("VLAN.create", eth1, 5, storage)
    return home


def snapshot(records: Iterable[Any]) -> Snapshot:
    """What a bond changes in the PIFs, without the references that are new each time."""
    fields = ("device", "VLAN", "currently_attached", "IP", "MAC", "network")
    return frozenset(
        (*(pif[field] for field in fields), pif["bond_slave_of"] != NULL, len(pif["VLAN_slave_of"]))
        for pif in records
    )


async def seen_by(caller: Caller) -> Snapshot:
    return snapshot((await caller("PIF.get_all_records")).values())


async def before_and_after(crowd: Crowd) -> set[Snapshot]:
    """What can be seen of the PIFs: without the bond, and with it."""
    caller = crowd.callers[0]
    before = await seen_by(caller)
    bond = await crowd.bond(caller)
    after = await seen_by(caller)
    await caller("Bond.destroy", bond)
    assert await seen_by(caller) == before
    return {before, after}


async def read_on(crowd: Crowd, caller: Caller, told: set[Snapshot]) -> None:
    """Keep what a client sees, which asks again and again."""
    while not crowd.over:
        told.add(await seen_by(caller))
        await asyncio.sleep(PAUSE)


async def follow_on(crowd: Crowd, caller: Caller, told: set[Snapshot]) -> None:
    """Keep what a client's copy has after each batch of events."""
    copy: dict[str, Any] = {}
    token = ""
    while not crowd.over:
        batch = await caller("event.from", ["pif"], token, 0.5)
        for event in batch["events"]:
            copy.pop(event["ref"], None)
            if event["operation"] != "del":
                copy[event["ref"]] = event["snapshot"]
        told.add(snapshot(copy.values()))
        token = batch["token"]


async def bond_again_and_again(crowd: Crowd, caller: Caller) -> None:
    for _ in range(ROUNDS):
        bond = await crowd.bond(caller)
        assert await caller("Bond.destroy", bond) == ""


async def note(crowd: Crowd, caller: Caller, number: int) -> None:
    """Two more changes, of which none may be lost."""
    assert await caller("network.add_to_other_config", crowd.home, f"key{number}", "x") == ""
    await caller("network.create", {"name_label": f"network{number}"})


async def change_everything(crowd: Crowd, bonding: Caller, noting: list[Caller]) -> None:
    """All of the changes; the others may stop afterwards."""
    notes = (note(crowd, caller, number) for number, caller in enumerate(noting))
    await asyncio.gather(bond_again_and_again(crowd, bonding), *notes)
    crowd.over = True


async def test_nobody_sees_the_half_of_a_change_and_no_change_is_lost(crowd: Crowd) -> None:
    possible = await before_and_after(crowd)
    bonding, readers, followers, noting = (
        crowd.callers[0],
        crowd.callers[1:121],
        crowd.callers[121:141],
        crowd.callers[141:],
    )
    read: set[Snapshot] = set()
    heard: set[Snapshot] = set()
    await crowd.all_at_once(
        change_everything(crowd, bonding, noting),
        *(read_on(crowd, caller, read) for caller in readers),
        *(follow_on(crowd, caller, heard) for caller in followers),
    )
    assert (read - possible, heard - possible) == (set(), set())
    assert read | heard == possible
    notes = await bonding("network.get_other_config", crowd.home)
    assert notes == {f"key{number}": "x" for number in range(len(noting))}
    networks = (await bonding("network.get_all_records")).values()
    made = [one["bridge"] for one in networks if one["name_label"].startswith("network")]
    assert len(set(made)) == len(noting)


async def test_of_many_who_want_the_same_one_gets_it_and_the_others_are_told_why(crowd: Crowd) -> None:
    answers = await crowd.all_at_once(
        *(caller("Bond.create", crowd.home, crowd.members, "") for caller in crowd.callers)
    )
    (bond,) = [answer for answer in answers if isinstance(answer, str)]
    (master,) = await crowd.callers[0]("network.get_PIFs", crowd.home)
    refusals = [answer for answer in answers if answer != bond]
    assert refusals == [["NETWORK_ALREADY_CONNECTED", crowd.home, master]] * (CLIENTS - 1)
    assert await crowd.callers[0]("Bond.get_all") == [bond]


async def test_while_a_change_waits_for_the_kernel_everybody_else_reads(crowd: Crowd) -> None:
    bonding, *others = crowd.callers
    before, pifs = await seen_by(bonding), await bonding("PIF.get_all")
    crowd.world.gated.gate.clear()
    change = asyncio.create_task(crowd.bond(bonding))
    await asyncio.wait_for(crowd.world.gated.waiting.wait(), 10)
    assert set(await crowd.all_at_once(*map(seen_by, others))) == {before}
    records = await crowd.all_at_once(*(caller("PIF.get_record", pifs[1]) for caller in others))
    assert {record["bond_slave_of"] for record in records} == {NULL}
    assert not change.done()
    crowd.world.gated.gate.set()
    bond = await change
    assert await others[0]("PIF.get_bond_slave_of", pifs[1]) == bond

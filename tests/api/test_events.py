"""event.from and the events of old: what is told, when, and what ends the wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from agent.api.calls.call import Agent, agent_of
from agent.api.calls.host_calls import WITHOUT_OBJECTS
from agent.api.calls.methods import call
from agent.api.events.journal import Journal
from agent.api.events.registrations import MOST_CLASSES
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from agent.api.sessions.caller import Client
from agent.errors import (
    EventFromTokenParseFailure,
    EventsLost,
    EventSubscriptionParseFailure,
    HandleInvalid,
    InvalidValue,
    SessionInvalid,
    SessionNotRegistered,
)
from agent.model.records import PIF
from tests.api.callers import ROOT
from tests.api.world import Caller, EngineInMemory, call_body, post
from tests.api.world import Client as Wire

SOON = 2.0
"""Seconds in which what is to end has to."""
LONG = 60.0


class Listener:
    """A client with a session, on a connection of its own."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.client = Client(ROOT.caller, asyncio.Event())
        self.session = ""
        self.token = ""

    async def __call__(self, method: str, *params: Any) -> Any:
        return await call(self.agent, self.client, method, (self.session, *params))

    async def login(self) -> "Listener":
        session = await call(self.agent, self.client, "session.login_with_password", ("root", ""))
        self.session = str(session)
        return self

    async def hear(self, *classes: str, seconds: float = 0.0) -> list[tuple[str, str, str]]:
        """Class, operation and reference of the events since the last time."""
        found = await self("event.from", list(classes), self.token, seconds)
        self.token = found["token"]
        return [(one["class"], one["operation"], one["ref"]) for one in found["events"]]


@pytest.fixture
async def agent(engine: EngineInMemory) -> AsyncIterator[Agent]:
    agent = agent_of(engine)
    yield agent
    engine.gate.set()
    await agent.tasks.close()


@pytest.fixture
async def api(agent: Agent) -> Listener:
    return await Listener(agent).login()


async def begun(work: Awaitable[Any]) -> asyncio.Task[Any]:
    """The work, which waits for something by now."""
    task = asyncio.ensure_future(work)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()
    return task


async def soon(work: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(work, SOON)


async def test_the_first_answer_adds_everything_with_its_record(
    api: Listener, engine: EngineInMemory
) -> None:
    found = await api("event.from", ["*"], "", 0.0)
    assert [one["ref"] for one in found["events"] if one["class"] == "pif"] == [
        pif.ref for pif in engine.model.all(PIF)
    ]
    for one in found["events"]:
        kind = next(kind for kind in await kinds(api) if kind.lower() == one["class"])
        assert one == {
            "id": one["id"],
            "timestamp": "0.0",
            "class": kind.lower(),
            "operation": "add",
            "ref": one["ref"],
            "snapshot": await api(f"{kind}.get_record", one["ref"]),
        }
    ids = [int(one["id"]) for one in found["events"]]
    assert sorted(set(ids)) == ids
    for kind in await kinds(api):
        assert found["valid_ref_counts"][kind.lower()] == len(await api(f"{kind}.get_all"))


async def kinds(api: Listener) -> list[str]:
    """The classes that have objects."""
    names = await api("system.listMethods")
    found = [name.removesuffix(".get_all_records") for name in names if name.endswith(".get_all_records")]
    return [name for name in found if name not in WITHOUT_OBJECTS]


async def test_adds_come_before_mods_and_those_before_dels(api: Listener, engine: EngineInMemory) -> None:
    old = await api("network.create", {})
    await api.hear("network")
    await api("network.destroy", old)
    home = engine.network("xenbr0").ref
    await api("network.set_name_label", home, "home")
    new = await api("network.create", {"name_label": "new"})
    found = await api("event.from", ["network"], api.token, 0.0)
    assert [(one["operation"], one["ref"]) for one in found["events"]] == [
        ("add", new),
        ("mod", home),
        ("del", old),
    ]
    assert [one.get("snapshot", {}).get("name_label") for one in found["events"]] == ["new", "home", None]
    assert await api.hear("network") != []


async def test_what_follows_from_other_objects_causes_events_of_its_own(
    api: Listener, engine: EngineInMemory
) -> None:
    home = await api("network.create", {})
    await api.hear("*")
    eth1, eth2 = engine.pif("eth1").ref, engine.pif("eth2").ref
    bond = await api("Bond.create", home, [eth1, eth2], "", "active-backup", {})
    master = await api("Bond.get_master", bond)
    told = await api.hear("*")
    assert {("bond", "add", bond), ("pif", "add", master), ("network", "mod", home)} <= set(told)
    assert {("pif", "mod", eth1), ("pif", "mod", eth2)} <= set(told)


async def test_carrier_and_failures_cause_events(api: Listener, engine: EngineInMemory) -> None:
    home = await api("network.create", {})
    members = [engine.pif("eth1").ref, engine.pif("eth2").ref]
    bond = await api("Bond.create", home, members, "", "active-backup", {})
    await api.hear("pif", "bond")
    engine.up = frozenset({"eth0"})
    assert await api.hear("pif", "bond") == [("bond", "mod", bond)]
    eth0 = engine.pif("eth0").ref
    engine.failures = {eth0: "it is lost"}
    assert await api.hear("pif", "bond") == [("pif", "mod", eth0)]
    assert await api("PIF.get_currently_attached", eth0) is False


@pytest.mark.parametrize("classes", [["PIF"], ["pif"], ["pif/{ref}"], ["PIF/{REF}"], ["VM", "PIF", "sr"]])
async def test_classes_and_objects_are_named_in_any_case(
    api: Listener, engine: EngineInMemory, classes: list[str]
) -> None:
    eth0 = engine.pif("eth0").ref
    wanted = [text.format(ref=eth0, REF=eth0.upper()) for text in classes]
    assert ("pif", "add", eth0) in await api.hear(*wanted)
    await api("PIF.set_other_config", engine.pif("eth1").ref, {"colour": "red"})
    await api("PIF.set_other_config", eth0, {"colour": "red"})
    await api("network.create", {})
    other = [] if "/" in classes[0] else [("pif", "mod", engine.pif("eth1").ref)]
    assert sorted(await api.hear(*wanted)) == sorted([*other, ("pif", "mod", eth0)])


@pytest.mark.parametrize("text", ["", "a b", "pif/a/b", "pif/", "/x", "*/x", "pif\n", "PÏF"])
async def test_what_is_no_subscription_is_refused(api: Listener, text: str) -> None:
    for method, params in (
        ("event.from", (["*", text], "", 0.0)),
        ("event.register", ([text],)),
        ("event.unregister", ([text],)),
    ):
        with pytest.raises(EventSubscriptionParseFailure) as refused:
            await api(method, *params)
        assert refused.value.parameters == (text,)


async def test_what_is_no_token_is_refused(api: Listener) -> None:
    with pytest.raises(EventFromTokenParseFailure) as refused:
        await api("event.from", ["*"], "junk", 0.0)
    assert refused.value.parameters == ("junk",)


async def test_a_token_from_before_a_restart_is_answered_with_the_whole_state(
    api: Listener, engine: EngineInMemory
) -> None:
    everything = await api.hear("*")
    restarted = await Listener(agent_of(engine)).login()
    restarted.token = api.token
    assert await restarted.hear("*") == everything
    assert await restarted.hear("*") == []


async def test_an_event_ends_the_wait(api: Listener) -> None:
    await api.hear("network")
    waiting = await begun(api.hear("network", seconds=LONG))
    other = await Listener(api.agent).login()
    made = await other("network.create", {})
    assert await soon(waiting) == [("network", "add", made)]


async def test_what_nobody_asked_for_does_not_end_the_wait(api: Listener, engine: EngineInMemory) -> None:
    await api.hear("pif")
    waiting = await begun(api.hear("pif", seconds=LONG))
    for label in ("one", "two", "three"):
        await api("network.create", {"name_label": label})
        await asyncio.sleep(0.03)
    assert not waiting.done()
    await api("PIF.set_other_config", engine.pif("eth0").ref, {"colour": "red"})
    assert await soon(waiting) == [("pif", "mod", engine.pif("eth0").ref)]


async def test_nothing_is_lost_between_two_calls(api: Listener) -> None:
    told: list[str] = []
    await api.hear("network")

    async def listen(count: int) -> None:
        while len(told) < count:
            told.extend(ref for _, _, ref in await api.hear("network", seconds=LONG))

    listening = await begun(listen(30))
    other = await Listener(api.agent).login()
    made = []
    for number in range(30):
        made.append(await other("network.create", {}))
        await asyncio.sleep(0.003 * (number % 5))
    await soon(listening)
    assert told == made


@pytest.mark.parametrize("seconds", [0.0, -1.0, -inf, 0.02])
async def test_time_ends_the_wait_with_a_fresh_token(api: Listener, seconds: float) -> None:
    await api.hear("pif")
    await api("network.create", {})
    before = api.token
    assert await soon(api.hear("pif", seconds=seconds)) == []
    assert api.token > before


@pytest.mark.parametrize("seconds", [inf, 1e308])
async def test_a_wait_may_be_as_long_as_one_likes(api: Listener, seconds: float) -> None:
    await api.hear("network")
    waiting = await begun(api.hear("network", seconds=seconds))
    made = await api("network.create", {})
    assert await soon(waiting) == [("network", "add", made)]


async def test_a_wait_that_is_no_number_is_refused(api: Listener) -> None:
    with pytest.raises(InvalidValue) as refused:
        await api.hear("pif", seconds=nan)
    assert refused.value.parameters == ("timeout", "it is not a number")


async def test_a_session_that_ends_ends_its_waits(api: Listener) -> None:
    await api.hear("network")
    await api("event.register", ["network"])
    waits = [await begun(api.hear("network", seconds=LONG)), await begun(api("event.next"))]
    await api("session.logout")
    for waiting in waits:
        with pytest.raises(SessionInvalid):
            await soon(waiting)


async def test_a_client_that_hangs_up_ends_its_waits(api: Listener) -> None:
    await api.hear("network")
    await api("event.register", ["network"])
    waits = [await begun(api.hear("network", seconds=LONG)), await begun(api("event.next"))]
    api.client.gone.set()
    assert [await soon(waiting) for waiting in waits] == [[], []]


async def test_whoever_waits_leaves_nothing_behind(api: Listener) -> None:
    before = asyncio.all_tasks()
    await api.hear("network")
    waiting = await begun(api.hear("network", seconds=LONG))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_look_that_fails_fails_those_who_wait(
    api: Listener, engine: EngineInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.hear("network")
    waiting = await begun(api.hear("network", seconds=LONG))
    whole = engine.model
    network = engine.network("xenbr0").ref
    engine.model = replace(whole, records={r: o for r, o in whole.records.items() if r != network})
    with pytest.raises(KeyError):
        await soon(waiting)
    engine.model = whole
    waiting = await begun(api.hear("network", seconds=LONG))
    await api("network.create", {})
    assert len(await soon(waiting)) == 1


async def test_many_who_wait_share_one_look(api: Listener, engine: EngineInMemory) -> None:
    clients = [await Listener(api.agent).login() for _ in range(100)]
    for client in clients:
        await client.hear("task")
    waits = [await begun(client.hear("task", "pif", seconds=LONG)) for client in clients]
    asked = engine.asked_for_links
    await api("network.create", {})
    await asyncio.sleep(0.05)
    a_look = engine.asked_for_links - asked
    assert a_look <= 2
    assert not any(waiting.done() for waiting in waits)
    await api("PIF.set_other_config", engine.pif("eth0").ref, {"colour": "red"})
    assert [await soon(waiting) for waiting in waits] == [[("pif", "mod", engine.pif("eth0").ref)]] * 100
    assert engine.asked_for_links == asked + 2 * a_look


async def test_the_machine_is_not_looked_at_for_a_task(api: Listener, engine: EngineInMemory) -> None:
    await api.hear("*")
    asked = engine.asked_for_links
    task = await api("task.create", "mine", "")
    assert await api.hear("*") == [("task", "add", task)]
    assert engine.asked_for_links == asked


async def test_the_steps_of_a_task_are_told_and_its_end(api: Listener, engine: EngineInMemory) -> None:
    engine.gate.clear()
    await api.hear("task")
    task = await api("Async.network.create", {})
    assert ("task", "add", task) in await soon(api.hear(f"task/{task}", seconds=LONG))
    engine.gate.set()
    while await api("task.get_status", task) == "pending":
        assert await soon(api.hear(f"task/{task}", seconds=LONG)) == [("task", "mod", task)]
    await api("task.destroy", task)
    assert ("task", "del", task) in await soon(api.hear(f"task/{task}", seconds=LONG))


async def test_event_next_tells_what_has_happened_since_it_was_registered(api: Listener) -> None:
    await api("network.create", {})
    await api("event.register", ["Network"])
    made = await api("network.create", {})
    assert [(one["operation"], one["ref"]) for one in await soon(api("event.next"))] == [("add", made)]
    waiting = await begun(api("event.next"))
    await api("network.destroy", made)
    assert [(one["operation"], one["ref"]) for one in await soon(waiting)] == [("del", made)]


async def test_event_next_needs_a_registration(api: Listener) -> None:
    await api("event.register", ["pif", "vm"])
    await api("event.unregister", ["pif"])
    waiting = await begun(api("event.next"))
    await api("event.unregister", ["*", "VM"])
    for refused in (waiting, api("event.next")):
        with pytest.raises(SessionNotRegistered) as failure:
            await soon(refused)
        assert failure.value.parameters == (api.session,)


async def test_who_registers_for_more_while_waiting_hears_of_it(api: Listener) -> None:
    await api("event.register", ["pif"])
    waiting = await begun(api("event.next"))
    await api("event.register", ["network"])
    made = await api("network.create", {})
    assert [one["ref"] for one in await soon(waiting)] == [made]


async def test_event_next_says_when_events_were_lost(api: Listener) -> None:
    api.agent.events.journal = Journal(graves=1)
    await api("event.register", ["network"])
    for made in [await api("network.create", {}) for _ in range(2)]:
        await api("network.get_all_records")
        await api("network.destroy", made)
    await api("network.get_all_records")
    with pytest.raises(EventsLost):
        await api("event.next")
    await api("network.create", {})
    assert [one["operation"] for one in await soon(api("event.next"))] == ["add"]


async def test_a_registration_is_bounded_and_those_of_others_do_not_end_it(api: Listener) -> None:
    with pytest.raises(InvalidValue):
        await api("event.register", [f"c{number}" for number in range(MOST_CLASSES + 1)])
    await api("event.register", ["pif"])
    registrations = api.agent.events.registrations
    wanted = registrations.of(api.session).wanted
    for number in range(2000):
        registrations.add(f"other {number}", wanted, 0, uid=1000 + number % 3)
    assert registrations.of(api.session).wanted.classes == {"pif"}


async def test_an_injected_event_is_told_after_its_token(api: Listener, engine: EngineInMemory) -> None:
    await api.hear("pif")
    eth0 = engine.pif("eth0").ref
    number = await api("event.get_current_id")
    waiting = await begun(api("event.from", ["pif"], api.token, LONG))
    token = await api("event.inject", "pif", eth0)
    found = await soon(waiting)
    assert [(one["operation"], one["ref"], one["id"]) for one in found["events"]] == [
        ("mod", eth0, str(number))
    ]
    assert found["token"] > token
    for kind, ref in (("network", eth0), ("sr", eth0), ("pif", "OpaqueRef:NULL")):
        with pytest.raises(HandleInvalid):
            await api("event.inject", kind, ref)


async def waiting_over(path: Path, agent: Agent) -> Wire:
    """A connection on which a call waits for an event."""
    wire = await Wire.connect(path)
    session = (await Caller.login(wire)).session
    token = await Listener(agent).login()
    await token.hear("pif")
    await wire.send(post(call_body("event.from", session, ["pif"], token.token, LONG)))
    await asyncio.sleep(0.1)
    return wire


async def test_over_the_socket_a_wait_ends_with_its_client(agent: Agent, tmp_path: Path) -> None:
    async with serve(tmp_path / "socket", dispatcher(agent)):
        before = asyncio.all_tasks()
        await (await waiting_over(tmp_path / "socket", agent)).close()
        await asyncio.sleep(0.1)
        assert asyncio.all_tasks() == before


async def test_over_the_socket_a_wait_ends_with_the_daemon(agent: Agent, tmp_path: Path) -> None:
    async with asyncio.timeout(SOON), serve(tmp_path / "socket", dispatcher(agent)):
        wire = await waiting_over(tmp_path / "socket", agent)
    assert (await wire.response()).document["result"]["events"] == []
    await wire.close()

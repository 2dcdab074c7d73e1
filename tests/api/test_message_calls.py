"""XenAPI's class message: what has happened to objects, for people and programs to read."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agent.api.calls.call import Agent, agent_of
from agent.api.calls.methods import call
from agent.errors import HandleInvalid, InvalidValue
from tests.api.callers import ROOT
from tests.api.world import EngineInMemory

HOST = "11111111-0000-4000-8000-000000000001"
LONG_AGO, FAR_AWAY = datetime(2001, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)


class Api:
    def __init__(self, agent: Agent, session: str) -> None:
        self._agent, self._session = agent, session

    async def __call__(self, method: str, *params: Any) -> Any:
        return await call(self._agent, ROOT, method, (self._session, *params))


@pytest.fixture
async def api(engine: EngineInMemory) -> Api:
    agent = agent_of(engine)
    return Api(agent, str(await call(agent, ROOT, "session.login_with_password", ("root", ""))))


async def test_a_message_is_left_read_and_forgotten(api: Api) -> None:
    ref = await api("message.create", "BOND_STATUS_CHANGED", 3, "Host", HOST, "1/2 up")
    record = await api("message.get_record", ref)
    assert {name: record[name] for name in ("name", "priority", "cls", "obj_uuid", "body")} == {
        "name": "BOND_STATUS_CHANGED",
        "priority": 3,
        "cls": "Host",
        "obj_uuid": HOST,
        "body": "1/2 up",
    }
    assert await api("message.get_all_records") == {ref: record}
    assert await api("message.get_by_uuid", record["uuid"]) == ref
    assert await api("message.get", "Host", HOST, LONG_AGO) == {ref: record}
    assert await api("message.get", "Host", HOST, FAR_AWAY) == {}
    assert await api("message.get", "VM", HOST, LONG_AGO) == {}
    assert await api("message.get_since", LONG_AGO) == {ref: record}
    assert await api("message.get_since", FAR_AWAY) == {}
    await api("message.destroy", ref)
    assert await api("message.get_all") == []


async def test_events_tell_of_messages_as_they_come_and_go(api: Api) -> None:
    token = (await api("event.from", ["message"], "", 0.0))["token"]
    ref = await api("message.create", "BOND_STATUS_CHANGED", 3, "Host", HOST, "1/2 up")
    found = await api("event.from", ["message"], token, 1.0)
    [event] = found["events"]
    assert (event["class"], event["operation"], event["ref"]) == ("message", "add", ref)
    assert event["snapshot"]["body"] == "1/2 up"
    await api("message.destroy_many", [ref])
    [gone] = (await api("event.from", ["message"], found["token"], 1.0))["events"]
    assert (gone["operation"], gone["ref"]) == ("del", ref)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({1: 0}, "priority"),
        ({1: 6}, "priority"),
        ({2: "PIF"}, "cls"),
        ({4: "x" * 100_000}, "body"),
    ],
)
async def test_bad_values_are_named(api: Api, changed: dict[int, Any], name: str) -> None:
    given: list[Any] = ["A", 3, "Host", HOST, "b"]
    for place, value in changed.items():
        given[place] = value
    with pytest.raises(InvalidValue) as caught:
        await api("message.create", *given)
    assert caught.value.parameters[0] == name
    assert await api("message.get_all") == []


async def test_of_several_messages_all_or_none_go(api: Api) -> None:
    ref = await api("message.create", "A", 3, "Host", HOST, "b")
    nobody = "OpaqueRef:00000000-0000-4000-8000-000000000000"
    with pytest.raises(HandleInvalid):
        await api("message.destroy_many", [ref, nobody])
    assert await api("message.get_all") == [ref]


async def test_a_bond_that_was_heard_of_causes_an_event_of_its_metrics(
    api: Api, engine: EngineInMemory
) -> None:
    network = await api("network.create", {"name_label": "x"})
    bond = await api("Bond.create", network, [engine.pif("eth0").ref, engine.pif("eth1").ref], "", "lacp")
    token = (await api("event.from", ["bond", "pif_metrics"], "", 0.0))["token"]
    engine.heard_of = {bond, "OpaqueRef:00000000-0000-4000-8000-000000000000"}
    engine.notifier.notify()
    [event] = (await api("event.from", ["bond", "pif_metrics"], token, 1.0))["events"]
    metrics = await api("PIF.get_metrics", await api("Bond.get_master", bond))
    assert (event["operation"], event["class"], event["ref"]) == ("mod", "pif_metrics", metrics)

"""Sessions: given out, used by their user alone, dropped, and what there is to know of them."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import XenAPI

from agent.api.calls.call import Agent, agent_of
from agent.api.calls.methods import call, table
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from agent.api.sessions import look_ups
from agent.api.sessions.caller import Caller, Client
from agent.api.sessions.roles import Role, Roles
from agent.api.sessions.sessions import MOST_NOTES, Session, Sessions
from agent.errors import Failure, HandleInvalid, SessionInvalid
from tests.api.callers import ROOT
from tests.api.test_api_page import is_of
from tests.api.world import NOWHERE, EngineInMemory
from tests.docs.api_page import field_rows

READERS = 700
ALICE = Caller(uid=1000, gid=READERS, pid=10)
BOB = Caller(uid=1001, gid=READERS, pid=11)


@pytest.fixture
def agent(engine: EngineInMemory) -> Agent:
    return agent_of(engine, Roles(daemon=0, readers=READERS))


def is_refused(sessions: Sessions, session: object, caller: Caller = ALICE) -> bool:
    try:
        sessions.check(session, caller)
    except SessionInvalid:
        return True
    return False


def client(caller: Caller) -> Client:
    return Client(caller, asyncio.Event())


async def login(agent: Agent, who: Client, originator: str = "") -> str:
    return str(await call(agent, who, "session.login_with_password", ("x", "secret", "1.0", originator)))


async def error(agent: Agent, who: Client, method: str, *params: Any) -> list[str]:
    with pytest.raises(Failure) as caught:
        await call(agent, who, method, params)
    return [caught.value.code, *caught.value.parameters]


def test_a_session_that_was_given_out_is_valid_until_it_is_ended() -> None:
    sessions = Sessions()
    session = sessions.login(ALICE)
    sessions.check(session, ALICE)
    sessions.logout(session, ALICE, Role.READER)
    assert is_refused(sessions, session)


def test_the_session_unused_for_longest_makes_room_and_its_end_is_told() -> None:
    ended: list[str] = []
    sessions = Sessions(2, ended.append)
    first, second = sessions.login(ALICE), sessions.login(ALICE)
    sessions.check(first, ALICE)
    third = sessions.login(ALICE)
    assert [is_refused(sessions, session) for session in (first, second, third)] == [False, True, False]
    assert ended == [second]


def test_a_user_takes_no_place_of_another() -> None:
    sessions = Sessions(2)
    of_bob = sessions.login(BOB)
    for _ in range(5):
        sessions.login(ALICE)
    assert not is_refused(sessions, of_bob, BOB)


@pytest.mark.parametrize("other", ["", "OpaqueRef:NULL", 5, None, True, ["x"], {"a": 1}, 1.5])
def test_anything_else_is_refused(other: object) -> None:
    sessions = Sessions()
    sessions.login(ALICE)
    with pytest.raises(SessionInvalid) as caught:
        sessions.check(other, ALICE)
    assert caught.value.parameters == (str(other),)
    with pytest.raises(SessionInvalid) as caught:
        sessions.logout(other, ALICE, Role.OPERATOR)
    assert caught.value.parameters == (str(other),)


async def test_another_user_cannot_use_a_session_even_as_an_operator(agent: Agent) -> None:
    session = await login(agent, client(ALICE))
    for who in (client(BOB), ROOT):
        assert await error(agent, who, "PIF.get_all", session) == ["SESSION_INVALID", session]


async def test_a_session_is_its_users_on_whatever_connection(agent: Agent) -> None:
    session = await login(agent, client(ALICE))
    elsewhere = client(replace(ALICE, pid=99))
    assert len(await call(agent, elsewhere, "PIF.get_all", (session,))) == 4  # type: ignore[arg-type]


@pytest.mark.parametrize("message", ["session.logout", "session.local_logout"])
async def test_a_session_is_ended_by_its_user_or_an_operator(agent: Agent, message: str) -> None:
    first, second = [await login(agent, client(ALICE)) for _ in range(2)]
    assert await error(agent, client(BOB), message, first) == ["SESSION_INVALID", first]
    assert await call(agent, client(ALICE), message, (first,)) == ""
    assert await call(agent, ROOT, message, (second,)) == ""
    for session in (first, second):
        assert await error(agent, client(ALICE), "PIF.get_all", session) == ["SESSION_INVALID", session]


async def test_a_session_tells_whose_it_is_and_by_what_program(agent: Agent, engine: EngineInMemory) -> None:
    before = datetime.now(UTC)
    session = await login(agent, ROOT, "backup")
    record: Any = await call(agent, ROOT, "session.get_record", (session, session))
    assert before <= record.pop("validation_time") <= record.pop("last_active") <= datetime.now(UTC)
    assert record == {
        "uuid": session.removeprefix("OpaqueRef:"),
        "auth_user_sid": "0",
        "auth_user_name": "root",
        "originator": "backup",
        "is_local_superuser": True,
        "this_host": engine.host().ref,
        "this_user": "OpaqueRef:NULL",
        "subject": "OpaqueRef:NULL",
        "parent": "OpaqueRef:NULL",
        "pool": False,
        "client_certificate": False,
        "rbac_permissions": [],
        "tasks": [],
        "other_config": {},
    }
    for name, value in record.items():
        assert await call(agent, ROOT, f"session.get_{name}", (session, session)) == value


async def test_each_field_has_the_type_that_the_apis_page_says(agent: Agent) -> None:
    session = await login(agent, ROOT)
    record: Any = await call(agent, ROOT, "session.get_record", (session, session))
    rows = {name.strip("`"): type_name for name, type_name, _, _ in field_rows(Session)}
    wrong = [name for name, value in record.items() if not is_of(value, rows[name])]
    assert (record.keys(), wrong) == (rows.keys(), [])


async def test_a_reader_is_no_superuser_and_need_not_be_in_a_database(agent: Agent) -> None:
    stranger = client(Caller(uid=2**31, gid=READERS, pid=1))
    session = await login(agent, stranger)
    record: Any = await call(agent, stranger, "session.get_record", (session, session))
    assert [record[name] for name in ("auth_user_sid", "auth_user_name", "is_local_superuser")] == [
        str(2**31), "", False,
    ]  # fmt: skip


async def test_who_logs_in_does_not_wait_for_a_database_of_users_that_is_away(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr(look_ups, "SECONDS_FOR_A_NAME", 0.05)
    monkeypatch.setattr("pwd.getpwuid", lambda uid: release.wait(30))
    for _ in range(100):
        session = await login(agent, ROOT)
        assert await call(agent, ROOT, "session.get_auth_user_name", (session, session)) == ""
    assert [thread.name for thread in threading.enumerate()].count("look-up") == 1
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "at work"), 1) == "at work"
    release.set()


async def test_the_last_use_is_remembered(agent: Agent) -> None:
    session = await login(agent, ROOT)
    times: list[Any] = [
        await call(agent, ROOT, "session.get_last_active", (session, session)) for _ in range(2)
    ]
    assert times[0] < times[1]


async def test_a_long_originator_is_kept_in_part(agent: Agent) -> None:
    session = await login(agent, ROOT, "x" * 100_000)
    found = await call(agent, ROOT, "session.get_originator", (session, session))
    assert found == f"{'x' * 100}…"


async def test_only_ones_own_sessions_can_be_looked_at_but_by_an_operator(agent: Agent) -> None:
    of_alice, of_bob, of_root = [await login(agent, who) for who in (client(ALICE), client(BOB), ROOT)]
    refused = await error(agent, client(BOB), "session.get_originator", of_bob, of_alice)
    assert refused == ["HANDLE_INVALID", "session", of_alice]
    assert await call(agent, ROOT, "session.get_auth_user_sid", (of_root, of_alice)) == "1000"
    assert await error(agent, ROOT, "session.get_uuid", of_root, NOWHERE) == [
        "HANDLE_INVALID", "session", NOWHERE,
    ]  # fmt: skip


def test_no_message_lists_sessions() -> None:
    messages = {name.partition(".")[2] for name in table() if name.startswith("session.")}
    assert {message for message in messages if message.startswith("get_all") or "_by_" in message} == set()


async def test_a_reader_may_note_something_in_its_session(agent: Agent) -> None:
    alice = client(ALICE)
    session = await login(agent, alice)
    await call(agent, alice, "session.add_to_other_config", (session, session, "a", "b"))
    assert await call(agent, alice, "session.get_other_config", (session, session)) == {"a": "b"}
    too_much = {"a": "x" * MOST_NOTES}
    refused = await error(agent, alice, "session.set_other_config", session, session, too_much)
    assert refused[:2] == ["INVALID_VALUE", "other_config"]
    assert await call(agent, alice, "session.get_other_config", (session, session)) == {"a": "b"}


def test_a_session_that_is_over_cannot_be_found() -> None:
    sessions = Sessions()
    session = sessions.login(ALICE)
    sessions.logout(session, ALICE, None)
    with pytest.raises(HandleInvalid):
        sessions.find(session, ALICE, Role.OPERATOR)


@pytest.fixture
async def path(engine: EngineInMemory) -> AsyncIterator[Path]:
    """A socket, at a path without an underscore, of a daemon where a user has one session at most."""
    directory = Path(f"/tmp/{uuid4().hex}")
    directory.mkdir()
    agent = replace(agent_of(engine), sessions=Sessions(limit=1))
    async with serve(directory / "xapi", dispatcher(agent)):
        yield directory / "xapi"
    shutil.rmtree(directory)


async def test_xenapis_client_logs_in_again_when_the_daemon_has_dropped_its_session(path: Path) -> None:
    def logged_in() -> Any:
        session = XenAPI.Session(f"http://{str(path).replace('/', '_')}/", transport=XenAPI.UDSTransport())
        session.xenapi.login_with_password("root", "", "1.0", "test")
        return session

    def run() -> tuple[int, bool]:
        first = logged_in()
        handle = first.handle
        logged_in().transport.close()  # the daemon drops the first session for this one
        found = len(first.xenapi.PIF.get_all()), first.handle != handle
        first.transport.close()
        return found

    assert await asyncio.to_thread(run) == (4, True)

"""Who may do what: operators, readers, and those who are turned away."""

import asyncio
import grp
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from agent.api.calls.call import Agent, agent_of
from agent.api.calls.methods import Access, call, table
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from agent.api.sessions.caller import Caller, Client
from agent.api.sessions.roles import Role, Roles, roles_of
from agent.errors import Failure, RBACPermissionDenied
from tests.api.callers import ROOT
from tests.api.world import NOWHERE, EngineInMemory

OPERATORS, READERS = 4242, 4343
DAEMON = 500
ROLES = Roles(DAEMON, OPERATORS, READERS)


@pytest.mark.parametrize(
    ("caller", "role"),
    [
        (Caller(uid=0, gid=0, pid=1), Role.OPERATOR),
        (Caller(uid=DAEMON, gid=1000, pid=1), Role.OPERATOR),
        (Caller(uid=1000, gid=OPERATORS, pid=1), Role.OPERATOR),
        (Caller(uid=1000, gid=1000, pid=1, groups=frozenset({7, OPERATORS})), Role.OPERATOR),
        (Caller(uid=1000, gid=READERS, pid=1), Role.READER),
        (Caller(uid=1000, gid=1000, pid=1, groups=frozenset({7, READERS})), Role.READER),
        (Caller(uid=1000, gid=READERS, pid=1, groups=frozenset({OPERATORS})), Role.OPERATOR),
        (Caller(uid=1000, gid=0, pid=1, groups=frozenset({7})), None),
        (Caller(uid=OPERATORS, gid=1000, pid=1), None),
    ],
)
def test_the_role_follows_from_uid_and_groups(caller: Caller, role: Role | None) -> None:
    assert (ROLES.role_of(caller), ROLES.admits(caller)) == (role, role is not None)


def test_without_groups_there_are_root_and_the_daemons_own_user() -> None:
    roles = Roles()
    found = [roles.role_of(Caller(uid, gid=0, pid=1)) for uid in (0, os.geteuid(), 2**31)]
    assert found == [Role.OPERATOR, Role.OPERATOR, None]


async def test_groups_are_found_by_their_names() -> None:
    one, other = (group.gr_name for group in grp.getgrall()[1:3])
    found = await roles_of(one, other)
    assert (found.operators, found.readers) == (grp.getgrnam(one).gr_gid, grp.getgrnam(other).gr_gid)


async def test_a_group_that_does_not_exist_has_no_members_and_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    roles = await roles_of("no-such-group", "")
    assert (roles.operators, roles.readers) == (None, None)
    assert caplog.messages == ["there is no group no-such-group: nobody is let in for being its member"]


def test_the_file_lets_its_group_in_or_all_where_there_are_two_groups() -> None:
    assert [oct(Roles(0, 5, readers).socket_mode) for readers in (None, 6)] == ["0o660", "0o666"]


@pytest.fixture
def agent(engine: EngineInMemory) -> Agent:
    return agent_of(engine, ROLES)


async def error(agent: Agent, caller: Caller, method: str, *params: Any) -> list[str]:
    with pytest.raises(Failure) as caught:
        await call(agent, Client(caller, asyncio.Event()), method, params)
    return [caught.value.code, *caught.value.parameters]


async def code(agent: Agent, caller: Caller, method: str, *params: Any) -> str:
    """The code of a call's error, "" for none."""
    try:
        await call(agent, Client(caller, asyncio.Event()), method, params)
    except Failure as failure:
        return failure.code
    return ""


READER = Caller(uid=1000, gid=READERS, pid=1)


async def reading(agent: Agent) -> str:
    """A reader's session."""
    login = await call(agent, Client(READER, asyncio.Event()), "session.login_with_password", ("root", "x"))
    return str(login)


def names(*, change: bool) -> list[str]:
    """The methods that take a session, those that change things or the others."""
    return [m.name for m in table().values() if m.takes_session and m.changes == change]


async def test_a_reader_is_denied_each_call_that_changes_anything(
    agent: Agent, engine: EngineInMemory
) -> None:
    session, before = await reading(agent), engine.model
    for name in names(change=True):
        params = [5] * sum(parameter.required for parameter in table()[name].parameters)
        permission = name.removeprefix("Internal").removeprefix("Async.").lower()
        denied = ["RBAC_PERMISSION_DENIED", permission, "user 1000 may only look"]
        assert await error(agent, READER, name, session, *params) == denied
    assert (engine.model, agent.tasks.records) == (before, {})


async def test_no_method_that_only_reads_is_denied_to_a_reader(agent: Agent) -> None:
    session = await reading(agent)
    for name in names(change=False):
        params = [5] * sum(parameter.required for parameter in table()[name].parameters)
        assert await code(agent, READER, name, session, *params) != RBACPermissionDenied.code


def test_getters_events_dry_runs_and_sessions_are_for_readers_and_no_setter_is() -> None:
    readable = {name for name, method in table().items() if method.access == Access.READ}
    for name in table():
        kind, _, message = name.partition(".")
        if kind in ("DryRun", "event") or message.startswith("get_"):
            assert name in readable
        elif message.startswith(("set_", "add_", "remove_", "create", "destroy", "cancel")):
            assert (name in readable) == (kind == "session")


async def test_the_session_is_looked_at_before_the_permission_and_this_before_the_types(agent: Agent) -> None:
    session = await reading(agent)
    assert (await error(agent, READER, "PIF.plug", NOWHERE, 5))[0] == "SESSION_INVALID"
    assert (await error(agent, READER, "PIF.plug", session, 5))[0] == "RBAC_PERMISSION_DENIED"
    assert (await error(agent, READER, "PIF.plug", session, 5, 6))[0] == "MESSAGE_PARAMETER_COUNT_MISMATCH"
    assert (await error(agent, READER, "PIF.plugg", session))[0] == "MESSAGE_METHOD_UNKNOWN"


async def test_who_has_no_role_gets_no_session(agent: Agent) -> None:
    nobody = Caller(uid=65534, gid=65534, pid=1)
    denied = await error(agent, nobody, "session.login_with_password", "root", "secret")
    assert denied == ["RBAC_PERMISSION_DENIED", "session.login_with_password", "user 65534 may not use pifd"]


PROGRAM = """
import json, os, socket, sys
path, uid, gid, groups, calls = json.loads(sys.argv[1])
os.setgroups(groups), os.setgid(gid), os.setuid(uid)
plug = socket.socket(socket.AF_UNIX)
plug.connect(path)
stream = plug.makefile("rwb")
session, found = [], []
for method, *params in [["session.login_with_password", "root", ""], *calls]:
    body = json.dumps({"method": method, "params": [*session, *params], "id": 1}).encode()
    head = b"POST /jsonrpc HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: %d\\r\\n\\r\\n"
    stream.write(head % len(body) + body)
    stream.flush()
    status = int(stream.readline().split()[1])
    head = iter(stream.readline, b"\\r\\n")
    length = next(int(line.split()[1]) for line in list(head) if line.lower().startswith(b"content-length"))
    answer = stream.read(length).decode()
    if status != 200:
        found = [status, answer]
        break
    answer = json.loads(answer)
    session = session or [answer["result"]]
    found.append(answer["error"] or answer["result"])
print(json.dumps(found))
"""
"""A process that becomes somebody else, logs in, and makes calls; it prints what they give."""


@pytest.fixture
async def path(agent: Agent) -> AsyncIterator[Path]:
    """A socket that everybody can reach, served as the daemon serves it."""
    directory = Path(f"/tmp/{uuid4().hex}")
    directory.mkdir(mode=0o755)
    path = directory / "xapi"
    async with serve(
        path, dispatcher(agent), mode=ROLES.socket_mode, group=ROLES.operators, admits=ROLES.admits
    ):
        yield path
    shutil.rmtree(directory)


async def as_user(path: Path, uid: int, gid: int, groups: list[int], *calls: list[Any]) -> Any:
    """What a process of this user gets, after the session; or HTTP's status and text."""
    told = json.dumps([str(path), uid, gid, groups, calls])
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", PROGRAM, told], capture_output=True, text=True, timeout=30
    )
    assert done.stderr == ""
    found = json.loads(done.stdout)
    return found if isinstance(found[0], int) else found[1:]


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
READ, CHANGE = ["network.get_by_name_label", "x"], ["network.create", {"name_label": "x"}]


@needs_root
async def test_a_reader_of_flesh_and_blood_reads_and_changes_nothing(
    path: Path, engine: EngineInMemory
) -> None:
    before = engine.model
    denied = ["RBAC_PERMISSION_DENIED", "network.create", "user 12345 may only look"]
    assert await as_user(path, 12345, READERS, [], READ, CHANGE) == [[], denied]
    assert await as_user(path, 12345, 12345, [7, READERS], READ, CHANGE) == [[], denied]
    assert engine.model is before


@needs_root
async def test_a_supplementary_group_makes_an_operator(path: Path, engine: EngineInMemory) -> None:
    made, found = await as_user(path, 12345, 12345, [7, OPERATORS], CHANGE, READ)
    assert found == [made]
    assert made in engine.model.records


@needs_root
async def test_nobody_is_turned_away_with_a_word(path: Path) -> None:
    refused = [403, "user 65534 is not allowed to use pifd\n"]
    assert await as_user(path, 65534, 65534, [], READ) == refused


async def test_root_needs_no_group(agent: Agent) -> None:
    session = await call(agent, ROOT, "session.login_with_password", ("", ""))
    assert await call(agent, ROOT, "session.get_is_local_superuser", (session, session)) is True

"""The audit log: what is in it, that it is whole, and that nothing is changed without it."""

import asyncio
import json
import logging
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.api.audit.audit import audit_of
from agent.api.audit.denials import MOST, Denials
from agent.api.audit.excerpt import excerpt
from agent.api.audit.line_file import LineFile
from agent.api.calls.call import Agent, agent_of
from agent.api.calls.methods import Method, call, table
from agent.api.sessions.caller import Caller, Client
from agent.api.sessions.roles import Roles
from agent.errors import Failure
from agent.model.records import Network
from tests.api.test_methods import samples
from tests.api.world import NOWHERE, EngineInMemory

READERS = 700
LONGEST_LINE = 32_768


def client(uid: int, gid: int) -> Client:
    return Client(Caller(uid, gid, os.getpid()), asyncio.Event())


ALICE, BOB = client(0, 0), client(1001, READERS)
"""Alice, who is root, changes things; Bob may look."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log" / "audit.log"


@pytest.fixture
def agent(engine: EngineInMemory, path: Path) -> Agent:
    return agent_of(engine, Roles(readers=READERS), audit_of(path))


async def login(agent: Agent, who: Client = ALICE) -> str:
    params = ("root", "s3cret", "1.0", "backup")
    return str(await call(agent, who, "session.login_with_password", params))


async def ask(agent: Agent, method: str, *params: Any, who: Client = ALICE) -> Any:
    """What a call in a session gives, or its error's code."""
    try:
        return await call(agent, who, method, (await login(agent, who), *params))
    except Failure as failure:
        return failure.code


def lines(path: Path) -> list[dict[str, Any]]:
    """The log's lines, each of which is a line of JSON."""
    text = path.read_text()
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


async def test_a_change_has_a_line_when_it_begins_and_one_when_it_ends(
    agent: Agent, path: Path, engine: EngineInMemory
) -> None:
    before = datetime.now(UTC)
    network = await ask(agent, "network.create", {"name_label": "storage", "MTU": 1500})
    begin, end = lines(path)
    times = [datetime.fromisoformat(line.pop("time")) for line in (begin, end)]
    assert times[0].timestamp() >= int(before.timestamp())
    assert times[0] <= times[1] <= datetime.now(UTC)
    number = begin.pop("id")
    comm = Path("/proc/self/comm").read_text().strip()
    assert begin == {
        "event": "begin",
        "uid": 0,
        "user": "root",
        "pid": os.getpid(),
        "command": comm,
        "originator": "backup",
        "method": "network.create",
        "parameters": {"record": {"name_label": "storage", "MTU": 1500}},
    }
    assert end == {
        "event": "end",
        "id": number,
        "uid": 0,
        "user": "root",
        "method": "network.create",
        "outcome": "success",
        "result": network,
    }


async def test_the_first_line_is_there_before_anything_has_happened(
    agent: Agent, path: Path, engine: EngineInMemory
) -> None:
    engine.gate.clear()
    asking = asyncio.create_task(ask(agent, "network.create", {}))
    async with asyncio.timeout(5):
        while not path.read_text():
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    assert [line["event"] for line in lines(path)] == ["begin"]
    engine.gate.set()
    await asking
    assert [line["event"] for line in lines(path)] == ["begin", "end"]


async def test_a_refusal_is_an_outcome(agent: Agent, path: Path, engine: EngineInMemory) -> None:
    eth0 = str(engine.pif("eth0").ref)
    assert await ask(agent, "PIF.unplug", eth0) == "PIF_IS_MANAGEMENT_INTERFACE"
    end = lines(path)[-1]
    assert (end["outcome"], end["error"]) == ("failure", ["PIF_IS_MANAGEMENT_INTERFACE", eth0])


async def test_an_error_that_nobody_foresaw_is_an_outcome(
    agent: Agent, path: Path, engine: EngineInMemory
) -> None:
    engine.model = None  # type: ignore[assignment]
    assert await ask(agent, "network.create", {}) == "INTERNAL_ERROR"
    code, text = lines(path)[-1]["error"]
    assert (code, text.partition(":")[0]) == ("INTERNAL_ERROR", "AttributeError")


async def test_a_call_that_is_not_waited_for_ends_when_its_task_does(
    agent: Agent, path: Path, engine: EngineInMemory
) -> None:
    engine.gate.clear()
    session = await login(agent)
    task = str(await call(agent, ALICE, "Async.network.create", (session, {})))
    await call(agent, ALICE, "session.logout", (session,))  # the work goes on, and in its name
    async with asyncio.timeout(5):
        while not path.read_text():
            await asyncio.sleep(0.001)
    begin = lines(path)[-1]
    assert (begin["event"], begin["method"], begin["task"], begin["user"]) == (
        "begin", "Async.network.create", task, "root",
    )  # fmt: skip
    engine.gate.set()
    await agent.tasks.close()
    end = lines(path)[-1]
    made = engine.model.all(Network)[-1].ref
    assert (end["event"], end["id"], end["result"]) == ("end", begin["id"], made)


async def test_a_call_that_is_cancelled_ends_so(agent: Agent, path: Path, engine: EngineInMemory) -> None:
    engine.gate.clear()
    engine.steps = 2
    task = await ask(agent, "Async.network.create", {})
    async with asyncio.timeout(5):
        while not path.read_text():
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    await ask(agent, "task.cancel", task)
    engine.gate.set()
    await agent.tasks.close()
    assert [(line["method"], line["event"]) for line in lines(path)] == [
        ("Async.network.create", "begin"),
        ("task.cancel", "begin"),
        ("task.cancel", "end"),
        ("Async.network.create", "end"),
    ]
    assert lines(path)[-1]["error"] == ["TASK_CANCELLED", task]


async def test_what_a_reader_is_denied_is_noted(agent: Agent, path: Path) -> None:
    assert await ask(agent, "network.create", {"name_label": "x"}, 7, who=BOB) == (
        "MESSAGE_PARAMETER_COUNT_MISMATCH"
    )
    assert await ask(agent, "network.create", {"name_label": "x"}, who=BOB) == "RBAC_PERMISSION_DENIED"
    [denied] = lines(path)
    assert (denied["event"], denied["uid"], denied["method"]) == ("denied", 1001, "network.create")
    assert denied["parameters"] == {"record": {"name_label": "x"}}
    assert denied["error"] == ["RBAC_PERMISSION_DENIED", "network.create", "user 1001 may only look"]


RECORD = {"device": "0", "network": NOWHERE, "VM": NOWHERE}
"""What the constructor of a VIF wants."""


def arguments(method: Method) -> list[Any]:
    """Values of the right types, which lead nowhere."""
    special = {"record": RECORD if method.name.endswith("VIF.create") else {}, "task": NOWHERE}
    pairs = zip(method.parameters, samples(method), strict=True)
    return [special.get(parameter.name, value) for parameter, value in pairs]


async def test_every_method_that_changes_is_audited_and_no_other(agent: Agent, path: Path) -> None:
    for method in table().values():
        if not method.name.startswith(("session.", "event.")):
            session = [await login(agent)] if method.takes_session else []
            with suppress(Failure):
                await call(agent, ALICE, method.name, (*session, *arguments(method)))
    await agent.tasks.close()
    changing = {method.name for method in table().values() if method.changes}
    found = [(line["event"], line["method"]) for line in lines(path)]
    assert sorted(found) == sorted((event, name) for name in changing for event in ("begin", "end"))


def test_a_user_who_is_denied_again_and_again_causes_few_lines() -> None:
    now = [0.0]
    denials = Denials(most=2, clock=lambda: now[0])
    assert [denials.room_for(1) for _ in range(5)] == [0, 0, None, None, None]
    assert denials.room_for(2) == 0
    now[0] = 59.9
    assert denials.room_for(1) is None
    now[0] = 60.0
    assert [denials.room_for(1) for _ in range(3)] == [4, 0, None]


async def test_denials_that_are_left_out_are_denials(agent: Agent, path: Path) -> None:
    for _ in range(MOST + 5):
        assert await ask(agent, "task.create", "a", "b", who=BOB) == "RBAC_PERMISSION_DENIED"
    assert len(lines(path)) == MOST
    await ask(agent, "task.create", "a", "b")
    assert len(lines(path)) == MOST + 2


async def test_a_dry_run_and_a_login_are_no_changes(agent: Agent, path: Path) -> None:
    assert await ask(agent, "DryRun.network.create", {}) != ""
    assert await ask(agent, "network.get_all") != ""
    assert "s3cret" not in path.read_text()
    assert lines(path) == []


@pytest.mark.parametrize("nasty", ["\x1b[2J\n\r", "\u2028\u202e\U0001f600\ud800", '"\\'])
async def test_whatever_is_asked_is_one_line_of_plain_ascii(agent: Agent, path: Path, nasty: str) -> None:
    await ask(agent, "network.create", {"name_label": nasty * 100_000, "other_config": {nasty: nasty}})
    assert [line["event"] for line in lines(path)] == ["begin", "end"]
    text = path.read_text()
    assert all(character.isascii() and (character.isprintable() or character == "\n") for character in text)
    assert max(map(len, text.splitlines())) < LONGEST_LINE


async def test_no_line_is_longer_than_the_page_says(agent: Agent, path: Path) -> None:
    much = {f"{'é' * 1000}{number}": ["\U0001f600" * 1000] * 1000 for number in range(1000)}
    for method in (method for method in table().values() if method.changes):
        agent.audit._denials = Denials()
        await ask(agent, method.name, *([much] * len(method.parameters)), who=BOB)
    assert len(lines(path)) == sum(method.changes for method in table().values())
    assert max(map(len, path.read_text().splitlines())) < LONGEST_LINE


def test_an_excerpt_of_what_is_short_is_the_value_itself() -> None:
    value = {"name_label": "x", "tags": ["a", "b"], "MTU": 1500, "managed": True, "null": None, "f": 0.5}
    assert excerpt(value) == value


@pytest.mark.parametrize(
    ("value", "short"),
    [
        ("x" * 300, f"{'x' * 256}…"),
        (list(range(40)), [*range(32), "… 8 more"]),
        ({str(n): n for n in range(34)}, {**{str(n): n for n in range(32)}, "…": "2 more"}),
        ([[[[1]]]], [[["…"]]]),
        (float("inf"), "inf"),
        (2**80, str(2**80)),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00+00:00"),
    ],
)
def test_an_excerpt_of_what_is_long_says_that_there_is_more(value: object, short: object) -> None:
    assert excerpt(value) == short


async def test_a_log_that_was_moved_away_is_begun_anew(agent: Agent, path: Path) -> None:
    await ask(agent, "network.create", {})
    path.rename(path.with_suffix(".1"))
    await ask(agent, "network.create", {})
    assert (len(lines(path)), len(lines(path.with_suffix(".1")))) == (2, 2)
    path.unlink()
    path.touch()
    await ask(agent, "network.create", {})
    assert len(lines(path)) == 2


async def test_what_was_in_the_log_stays(engine: EngineInMemory, path: Path) -> None:
    for _ in range(2):
        await ask(agent_of(engine, audit=audit_of(path)), "network.create", {})
    assert len(lines(path)) == 4


def test_the_log_is_not_for_everybody_to_read(agent: Agent, path: Path) -> None:
    assert (oct(path.stat().st_mode & 0o777), oct(path.parent.stat().st_mode & 0o777)) == ("0o640", "0o750")


def broken(path: Path, how: str) -> str:
    """Make the log unwritable; why it is."""
    path.unlink(missing_ok=True)
    if how == "directory":
        path.mkdir()
        return "Is a directory"
    if how == "pipe":
        os.mkfifo(path)
        return "No such device or address"
    path.parent.rmdir()
    path.parent.write_text("in the way")
    return "Not a directory"


@pytest.mark.parametrize("how", ["directory", "pipe", "file in the way"])
async def test_no_change_is_made_that_cannot_be_written_down(
    agent: Agent, path: Path, engine: EngineInMemory, how: str
) -> None:
    reason, before = broken(path, how), engine.model
    session = await login(agent)
    calls: list[tuple[str, list[Any]]] = [("network.create", [{}]), ("task.create", ["a", "b"])]
    for method, params in calls:
        with pytest.raises(Failure) as caught:
            await call(agent, ALICE, method, (session, *params))
        assert (caught.value.code, caught.value.parameters) == (
            "PIFD_AUDIT_LOG_UNAVAILABLE", (str(path), reason),
        )  # fmt: skip
    assert (engine.model, agent.tasks.records) == (before, {})


async def test_a_task_fails_whose_call_cannot_be_written_down(
    agent: Agent, path: Path, engine: EngineInMemory
) -> None:
    reason, before = broken(path, "directory"), engine.model
    task = await ask(agent, "Async.network.create", {})
    await agent.tasks.close()
    assert agent.tasks.records[task].error_info == ("PIFD_AUDIT_LOG_UNAVAILABLE", str(path), reason)
    assert engine.model is before


async def test_reading_needs_no_log(agent: Agent, path: Path) -> None:
    broken(path, "directory")
    assert len(await ask(agent, "PIF.get_all")) == 4


async def test_a_change_that_is_made_stays_and_the_daemons_log_has_the_line(
    agent: Agent, path: Path, engine: EngineInMemory, caplog: pytest.LogCaptureFixture
) -> None:
    engine.gate.clear()
    asking = asyncio.create_task(ask(agent, "network.create", {"name_label": "storage"}))
    async with asyncio.timeout(5):
        while not path.read_text():
            await asyncio.sleep(0.001)
    broken(path, "directory")
    engine.gate.set()
    made = await asking
    assert engine.model.find(Network, made).name_label == "storage"
    [message] = caplog.messages
    assert "could not be written" in message
    assert json.loads(message[message.index("{") :])["result"] == made


async def test_a_denial_is_one_without_the_log(
    agent: Agent, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken(path, "directory")
    assert await ask(agent, "network.create", {}, who=BOB) == "RBAC_PERMISSION_DENIED"
    assert len(caplog.messages) == 1


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file can become longer than this."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_line_that_there_is_no_room_for_leaves_nothing_of_itself(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "log")
    file.append("first")
    with room_for(10), pytest.raises(OSError, match="File too large"):
        file.append("a second that is too long")
    assert (tmp_path / "log").read_text() == "first\n"
    file.append("third")
    assert (tmp_path / "log").read_text() == "first\nthird\n"


def test_a_log_that_cannot_be_written_is_told_at_the_start_and_nothing_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "log").write_text("in the way")
    audit_of(tmp_path / "log" / "audit.log")
    [message] = caplog.messages
    assert message.startswith("no change will be made: the audit log cannot be written: ")


async def test_without_a_file_the_daemons_own_log_has_the_lines(
    engine: EngineInMemory, caplog: pytest.LogCaptureFixture
) -> None:
    audit = logging.getLogger("pifd.audit")
    level = audit.level
    await ask(agent_of(engine, audit=audit_of(None)), "network.create", {})
    audit.setLevel(level)
    assert [json.loads(message)["event"] for message in caplog.messages] == ["begin", "end"]


async def test_a_disk_that_takes_its_time_holds_nobody_up_but_the_change(
    agent: Agent, path: Path, engine: EngineInMemory
) -> None:
    held = agent.audit
    release = asyncio.Event()
    loop = asyncio.get_running_loop()
    stuck = asyncio.run_coroutine_threadsafe(release.wait(), loop)
    held._writer.submit(stuck.result)  # the thread that writes is busy
    before = engine.model
    changing = asyncio.create_task(ask(agent, "network.create", {}))
    for _ in range(5):
        assert len(await ask(agent, "PIF.get_all")) == 4
    assert (changing.done(), engine.model) == (False, before)
    release.set()
    await changing
    assert len(lines(path)) == 2

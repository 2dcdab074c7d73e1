"""Users who want the daemon for themselves: what they get, and what root gets meanwhile."""

import asyncio
import fcntl
import gc
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
import XenAPI

from agent.api.calls.call import Agent, agent_of
from agent.api.calls.methods import call
from agent.api.events.registrations import MOST_OF_A_USER
from agent.api.http.dispatch import dispatcher
from agent.api.http.messages import Answer, Dispatch, HTTPRequest, Limits
from agent.api.http.server import serve
from agent.api.http.socketfile import check_usable
from agent.api.sessions.caller import Caller as Process
from agent.api.sessions.caller import Client as Peer
from agent.api.sessions.look_ups import MOST_UNDER_WAY
from agent.api.sessions.roles import Roles
from agent.api.tasks.tasks import MOST_PENDING, MOST_TEXT
from agent.errors import InvalidValue, TooManyPendingTasks
from tests.api.world import Caller, Client, EngineInMemory, post

NOBODY, STRANGER = 65534, 65533
OPERATORS = 4242
ROLES = Roles(daemon=0, operators=OPERATORS, readers=NOBODY)
SECOND = 1.0
LONGEST_SLICE = 0.03
"""Seconds of the processor that the event loop may be held for: 20 ms, on a machine that is shared."""

BECOME = """
import os, socket, sys, threading, time
uid = int(sys.argv.pop(1))
os.setgroups([])
os.setgid(uid)
os.setuid(uid)
"""
ATTACK = """
end = time.monotonic() + float(sys.argv[2])
kept = []
print(flush=True)
while time.monotonic() < end:
    plug = socket.socket(socket.AF_UNIX)
    try:
        plug.connect(sys.argv[1])
    except OSError:
        continue
    kept = [*kept[-int(sys.argv[3]):], plug] if int(sys.argv[3]) else []
"""
"""Connects without end, and keeps so many open."""


@pytest.fixture
def agent(engine: EngineInMemory) -> Iterator[Agent]:
    agent = agent_of(engine, ROLES)
    gc.collect()
    gc.freeze()  # as the daemon does
    yield agent
    gc.unfreeze()
    agent.audit.close()


@asynccontextmanager
async def served(agent: Agent) -> AsyncIterator[Path]:
    """A socket that everybody may connect to."""
    directory = Path(f"/tmp/{uuid4().hex}")
    directory.mkdir(mode=0o755)
    async with serve(directory / "s", dispatcher(agent), mode=0o666, admits=ROLES.admits):
        yield directory / "s"
    shutil.rmtree(directory)


@contextmanager
def attacks(path: Path, seconds: float, kept: int, uid: int) -> Iterator[None]:
    """Two processes of a user's that connect without end."""
    command = [sys.executable, "-c", BECOME + ATTACK, str(uid), str(path), str(seconds), str(kept)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    try:
        for one in both:
            assert one.stdout is not None
            one.stdout.readline()
        yield
    finally:
        for one in both:
            one.kill()
            one.communicate()


async def seconds_of(work: Callable[[], Any]) -> float:
    begun = time.monotonic()
    await work()
    return time.monotonic() - begun


class Watch:
    """The longest time for which the loop's thread was at work on one thing."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def run(self) -> None:
        while True:
            begun = time.thread_time()
            await asyncio.sleep(0)
            self.longest = max(self.longest, time.thread_time() - begun)
            await asyncio.sleep(0.001)


FLOOD = """
def client(file):
    body = open(file, 'rb').read()
    path = '/' if body.startswith(b'<') else '/jsonrpc'
    head = f'POST {path} HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n'.encode()
    plug = socket.socket(socket.AF_UNIX)
    plug.connect(sys.argv[1])
    try:
        plug.sendall(head + body)
        plug.recv(1 << 16)
    except OSError:
        pass
threads = [threading.Thread(target=client, args=(file,)) for file in sys.argv[2:] * 3]
for one in threads: one.start()
for one in threads: one.join()
"""
"""Many clients at once, each with one of the bodies."""


def json_of(value: str) -> bytes:
    return b'{"jsonrpc":"2.0","id":1,"method":"system.isAlive","params":[%s]}' % value.encode()


def xml_of(value: str) -> bytes:
    return (
        "<methodCall><methodName>system.isAlive</methodName><params><param><value>"
        f"{value}</value></param></params></methodCall>"
    ).encode()


BODIES = (
    json_of("[" + ",".join(["[]"] * 240_000) + "]" + " " * 3_000_000),
    json_of("{" + ",".join(f'"{number}":0' for number in range(200_000)) + "}" + " " * 1_000_000),
    json_of("[" + ",".join(['"' + "\\u00e9" * 150_000 + '"'] * 4) + "]"),
    json_of("[" + "1," * 1_900_000 + "1]"),
    json_of("[" * 3_500_000),
    json_of('"' + '\\"' * 1_900_000 + '"'),
    xml_of("<array><data>" + "<value/>" * 450_000 + "</data></array>"),
    xml_of("<array><data>" + "<value><int>1</int></value>" * 130_000 + "</data></array>"),
    xml_of("x&amp;" * 600_000),
    xml_of("<!--" + "x" * 3_500_000 + "-->"),
)


@pytest.mark.parametrize("uid", [0, NOBODY])
async def test_large_bodies_hold_nobody_up(agent: Agent, tmp_path_factory: Any, uid: int) -> None:
    watch = Watch()
    async with served(agent) as path:
        files = [path.with_name(f"body{number}") for number in range(len(BODIES))]
        for file, body in zip(files, BODIES, strict=True):
            file.write_bytes(body)
        flood = subprocess.Popen([sys.executable, "-c", BECOME + FLOOD, str(uid), path, *files])
        watching = asyncio.create_task(watch.run())
        async with await Client.connect(path) as client:
            root = await Caller.login(client)
            waits = [await seconds_of(lambda: root("PIF.get_all_records")) for _ in range(60)]
        watching.cancel()
        assert flood.poll() is None
        flood.kill()
        flood.wait()
    assert max(waits) < SECOND
    assert watch.longest < LONGEST_SLICE


@pytest.mark.parametrize(("uid", "kept"), [(NOBODY, 900), (STRANGER, 0), (0, 0)])
async def test_who_connects_without_end_keeps_root_from_nothing(agent: Agent, uid: int, kept: int) -> None:
    async with served(agent) as path:
        with attacks(path, 20, kept, uid):
            await asyncio.sleep(0.3)
            waits = [await seconds_of(lambda: one_call(path)) for _ in range(7)]
    assert sorted(waits)[3] < SECOND


async def one_call(path: Path) -> None:
    """As a script does it: connect, log in, ask, hang up."""
    assert len(await asyncio.to_thread(pifs_seen, path)) == 4


def pifs_seen(path: Path) -> list[str]:
    url = f"http://{str(path).replace('/', '_')}/"
    with XenAPI.Session(url, transport=XenAPI.UDSTransport()) as session:
        session.xenapi.login_with_password("root", "", "1.0", "test")
        found: list[str] = session.xenapi.PIF.get_all()
        return found


async def test_four_hundred_and_fifty_idle_connections_leave_root_a_place(agent: Agent) -> None:
    async with served(agent) as path, AsyncExitStack() as stack:
        for _ in range(450):
            await stack.enter_async_context(await Client.connect(path))
        assert await seconds_of(lambda: one_call(path)) < SECOND


def peer(uid: int) -> Peer:
    return Peer(Process(uid, OPERATORS, os.getpid()), asyncio.Event())


async def session_of(agent: Agent, who: Peer) -> str:
    return str(await call(agent, who, "session.login_with_password", ("x", "")))


async def test_a_client_with_all_its_tasks_pending_keeps_nobody_else_from_any(agent: Agent) -> None:
    alice, bob = peer(1000), peer(1001)
    hers, other = await session_of(agent, alice), await session_of(agent, alice)
    for _ in range(MOST_PENDING):
        await call(agent, alice, "task.create", (hers, "mine", ""))
    with pytest.raises(TooManyPendingTasks):
        await call(agent, alice, "Async.network.create", (hers, {}))
    for who, session in ((alice, other), (bob, await session_of(agent, bob))):
        task = await call(agent, who, "Async.network.create", (session, {}))
        await agent.tasks.close()
        assert await call(agent, who, "task.get_status", (session, task)) == "success"


async def test_ended_tasks_of_one_user_leave_anothers_in_place(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.api.tasks.tasks.MOST_ENDED", 3)
    alice, bob = peer(1000), peer(1001)
    hers, his = await session_of(agent, alice), await session_of(agent, bob)
    task = await call(agent, bob, "task.create", (his, "his", ""))
    await call(agent, bob, "task.set_status", (his, task, "success"))
    for _ in range(5):
        one = await call(agent, alice, "task.create", (hers, "hers", ""))
        await call(agent, alice, "task.set_status", (hers, one, "failure"))
    assert await call(agent, bob, "task.get_name_label", (his, task)) == "his"
    assert len(agent.tasks.records) == 4


async def test_what_a_user_puts_into_tasks_is_bounded(agent: Agent) -> None:
    alice = peer(1000)
    hers = await session_of(agent, alice)
    text = "x" * (MOST_TEXT // 4)
    for _ in range(3):
        task = await call(agent, alice, "task.create", (hers, text, ""))
    await call(agent, alice, "task.set_result", (hers, task, text))
    for message, more in (
        ("task.set_result", (task, text + "x")),
        ("task.set_error_info", (task, ["x"])),
        ("task.set_other_config", (task, {"key": ""})),
        ("task.create", ("x", "")),
    ):
        with pytest.raises(InvalidValue):
            await call(agent, alice, message, (hers, *more))
    await call(agent, alice, "task.destroy", (hers, task))
    await call(agent, alice, "task.create", (hers, "x", ""))


async def test_what_a_user_registers_for_is_bounded(agent: Agent) -> None:
    classes = [f"network/{'x' * 100}{number}" for number in range(1000)]
    alice, bob = peer(1000), peer(1001)
    most = MOST_OF_A_USER // (len(classes) * len(classes[0]))
    with pytest.raises(InvalidValue):
        await register_in(agent, alice, most + 1, classes)
    await call(agent, bob, "event.register", (await session_of(agent, bob), classes))


async def register_in(agent: Agent, who: Peer, sessions: int, classes: list[str]) -> None:
    for _ in range(sessions):
        await call(agent, who, "event.register", (await session_of(agent, who), classes))


async def test_requests_of_one_user_take_up_so_many_bytes_and_root_has_its_own() -> None:
    begun: list[int] = []

    async def waits(request: HTTPRequest, who: Peer) -> Answer:
        begun.append(len(request.body))
        await who.gone.wait()
        return Answer(200, b"")

    limits = Limits(body_bytes=300_000, user_bytes=600_000, root_bytes=600_000, request_seconds=0.3)
    async with serve_as(waits, limits) as path, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(await Client.connect(path)) for _ in range(4)]
        for one in clients[:3]:
            one.writer.write(post(b"x" * 300_000))
        response = await clients[2].response()
        assert (begun, response.status) == ([300_000] * 2, 503)
        assert response.body == b"user 0 has too many bytes of requests under way\n"
        await clients[3].send(post(b"short"))
        await asyncio.sleep(0.05)
        assert begun == [300_000, 300_000, 5]


@asynccontextmanager
async def serve_as(dispatch: Dispatch, limits: Limits) -> AsyncIterator[Path]:
    with TemporaryDirectory() as directory:
        async with serve(Path(directory, "s"), dispatch, limits=limits):
            yield Path(directory, "s")


async def test_a_hung_user_database_stops_neither_the_kernels_threads_nor_the_store(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung = threading.Event()
    monkeypatch.setattr("pwd.getpwuid", lambda uid: hung.wait(60))
    for uid in range(1000, 1040):
        agent.sessions.names.begin(uid)
    assert await seconds_of(lambda: session_of(agent, peer(0))) < SECOND
    assert await seconds_of(lambda: asyncio.to_thread(lambda: "the kernel")) < SECOND
    assert [thread.name for thread in threading.enumerate()].count("look-up") <= MOST_UNDER_WAY
    hung.set()


async def test_who_can_read_the_sockets_directory_cannot_prevent_a_start(
    tmp_path: Path,
) -> None:
    directory = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    check_usable(tmp_path / "s")
    async with serve(tmp_path / "s", never):
        assert [file.name for file in tmp_path.iterdir()] == ["s"]
    os.close(directory)


async def never(request: HTTPRequest, who: Peer) -> Answer:
    raise AssertionError

"""Clients that hang up while they are being answered, and the end of the server meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.api.http.messages import Answer, HTTPRequest
from agent.api.http.server import serve
from agent.api.sessions.caller import Client as Peer
from tests.api.world import Caller, Client, EngineInMemory, post

SOON = 2
A_WHILE = 0.1


class Waiting:
    """Answers to "wait" when its client is gone, or is let go; to all else at once."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.go = asyncio.Event()
        self.ended = asyncio.Event()
        self.gone: asyncio.Event | None = None

    async def __call__(self, request: HTTPRequest, peer: Peer) -> Answer:
        if request.body == b"wait":
            self.gone = peer.gone
            self.began.set()
            waits = [asyncio.create_task(event.wait()) for event in (peer.gone, self.go)]
            _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            self.ended.set()
        return Answer(200, b"gone" if peer.gone.is_set() else b"here")


@pytest.fixture
async def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
async def path(tmp_path: Path, waiting: Waiting) -> AsyncIterator[Path]:
    async with serve(tmp_path / "s", waiting):
        yield tmp_path / "s"


async def waiter(path: Path, waiting: Waiting, more: bytes = b"") -> Client:
    """A client whose request is being answered."""
    client = await Client.connect(path)
    client.writer.write(post(b"wait") + more)
    await asyncio.wait_for(waiting.began.wait(), SOON)
    return client


@pytest.mark.parametrize(
    "more", [b"", b"POST", post(b"") * 3, b"x" * 150_000], ids=["nothing", "half", "three", "much"]
)
async def test_a_client_that_hangs_up_is_gone_whatever_it_has_sent_behind(
    path: Path, waiting: Waiting, more: bytes
) -> None:
    client = await waiter(path, waiting, more)
    assert not waiting.ended.is_set()
    await client.close()
    await asyncio.wait_for(waiting.ended.wait(), SOON)


async def test_a_client_that_has_only_ended_its_sending_still_gets_its_answer(
    path: Path, waiting: Waiting
) -> None:
    client = await waiter(path, waiting)
    client.writer.write_eof()
    await asyncio.sleep(A_WHILE)
    assert not waiting.ended.is_set()
    waiting.go.set()
    assert (await client.response()).body == b"here"
    assert await client.is_closed()
    await client.close()


async def test_a_client_that_hangs_up_after_it_had_ended_its_sending_is_gone(
    path: Path, waiting: Waiting
) -> None:
    client = await waiter(path, waiting)
    client.writer.write_eof()
    await asyncio.sleep(A_WHILE)
    await client.close()
    await asyncio.wait_for(waiting.ended.wait(), SOON)


async def test_what_is_sent_behind_a_request_that_takes_long_is_answered_too(
    path: Path, waiting: Waiting
) -> None:
    client = await waiter(path, waiting, post(b"a") + post(b"b" * 100_000))
    await asyncio.sleep(A_WHILE)
    waiting.go.set()
    assert [(await client.response()).body for _ in range(3)] == [b"here"] * 3
    await client.close()


async def test_a_client_that_reads_nothing_of_its_answers_and_hangs_up_does_no_harm(
    path: Path, waiting: Waiting
) -> None:
    client = await Client.connect(path)
    await client.send(post(b"") + post(b"wait"))
    await asyncio.wait_for(waiting.began.wait(), SOON)
    client.writer.transport.abort()  # with an answer unread, which the server hears of as an error
    await asyncio.wait_for(waiting.ended.wait(), SOON)


async def test_only_the_client_that_hangs_up_is_gone(path: Path, waiting: Waiting) -> None:
    client, others = await waiter(path, waiting), [await Client.connect(path) for _ in range(50)]
    for other in others:
        await other.send(post(b""))
        await other.response()
        await other.close()
    await asyncio.sleep(A_WHILE)
    assert not waiting.ended.is_set()
    await client.close()
    await asyncio.wait_for(waiting.ended.wait(), SOON)


async def test_at_the_servers_end_whoever_waits_is_told_and_answered(
    tmp_path: Path, waiting: Waiting
) -> None:
    async with asyncio.timeout(SOON), serve(tmp_path / "s", waiting):
        client = await waiter(tmp_path / "s", waiting)
    assert (await client.response()).body == b"gone"
    assert await client.is_closed()
    await client.close()


async def test_a_change_is_finished_although_its_client_is_gone(
    socket: Path, engine: EngineInMemory, api: Caller
) -> None:
    before = engine.model
    engine.gate.clear()
    async with await Client.connect(socket) as client:
        other = await Caller.login(client)
        call = asyncio.create_task(other("network.create", {"name_label": "new"}))
        await asyncio.sleep(A_WHILE)
        call.cancel()
    await asyncio.sleep(A_WHILE)
    assert engine.model is before
    engine.gate.set()
    await asyncio.sleep(A_WHILE)
    assert len(await api("network.get_by_name_label", "new")) == 1

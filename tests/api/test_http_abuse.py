"""HTTP as it should not be: too much, too slow, too many, or not HTTP at all."""

import asyncio
import os
import resource
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agent.api.http.messages import Answer, HTTPRequest, Limits
from agent.api.http.server import serve
from agent.api.sessions.caller import Client as Peer
from tests.api.world import Caller, Client, call_body, post

LOGIN = call_body("session.login_with_password", "root", "")
MEGABYTE = b"x" * 1_000_000
HUNDRED = 100
LARGEST = 4 * 1024 * 1024
NOBODY = 65534


def peak_megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def stream(client: Client, head: bytes, part: bytes) -> None:
    await client.send(head)
    for _ in range(HUNDRED):
        await client.send(part)


@pytest.mark.parametrize(
    ("field", "part"),
    [
        (b"Content-Length: 100000000", MEGABYTE),
        (b"Transfer-Encoding: chunked", b"f4240\r\n" + MEGABYTE + b"\r\n"),
    ],
)
async def test_a_hundred_megabytes_are_refused_in_little_memory(
    socket: Path, api: Caller, field: bytes, part: bytes
) -> None:
    before = peak_megabytes()
    async with await Client.connect(socket) as client:
        await stream(client, b"POST /jsonrpc HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n\r\n", part)
        response = await client.response()
        assert (response.status, response.body) == (413, b"a body has at most 4194304 bytes\n")
        assert await client.is_closed()
    assert peak_megabytes() - before < 30
    assert len(await api("PIF.get_all")) == 4


async def test_a_http_1_0_request_without_a_length_has_no_body(client: Client) -> None:
    await client.send(b"POST /jsonrpc HTTP/1.0\r\n\r\n" + LOGIN)
    assert (await client.response()).status == 400


@pytest.mark.parametrize(("size", "status"), [(LARGEST, 200), (LARGEST + 1, 413)])
async def test_the_limit_of_a_body_is_exact(client: Client, size: int, status: int) -> None:
    await client.send(post(LOGIN.ljust(size)))
    assert (await client.response()).status == status


@pytest.mark.parametrize("half", [post(LOGIN)[:5], post(LOGIN)[:60], post(LOGIN)[:-5]])
async def test_half_a_request_and_silence_ends_with_408(impatient: Path, half: bytes) -> None:
    async with await Client.connect(impatient) as client:
        await client.send(half)
        response = await client.response()
        assert (response.status, response.fields["connection"]) == (408, "close")
        assert response.body == b"the request was not complete after 0.3 seconds\n"
        assert await client.is_closed()


async def test_half_a_request_behind_a_whole_one_ends_with_408_too(impatient: Path) -> None:
    async with await Client.connect(impatient) as client:
        await client.send(post(LOGIN) + b"POST")
        assert [(await client.response()).status for _ in range(2)] == [200, 408]


async def test_dripping_bytes_do_not_prolong_a_request(impatient: Path) -> None:
    async with await Client.connect(impatient) as client:
        for byte in post(LOGIN)[:6]:
            await client.send(bytes([byte]))
            await asyncio.sleep(0.1)
        assert (await client.response()).status == 408


async def test_a_connection_that_is_idle_for_too_long_is_closed(impatient: Path) -> None:
    async with await Client.connect(impatient) as fresh, await Client.connect(impatient) as used:
        await used.send(post(LOGIN))
        assert (await used.response()).status == 200
        assert [await fresh.is_closed(), await used.is_closed()] == [True, True]


@pytest.mark.parametrize(
    ("data", "status", "text"),
    [
        (b"hello\r\n\r\n", 400, "this is not HTTP: illegal request line"),
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            400,
            "this is not HTTP: illegal request line",
        ),
        (b"POST /jsonrpc HTTP/2.0\r\n\r\n", 505, "HTTP/2.0 is not spoken here"),
        (b"POST /jsonrpc HTTP/1.1\r\n\r\n", 400, "this is not HTTP: Missing mandatory Host: header"),
        (
            b"POST /jsonrpc HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
            400,
            "this is not HTTP: illegal header line",
        ),
        (
            b"POST /jsonrpc HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            400,
            "this is not HTTP: bad Content-Length",
        ),
        (
            b"POST /jsonrpc HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
            "this is not HTTP: conflicting Content-Length headers",
        ),
        (
            b"POST /jsonrpc HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
            501,
            "this is not HTTP: Only Transfer-Encoding: chunked is supported",
        ),
        (
            b"POST /jsonrpc HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            400,
            "this is not HTTP: illegal chunk header",
        ),
        (b"POST /" + b"a" * 200_000, 431, "this is not HTTP: Receive buffer too long"),
    ],
)
async def test_what_is_not_http_is_refused_with_the_reason(
    client: Client, data: bytes, status: int, text: str
) -> None:
    await client.send(data)
    response = await client.response()
    assert (response.status, response.fields["connection"]) == (status, "close")
    assert response.body.decode().startswith(text)
    assert await client.is_closed()


async def test_a_client_that_ends_in_the_middle_is_told_so(client: Client) -> None:
    await client.send(post(LOGIN)[:-5])
    client.writer.write_eof()
    assert (await client.response()).status == 400


async def test_a_client_that_sends_nothing_is_told_nothing(client: Client) -> None:
    client.writer.write_eof()
    assert await client.is_closed()


async def test_clients_that_leave_at_any_moment_do_no_harm(
    socket: Path, api: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    for length in range(0, len(post(LOGIN)) + 1, 3):
        async with await Client.connect(socket) as client:
            await client.send(post(LOGIN)[:length])
    assert len(await api("PIF.get_all")) == 4
    assert caplog.records == []


async def waits(request: HTTPRequest, peer: Peer) -> Answer:
    """Answers when the client has gone, as event.from does when nothing happens."""
    if request.body == b"wait":
        await peer.gone.wait()
    return Answer(200, b"")


@asynccontextmanager
async def open_to_all(limits: Limits) -> AsyncIterator[Path]:
    """A socket that other users may connect to."""
    with TemporaryDirectory() as directory:
        path = Path(directory, "s")
        path.parent.chmod(0o755)
        async with serve(path, waits, mode=0o666, limits=limits):
            yield path


async def busy_as(uid: int, path: Path) -> Client:
    """A connection of a user's whose request is being answered."""
    client = await connected_as(uid, path)
    await client.send(post(b"wait"))
    await asyncio.sleep(0.05)
    return client


async def status_of(client: Client) -> tuple[int, bytes]:
    await client.send(post(b""))
    response = await client.response()
    return response.status, response.body


async def test_the_connection_without_a_request_for_longest_makes_room_for_one_too_many() -> None:
    async with open_to_all(Limits(of_root=2)) as path, AsyncExitStack() as stack:
        first, second, third = [await stack.enter_async_context(await Client.connect(path)) for _ in range(3)]
        assert await first.is_closed()
        assert [await status_of(client) for client in (second, third)] == [(200, b""), (200, b"")]


async def test_who_waits_for_answers_on_all_connections_gets_no_more_and_all_others_do() -> None:
    limits = Limits(connections=3, of_a_user=2, of_root=1)
    async with open_to_all(limits) as path, AsyncExitStack() as stack:
        for uid in (NOBODY, NOBODY, NOBODY - 1):
            await stack.enter_async_context(await busy_as(uid, path))
        of_a_user = await stack.enter_async_context(await connected_as(NOBODY, path))
        of_all = await stack.enter_async_context(await connected_as(NOBODY - 2, path))
        assert (await of_a_user.response()).body == f"too many connections of user {NOBODY}\n".encode()
        assert (await of_all.response()).body == b"too many connections\n"
        ours = await stack.enter_async_context(await Client.connect(path))
        assert await status_of(ours) == (200, b"")


async def test_one_user_cannot_take_the_places_of_all_others() -> None:
    async with open_to_all(Limits(connections=2, of_a_user=2)) as path, AsyncExitStack() as stack:
        first, second, other = [
            await stack.enter_async_context(await connected_as(uid, path))
            for uid in (NOBODY, NOBODY, NOBODY - 1)
        ]
        assert await first.is_closed()
        assert [await status_of(client) for client in (second, other)] == [(200, b""), (200, b"")]


async def connected_as(uid: int, path: Path) -> Client:
    """A connection of another user's: the kernel notes who connects."""
    plug = sockets.socket(sockets.AF_UNIX)
    os.seteuid(uid)
    try:
        plug.connect(str(path))
    finally:
        os.seteuid(os.getuid())
    plug.setblocking(False)
    return Client(*await asyncio.open_unix_connection(sock=plug))


async def test_many_wrong_elements_are_one_error(api: Caller) -> None:
    before = peak_megabytes()
    wrong = {str(n): 0 for n in range(200_000)}
    answer = await api("Bond.create", f"OpaqueRef:{'0' * 36}", [], "", "lacp", wrong)
    assert answer == ["FIELD_TYPE_ERROR", "properties", "a value: expected a string, got 0"]
    assert peak_megabytes() - before < 150


async def test_a_connection_that_fails_in_an_unforeseen_way_is_logged_and_closed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(request: HTTPRequest, peer: Peer) -> Answer:
        raise ZeroDivisionError

    async with serve(tmp_path / "s", broken), await Client.connect(tmp_path / "s") as client:
        await client.send(post(LOGIN))
        assert await client.is_closed()
    assert [record.message for record in caplog.records] == ["a connection failed"]

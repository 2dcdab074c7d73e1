"""Who is at the other end of a socket, and who is let in."""

import os
import pwd
import socket as sockets
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.api.http.messages import Answer, HTTPRequest, Limits
from agent.api.http.server import serve
from agent.api.sessions.caller import SO_PEERGROUPS, Caller, caller_of
from agent.api.sessions.caller import Client as Peer
from tests.api.world import Client, post

MYSELF = Caller(os.getuid(), os.getgid(), os.getpid(), frozenset(os.getgroups()))


class OldKernel:
    """A peer whose kernel, before 4.13, does not know of its groups."""

    def __init__(self, peer: sockets.socket, uid: int) -> None:
        self.peer = peer
        self.uid = uid

    def getsockopt(self, level: int, option: int, length: int, /) -> bytes:
        if option == SO_PEERGROUPS:
            raise OSError(92, "Protocol not available")
        credentials = self.peer.getsockopt(level, option, length)
        return credentials[:4] + self.uid.to_bytes(4, "little") + credentials[8:]


@pytest.fixture
def peer() -> Iterator[sockets.socket]:
    one, other = sockets.socketpair(sockets.AF_UNIX)
    with one, other:
        yield one


async def echo(request: HTTPRequest, peer: Peer) -> Answer:
    return Answer(200, repr(peer.caller).encode())


async def refused(client: Client) -> tuple[int, bytes]:
    """Why a client is turned away, without having asked for anything."""
    response = await client.response()
    assert await client.is_closed()
    return response.status, response.body


def test_the_kernel_says_who_is_at_the_other_end(peer: sockets.socket) -> None:
    assert caller_of(peer) == MYSELF


def test_an_old_kernel_leaves_the_users_groups(peer: sockets.socket) -> None:
    name = pwd.getpwuid(os.getuid()).pw_name
    groups = frozenset(os.getgrouplist(name, os.getgid()))
    assert caller_of(OldKernel(peer, os.getuid())).groups == groups


def test_a_user_that_is_in_no_database_has_no_groups(peer: sockets.socket) -> None:
    nobody = 2**32 - 2
    assert caller_of(OldKernel(peer, nobody)) == Caller(nobody, os.getgid(), os.getpid())


async def test_a_request_comes_with_its_caller(tmp_path: Path) -> None:
    async with serve(tmp_path / "s", echo), await Client.connect(tmp_path / "s") as client:
        await client.send(post(b""))
        assert (await client.response()).body == repr(MYSELF).encode()


async def test_who_is_not_admitted_is_told_so_whatever_comes_from_it(tmp_path: Path) -> None:
    async def never(request: HTTPRequest, peer: Peer) -> Answer:
        raise AssertionError

    async with serve(tmp_path / "s", never, admits=lambda caller: caller != MYSELF):
        for sent in (b"", post(b"hello"), post(b"x" * 150_000) * 2, b"\x16\x03"):
            async with await Client.connect(tmp_path / "s") as client:
                await client.send(sent)
                assert await refused(client) == (
                    403,
                    f"user {os.getuid()} is not allowed to use pifd\n".encode(),
                )


async def test_who_is_not_admitted_takes_no_place(tmp_path: Path) -> None:
    admitted = [True, False, False, False]
    limits = Limits(connections=1, turned_away=2)
    async with (
        serve(tmp_path / "s", echo, admits=lambda caller: admitted.pop(0), limits=limits),
        await Client.connect(tmp_path / "s") as served,
    ):
        await served.send(post(b""))
        assert (await served.response()).status == 200
        turned_away = [await Client.connect(tmp_path / "s") for _ in range(3)]
        statuses = [(await client.response()).status for client in turned_away[:2]]
        assert (statuses, await turned_away[2].is_closed()) == ([403, 403], True)
        await served.send(post(b""))
        assert (await served.response()).status == 200
        for client in turned_away:
            await client.close()

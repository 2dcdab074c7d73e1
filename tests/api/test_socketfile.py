"""The socket's file: taken, refused, removed."""

import asyncio
import fcntl
import os
import socket as sockets
import stat
from pathlib import Path

import pytest

from agent.api.http.messages import Answer, HTTPRequest
from agent.api.http.server import serve
from agent.api.http.socketfile import SocketUnavailable
from agent.api.sessions.caller import Client as Peer
from tests.api.world import Client, post


async def echo(request: HTTPRequest, client: Peer) -> Answer:
    return Answer(200, request.body)


async def is_served(path: Path) -> bool:
    async with await Client.connect(path) as client:
        await client.send(post(b"here"))
        return (await client.response()).body == b"here"


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
async def test_the_file_has_the_permissions_asked_for(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "s"
    async with serve(path, echo, mode=mode):
        assert stat.S_IMODE(path.stat().st_mode) == mode
        assert stat.S_ISSOCK(path.stat().st_mode)


async def test_the_file_belongs_to_the_group_asked_for(tmp_path: Path) -> None:
    group = 4242 if os.getuid() == 0 else max(os.getgroups(), default=os.getgid())
    async with serve(tmp_path / "s", echo, group=group):
        assert ((tmp_path / "s").stat().st_gid, (tmp_path / "s").stat().st_uid) == (group, os.getuid())


async def test_nothing_is_left_in_the_directory(tmp_path: Path) -> None:
    async with serve(tmp_path / "s", echo):
        assert [entry.name for entry in tmp_path.iterdir()] == ["s"]
    assert list(tmp_path.iterdir()) == []


async def test_a_path_where_a_daemon_lives_is_refused_and_the_daemon_lives_on(tmp_path: Path) -> None:
    path = tmp_path / "s"
    async with serve(path, echo):
        with pytest.raises(SocketUnavailable) as caught:
            async with serve(path, echo):
                pass
        assert str(caught.value) == f"{path} is in use: another daemon listens on it"
        assert await is_served(path)


async def test_a_socket_that_a_dead_daemon_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with sockets.socket(sockets.AF_UNIX) as dead:
        dead.bind(str(path))
    (tmp_path / "s.new").write_text("left half-way")
    async with serve(path, echo):
        assert await is_served(path)


@pytest.mark.parametrize("kind", ["file", "directory", "link"])
async def test_a_path_that_is_something_else_is_refused_and_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "s"
    if kind == "directory":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(tmp_path / "nowhere")
    else:
        path.write_text("precious")
    with pytest.raises(SocketUnavailable) as caught:
        async with serve(path, echo):
            pass
    assert str(caught.value) == f"{path} exists and is not a socket: it is left as it is"
    assert [entry.name for entry in tmp_path.iterdir()] == ["s"]


async def test_a_directory_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with serve(tmp_path / "no" / "s", echo):
            pass


async def test_a_successors_file_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "s"
    async with serve(path, echo):
        path.unlink()
        path.write_text("the successor's")
    assert path.read_text() == "the successor's"


async def test_an_error_inside_still_removes_the_file_and_ends_all(tmp_path: Path) -> None:
    tasks = asyncio.all_tasks()
    with pytest.raises(ZeroDivisionError):
        async with serve(tmp_path / "s", echo):
            raise ZeroDivisionError
    assert (list(tmp_path.iterdir()), asyncio.all_tasks()) == ([], tasks)


async def test_two_daemons_that_start_at_once_do_not_both_get_the_path(tmp_path: Path) -> None:
    other = os.open(tmp_path / "s.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(SocketUnavailable) as caught:
        async with serve(tmp_path / "s", echo):
            pass
    assert str(caught.value) == f"{tmp_path}/s.lock is locked: another daemon is starting"
    os.close(other)
    async with serve(tmp_path / "s", echo):
        assert await is_served(tmp_path / "s")

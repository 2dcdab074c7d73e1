"""What pifd makes has its modes whatever the umask is."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.api.audit.line_file import LineFile
from agent.api.http.messages import Answer, HTTPRequest
from agent.api.http.server import serve
from agent.api.sessions.caller import Client
from agent.kernel.steps import SetResolver
from agent.model.model import Model
from agent.netlink.apply.resolv_conf import ResolvConf
from agent.store.sqlite import Store


@pytest.fixture(params=[0o000, 0o022, 0o777], autouse=True)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(directory: Path) -> dict[str, str]:
    return {file.name: oct(file.stat().st_mode & 0o7777) for file in directory.iterdir()}


def test_the_store_its_log_and_its_copies_are_for_their_owner_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "pifd.sqlite")
    copy = store.keep_copy()
    assert store.load() == Model()
    assert modes(tmp_path) == dict.fromkeys(("pifd.sqlite", "pifd.sqlite-wal", copy.name), "0o600")
    store.close()


def test_a_store_that_others_can_read_is_taken_from_them(tmp_path: Path) -> None:
    Store(tmp_path / "pifd.sqlite").close()
    (tmp_path / "pifd.sqlite").chmod(0o644)
    store = Store(tmp_path / "pifd.sqlite")
    assert set(modes(tmp_path).values()) == {"0o600"}
    store.close()


def test_a_new_resolv_conf_is_readable_to_all_and_another_keeps_its_mode(tmp_path: Path) -> None:
    step = SetResolver("nameserver 192.0.2.1\n")
    for mode in ("0o644", "0o640"):
        ResolvConf(tmp_path / "resolv.conf").write(step, step.text)
        (tmp_path / "resolv.conf").read_text()
        assert modes(tmp_path) == {"resolv.conf": mode}
        (tmp_path / "resolv.conf").chmod(0o640)


def test_the_audit_log_is_readable_to_its_group_and_another_keeps_its_mode(tmp_path: Path) -> None:
    for mode in ("0o640", "0o600"):
        file = LineFile(tmp_path / "audit.log")
        file.append("line")
        file.close()
        assert modes(tmp_path) == {"audit.log": mode}
        (tmp_path / "audit.log").chmod(0o600)


async def test_the_socket_has_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    async with serve(tmp_path / "s", nothing, mode=0o660):
        assert modes(tmp_path) == {"s": "0o660"}


async def nothing(request: HTTPRequest, client: Client) -> Answer:
    return Answer(200, b"")


def test_a_pipe_in_the_place_of_resolv_conf_is_somebody_elses_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "resolv.conf")
    assert ResolvConf(tmp_path / "resolv.conf").read() is None

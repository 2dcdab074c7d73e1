"""Who may do what, of the real daemon: processes of other users, and what its audit log says of them."""

import grp
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from conftest import Site
from host.daemon import Home, await_answer, start_forked
from host.fault import Fault, faulty_kernel, inject
from host.xenapi import NoAnswerError, XenAPI, XenAPIError
from network.cabling import Cabling

OPERATORS, READERS, OTHERS = "staff", "users", "games"
STRANGER = 12345
NETWORK: dict[str, str] = {"name_label": "storage"}


@pytest.fixture
def open_site(net: Cabling) -> Iterator[Site]:
    """A daemon that has operators and readers, in a directory that everybody can enter."""
    directory = Path(mkdtemp())
    directory.chmod(0o755)
    home = Home(directory, operators=OPERATORS, readers=READERS)
    site = Site(net, home, start_forked(net.host, home))
    await_answer(home)
    yield site
    assert site.daemon.stop() == 0
    shutil.rmtree(directory)


def group(name: str) -> int:
    return grp.getgrnam(name).gr_gid


def as_user(gid: int, groups: list[int], do: Callable[[], Any]) -> Any:
    """What a function gives in a process of another user with these groups: a value that JSON can tell."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(groups)
            os.setgid(gid)
            os.setuid(STRANGER)
            os.write(writing, json.dumps(told(do)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        found = json.loads(stream.read())
    os.waitpid(child, 0)
    return found


def told(do: Callable[[], Any]) -> Any:
    """What a function gives, or the error that it meets."""
    try:
        return do()
    except XenAPIError as error:
        return [error.code, *error.parameters]


def greeting(site: Site) -> list[str]:
    """The first and the last line that come without having asked for anything."""
    with socket.socket(socket.AF_UNIX) as plug:
        plug.connect(str(site.home.socket))
        plug.shutdown(socket.SHUT_WR)
        lines = plug.makefile().read().splitlines()
    return [lines[0], lines[-1]]


def create(site: Site) -> Any:
    return XenAPI(site.home.socket).call("network.create", NETWORK)


def pifs(site: Site) -> Any:
    return len(XenAPI(site.home.socket).call("PIF.get_all"))


def audited(site: Site) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (site.home.directory / "audit.log").read_text().splitlines()]


@pytest.mark.parametrize("groups", [(READERS, []), (OTHERS, [OTHERS, READERS])])
def test_a_reader_reads_and_changes_nothing(open_site: Site, groups: tuple[str, list[str]]) -> None:
    gid, supplementary = group(groups[0]), [group(name) for name in groups[1]]
    assert as_user(gid, supplementary, lambda: pifs(open_site)) == 2
    denied = as_user(gid, supplementary, lambda: create(open_site))
    assert denied == ["RBAC_PERMISSION_DENIED", "network.create", f"user {STRANGER} may only look"]
    [line] = audited(open_site)
    assert (line["event"], line["uid"], line["method"]) == ("denied", STRANGER, "network.create")


def test_a_supplementary_group_makes_an_operator(open_site: Site) -> None:
    made = as_user(group(OTHERS), [group(OPERATORS)], lambda: create(open_site))
    begin, end = audited(open_site)
    assert (begin["uid"], begin["parameters"]) == (STRANGER, {"record": NETWORK})
    assert (end["outcome"], end["result"]) == ("success", made)


def test_who_is_in_neither_group_is_turned_away(open_site: Site) -> None:
    status, text = as_user(group(OTHERS), [], lambda: greeting(open_site))
    assert (status, text) == ("HTTP/1.1 403 Forbidden", f"user {STRANGER} is not allowed to use pifd")
    assert audited(open_site) == []


def test_the_socket_is_its_groups_alone_when_there_are_no_readers(site: Site) -> None:
    assert oct(site.home.socket.stat().st_mode & 0o777) == "0o660"


@pytest.mark.parametrize("site", [faulty_kernel], indirect=True)
def test_a_change_that_ends_the_daemon_has_begun_in_the_log(site: Site) -> None:
    client = XenAPI(site.home.socket)
    [eth1] = [ref for ref, pif in client.call("PIF.get_all_records").items() if pif["device"] == "eth1"]
    inject(site.home, Fault("kill", 1))
    with pytest.raises(NoAnswerError):
        client.call("PIF.plug", eth1)
    site.daemon.wait()
    site.restart()
    [line] = audited(site)
    assert (line["event"], line["method"], line["parameters"]) == ("begin", "PIF.plug", {"self": eth1})

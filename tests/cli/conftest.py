"""What the tests of pifctl start from: a daemon, and a way to run commands against it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.cli.__main__ import Outcome, outcome_of
from agent.cli.terminal import Screen
from tests.cli.fake_daemon import Daemon, Server
from tests.cli.world import guests

Run = Callable[..., Outcome]


@pytest.fixture
def no_socket_is_left() -> None:
    """Not watched here: a thread of the fake daemon waits for an event as long as it was asked to."""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that runs until the end of the test."""
    daemon = Daemon(tmp_path / "xapi")
    server = Server(daemon)
    yield daemon
    server.stop()


@pytest.fixture
def host(daemon: Daemon) -> Daemon:
    """The daemon of a host that has a VLAN, a tunnel and a VM with a VIF, too."""
    for class_name, records in guests().items():
        daemon.records[class_name] |= records
    return daemon


@pytest.fixture
def run(daemon: Daemon) -> Run:
    """Runs one command line in this process."""

    def run(*arguments: str, screen: Screen = Screen(width=80)) -> Outcome:
        return outcome_of(arguments, {"PIFD_SOCKET": daemon.socket}, screen)

    return run

"""The fixtures of the clients' tests: hosts whose story has been told, each by a client of its own kind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.clients.daemon import Daemon, running_daemon
from tests.clients.fields import get_everything, set_everything
from tests.clients.others import of_bonds, other_calls
from tests.clients.refusals import names_on
from tests.clients.story import Teller, tell
from tests.clients.voices import JSONRPC, XMLRPC, Voice, connected


@dataclass(frozen=True)
class Story:
    """A story that has been told.  results: what the calls gave, by method.  end: the objects' names."""

    results: Mapping[str, list[Any]]
    end: frozenset[str]


@dataclass(frozen=True)
class Furnished:
    """A host that has an object of every class, by the story that was told in XML-RPC."""

    daemon: Daemon
    voices: tuple[XMLRPC, JSONRPC, JSONRPC]
    told: Story


@pytest.fixture(scope="session")
def furnished() -> Iterator[Furnished]:
    """Every call was made here, by XenAPI's own client; nothing that uses this host changes it any more."""
    with running_daemon() as daemon, connected(daemon.path) as voices:
        yield Furnished(daemon, voices, all_calls(voices[0], daemon))


@pytest.fixture(scope="session")
def stories(furnished: Furnished) -> Mapping[str, Story]:
    """The story in each encoding, and by tasks."""
    told = {furnished.voices[0].name: furnished.told}
    for number in (1, 2):
        with running_daemon() as daemon, connected(daemon.path) as voices:
            told[voices[number].name] = all_calls(voices[number], daemon)
    for prefix in ("Async", "InternalAsync"):
        with running_daemon() as daemon, connected(daemon.path) as voices:
            told[prefix] = later_calls(voices[0], daemon, prefix)
    return told


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """A host that nobody has used."""
    with running_daemon() as daemon:
        yield daemon


@pytest.fixture
def voices(daemon: Daemon) -> Iterator[tuple[XMLRPC, JSONRPC, JSONRPC]]:
    """A client of each encoding."""
    with connected(daemon.path) as voices:
        yield voices


def all_calls(voice: Voice, daemon: Daemon) -> Story:
    """Every call that there is, but for those by tasks."""
    teller = Teller(voice)
    other_calls(teller)
    tell(teller.plainly, teller, daemon)
    of_bonds(teller)
    set_everything(teller)
    get_everything(teller)
    return Story(teller.results, frozenset(names_on(voice)))


def later_calls(voice: Voice, daemon: Daemon, prefix: str) -> Story:
    """Every call that can be made by a task."""
    teller = Teller(voice)
    tell(teller.later(prefix), teller, daemon)
    return Story(teller.results, frozenset(names_on(voice)))

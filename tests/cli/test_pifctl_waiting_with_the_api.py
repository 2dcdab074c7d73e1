"""pifctl's waiting commands and its tasks against the real API: both sides mean the same events."""

import asyncio
import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread
from time import sleep

import pytest

from agent.api.calls.call import agent_of
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from agent.cli.__main__ import Outcome, outcome_of
from agent.cli.terminal import NOWHERE, Screen, Streams
from tests.api.world import EngineInMemory


class Pifd:
    """The API over an engine in memory, in a thread of its own, until it is stopped."""

    def __init__(self, path: Path, engine: EngineInMemory) -> None:
        self.path, self._engine = path, engine
        self._ready, self._loop, self._over = Event(), asyncio.new_event_loop(), asyncio.Event()
        self._thread = Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    async def _serve(self) -> None:
        async with serve(self.path, dispatcher(agent_of(self._engine))):
            self._ready.set()
            await self._over.wait()

    def stop(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    def run(self, line: str, streams: Streams = NOWHERE) -> Outcome:
        """What a command line comes to."""
        return outcome_of(line.split(), {"PIFD_SOCKET": str(self.path)}, Screen(), streams)


@pytest.fixture
def engine() -> EngineInMemory:
    """What outlives a daemon."""
    return EngineInMemory()


@pytest.fixture
def pifd(tmp_path: Path, engine: EngineInMemory) -> Iterator[Pifd]:
    """A daemon that runs until the end of the test."""
    pifd = Pifd(tmp_path / "xapi", engine)
    yield pifd
    pifd.stop()


def test_event_wait_sees_what_another_client_does(pifd: Pifd) -> None:
    assert pifd.run("event-wait class=pif device=eth1 currently-attached=false") == (0, "", "")
    with ThreadPoolExecutor() as pool:
        outcome = pool.submit(pifd.run, "event-wait class=network name-label=storage PIF-uuids/=x timeout=20")
        assert pifd.run("network-create name-label=storage").status == 0
        assert outcome.result(20) == (0, "", "")
    told = "No network was as wanted within 1 seconds.\n"
    assert pifd.run("event-wait class=network name-label=backup timeout=1") == (1, "", told)


def test_event_wait_survives_a_restart(tmp_path: Path, engine: EngineInMemory) -> None:
    first, said = Pifd(tmp_path / "xapi", engine), io.StringIO()
    with ThreadPoolExecutor() as pool:
        line = "--debug event-wait class=network name-label=storage timeout=20"
        outcome = pool.submit(first.run, line, Streams(stderr=said))
        while "event.from" not in said.getvalue():
            sleep(0.01)
        first.stop()
        second = Pifd(tmp_path / "xapi", engine)
        assert second.run("network-create name-label=storage").status == 0
        assert outcome.result(20) == (0, "", "")
        second.stop()
    told = [line for line in said.getvalue().splitlines() if not line.startswith("debug: ")]
    assert told == ["pifd has closed the connection.  Waiting for it to come back.", "pifd is back."]


def test_on_a_terminal_a_change_comes_to_the_same(pifd: Pifd) -> None:
    terminal = Streams(stderr=io.StringIO(), terminal=Screen())
    made = pifd.run("network-create name-label=storage", terminal)
    assert (made.status, made.error, bool(re.fullmatch("[-0-9a-f]{36}\n", made.output))) == (0, "", True)
    assert pifd.run("network-list name-label=storage --minimal").output == made.output
    # This one is no task.
    assert pifd.run("network-param-set uuid=storage MTU=9000", terminal) == (0, "", "")
    refused = pifd.run("network-create name-label=again bridge=xenbr0", terminal)
    assert refused == pifd.run("network-create name-label=again bridge=xenbr0")
    assert refused.status == 1
    assert pifd.run("task-list --minimal").output == "\n"

"""pifctl event-wait and event-watch: what they wait for, what they print, and what they survive."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from agent.cli.__main__ import Outcome
from tests.cli.conftest import Run
from tests.cli.fake_daemon import Daemon
from tests.cli.world import BOND, BOND0, ETH0, ETH1, MADE, PIF_METRICS, STORAGE, network, pif

PIFCTL = [sys.executable, "-m", "agent.cli"]
# A shell's background jobs ignore SIGINT, and so would pifctl, if the tests are one.
HEEDING_INTERRUPTS = ("env", "--default-signal=INT")

Begin = Callable[[str], "Future[Outcome]"]


@pytest.fixture
def begin(run: Run, daemon: Daemon) -> Iterator[Begin]:
    """Runs a command line beside the test, which goes on when the command waits."""
    with ThreadPoolExecutor() as pool:

        def begin(line: str) -> "Future[Outcome]":
            waits = daemon.events.waits
            outcome = pool.submit(run, *line.split())
            # The first question gives what is there, the second one waits.
            while daemon.events.waits < waits + 2 and not outcome.done():
                time.sleep(0.01)
            return outcome

        yield begin


@pytest.mark.parametrize(
    "wanted",
    [
        "class=pif device=eth1 currently-attached=false",
        "class=PIF device/=eth0 MAC=00:16:3E:00:00:0B",
        "class=bond links-up=2 mode/=lacp",
        "class=pif network-name-label=storage device=eth1",
        "class=network tags:contains=blue name-label/=storage",
        "class=network",
        "class=pif properties:gro=on carrier=true",
    ],
)
def test_what_matches_already_counts(run: Run, daemon: Daemon, wanted: str) -> None:
    assert run("event-wait", *wanted.split()) == (0, "", "")
    assert [method for method, _ in daemon.calls if method == "event.from"] == ["event.from"]


def test_it_returns_when_an_object_comes_to_match(begin: Begin, daemon: Daemon) -> None:
    outcome = begin(f"event-wait class=bond uuid={BOND} links-up/=2")
    daemon.events.change("PIF", ETH0, MTU=9000)
    daemon.events.change("Bond", BOND, mode="lacp")
    assert not outcome.done()
    daemon.events.change("Bond", BOND, links_up=1)
    assert outcome.result(5) == (0, "", "")


def test_a_field_that_another_object_shows_in_is_waited_for_there(begin: Begin, daemon: Daemon) -> None:
    outcome = begin("event-wait class=pif device=eth0 carrier=false")
    daemon.events.change("PIF_metrics", PIF_METRICS, carrier=False)
    assert outcome.result(5) == (0, "", "")


def test_one_that_is_gone_matches_no_more_even_if_no_event_said_so(begin: Begin, daemon: Daemon) -> None:
    daemon.events.put("network", network(MADE, "backup", "xapi9"))
    outcome = begin("event-wait class=network bridge=xapi9 MTU=9000 timeout=1")
    daemon.events.remove("network", MADE, is_told=False)
    daemon.events.change("network", STORAGE, MTU=9000)
    assert outcome.result(5) == (1, "", "No network was as wanted within 1 seconds.\n")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("event-wait", "Required parameter not found: class\n"),
        ("event-wait class=nic", "Error: Unsupported event class: nic\nKnown are: pool, host, "),
        ("event-wait class=bond linksup=2", "Unknown parameter: linksup\n"),
        ("event-wait class=bond timeout=soon", "Error: Failed to parse parameter 'timeout': "),
        ("event-watch class=bond,nic", "Error: Unsupported event class: nic\n"),
    ],
)
def test_a_wrong_wish_is_refused_before_anything_is_asked(
    run: Run, daemon: Daemon, line: str, error: str
) -> None:
    status, output, said = run(*line.split())
    assert (status, output, said[: len(error)], daemon.calls) == (1, "", error, [])


class Watcher(NamedTuple):
    """A process of event-watch, and the lines that it has printed."""

    process: "subprocess.Popen[str]"

    def lines(self, count: int) -> list[str]:
        """The next lines, as soon as they are there."""
        assert self.process.stdout is not None
        return [self.process.stdout.readline() for _ in range(count)]


@pytest.fixture
def watch(daemon: Daemon) -> Iterator[Callable[..., Watcher]]:
    """Starts event-watch, which is interrupted in the end."""
    watchers = []

    def start(*arguments: str) -> Watcher:
        waits = daemon.events.waits
        command = [*HEEDING_INTERRUPTS, *PIFCTL, "event-watch", *arguments]
        process = subprocess.Popen(
            command,
            env={**os.environ, "PIFD_SOCKET": daemon.socket},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        watchers.append(process)
        while daemon.events.waits < waits + 2:
            time.sleep(0.01)
        return Watcher(process)

    yield start
    for process in watchers:
        process.kill()
        process.communicate(timeout=5)


Watch = Callable[..., Watcher]


def test_each_change_is_a_line_at_once_with_the_fields_that_differ(watch: Watch, daemon: Daemon) -> None:
    watcher = watch()
    daemon.events.change("PIF", ETH1, MTU=9000, currently_attached=True, bond_slave_of="OpaqueRef:NULL")
    [first] = watcher.lines(1)
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d\d\d", first[:12])
    changed = f"currently-attached: false -> true; MTU: 1500 -> 9000; bond-slave-of: {BOND} -> none"
    assert first[12:] == f"  PIF      mod  eth1 {ETH1}  {changed}\n"
    daemon.events.put("network", network(MADE, "the backup", "xapi9"))
    assert watcher.lines(1)[0][14:] == f'network  add  "the backup" {MADE}\n'
    daemon.events.remove("network", MADE)
    assert watcher.lines(1)[0][14:] == f'network  del  "the backup" {MADE}\n'


def test_what_another_object_has_for_it_is_told_of_the_object_itself(watch: Watch, daemon: Daemon) -> None:
    watcher = watch("class=pif")
    daemon.events.change("network", STORAGE, name_label="backup")
    daemon.events.change("PIF_metrics", PIF_METRICS, carrier=False)
    assert watcher.lines(1)[0][14:30] == "PIF      mod  et"
    daemon.events.change("PIF_metrics", PIF_METRICS, carrier=True)
    assert watcher.lines(1)[0][14:].startswith(f"PIF      mod  eth0 {ETH0}  carrier: false -> true")


def test_programs_get_an_object_a_line(watch: Watch, daemon: Daemon) -> None:
    watcher = watch("class=bond,pif", "--json")
    daemon.events.change("Bond", BOND, links_up=1)
    [line] = watcher.lines(1)
    told: dict[str, Any] = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told.pop("time"))
    fields = {"links-up": {"before": 2, "after": 1}}
    assert told == {"class": "Bond", "operation": "mod", "uuid": BOND, "name": "bond0", "fields": fields}
    daemon.events.put("PIF", pif(MADE, "eth9", "00:16:3e:00:00:99"))
    added = json.loads(watcher.lines(1)[0])
    assert (added["operation"], added["name"], added["record"]["MAC"]) == ("add", "eth9", "00:16:3e:00:00:99")


def test_it_survives_a_restart_and_tells_of_what_differs_then(watch: Watch, daemon: Daemon) -> None:
    watcher = watch()
    daemon.raw["event.from"] = b""
    daemon.events.change("PIF", ETH1, MTU=9000)
    assert watcher.process.stderr is not None
    waiting = "pifd has closed the connection.  Waiting for it to come back.\n"
    assert watcher.process.stderr.readline() == waiting
    daemon.events.remove("PIF", BOND0)
    del daemon.raw["event.from"]
    assert watcher.process.stderr.readline() == "pifd is back.\n"
    told = sorted(line[14:] for line in watcher.lines(2))
    assert told == [f"PIF      del  bond0 {BOND0}\n", f"PIF      mod  eth1 {ETH1}  MTU: 1500 -> 9000\n"]
    daemon.events.change("PIF", ETH1, MTU=1500)
    assert watcher.lines(1)[0][14:] == f"PIF      mod  eth1 {ETH1}  MTU: 9000 -> 1500\n"


def test_an_interrupt_ends_it_without_a_word(watch: Watch) -> None:
    watcher = watch()
    watcher.process.send_signal(signal.SIGINT)
    assert watcher.process.communicate(timeout=5) == ("", "")
    assert watcher.process.returncode == 130


def test_a_session_that_pifd_has_forgotten_is_renewed(begin: Begin, daemon: Daemon) -> None:
    outcome = begin("event-wait class=pif device=eth0 MTU=9000")
    daemon.is_forgetful = True
    daemon.events.change("PIF", ETH1, MTU=1400)
    while [method for method, _ in daemon.calls].count("session.login_with_password") < 2:
        time.sleep(0.01)
    daemon.events.change("PIF", ETH0, MTU=9000)
    assert outcome.result(5) == (0, "", "")

"""pifctl on a terminal: how far a change is, what becomes of it, and what ^C does."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import pytest

from agent.cli.progress import drawn, value_in
from agent.cli.terminal import Screen
from tests.cli.fake_daemon import Daemon
from tests.cli.world import ETH0, ETH1, MADE, STORAGE, ref

PIFCTL = [sys.executable, "-m", "agent.cli"]
# A shell's background jobs ignore SIGINT, and so would pifctl, if the tests are one.
HEEDING_INTERRUPTS = ("env", "--default-signal=INT")
CREATE = ("network-create", "name-label=backup")
CANCELLED = """\
Interrupted: waiting for network-create to stop and to be undone.  Another ^C does not wait.
Interrupted.  network-create was stopped, and what it had done was undone.
"""


class Seen(NamedTuple):
    """What came of a command: its status, its stdout, everything on the terminal, and what is left there."""

    status: int
    output: str
    terminal: str
    left: str


class Terminal:
    """A command whose stderr is a terminal."""

    def __init__(self, daemon: Daemon, *words: str, term: str = "xterm") -> None:
        self._reading, writing = pty.openpty()
        self._daemon = daemon
        self._process = subprocess.Popen(
            [*HEEDING_INTERRUPTS, *PIFCTL, *words],
            env={**os.environ, "PIFD_SOCKET": daemon.socket, "TERM": term, "PYTHONUTF8": "1"},
            stdout=subprocess.PIPE,
            stderr=writing,
            text=True,
        )
        os.close(writing)

    def interrupt(self, times: int = 1) -> None:
        """^C, once the task is there; the next one once the first has been heeded."""
        while not any(method == "event.from" for method, _ in self._daemon.calls):
            time.sleep(0.01)
        self._process.send_signal(signal.SIGINT)
        if times > 1:
            while ("task.cancel", [TASK_REF]) not in self._daemon.calls:
                time.sleep(0.01)
            self._process.send_signal(signal.SIGINT)

    def end(self) -> Seen:
        """Wait for the end."""
        terminal = b""
        with suppress(OSError):  # what a terminal says when nobody writes any more
            while more := os.read(self._reading, 4096):
                terminal += more
        os.close(self._reading)
        output = self._process.communicate(timeout=10)[0]
        text = terminal.decode().replace("\r\n", "\n")
        return Seen(self._process.returncode, output, text, re.sub("[^\n]*\r\x1b\\[K", "", text))


TASK_REF = ref("77000000-0000-4000-8000-000000000001")
Open = Callable[..., Terminal]


@pytest.fixture
def on_terminal(daemon: Daemon) -> Open:
    """Runs a command line whose stderr is a terminal."""
    daemon.tasks.result = f"<value>{ref(MADE)}</value>"
    return lambda *words, **more: Terminal(daemon, *words, **more)


def test_a_quick_change_is_a_task_and_draws_nothing(on_terminal: Open, daemon: Daemon) -> None:
    seen = on_terminal(*CREATE).end()
    assert (seen.status, seen.output, seen.left) == (0, f"{MADE}\n", "")
    assert "network-create" not in seen.terminal
    methods = [method for method, _ in daemon.made()]
    assert (methods[0], set(methods[1:-1]), methods[-1]) == (
        "Async.network.create",
        {"event.from"},
        "task.destroy",
    )


def test_a_slow_one_draws_a_line_that_moves_and_goes(on_terminal: Open, daemon: Daemon) -> None:
    daemon.tasks.lasts = 2.5
    seen = on_terminal(*CREATE).end()
    assert (seen.status, seen.output, seen.left) == (0, f"{MADE}\n", "")
    shown = [int(part) for part in re.findall(r"network-create  [━─]+ +(\d+)%  [12] s", seen.terminal)]
    assert (shown == sorted(shown), len(set(shown)) >= 4, shown[0] >= 30) == (True, True, True)


def test_a_failure_is_told_as_without_a_terminal(on_terminal: Open, daemon: Daemon) -> None:
    daemon.tasks.error_info = ["BRIDGE_NAME_EXISTS", "xapi0"]
    seen = on_terminal(*CREATE, "bridge=xapi0").end()
    assert (seen.status, seen.output) == (1, "")
    assert seen.left.endswith("bridge: xapi0\ncode: BRIDGE_NAME_EXISTS\n")


@pytest.mark.parametrize("code", ["MESSAGE_METHOD_UNKNOWN", "INTERNAL_ERROR"])
def test_what_cannot_be_a_task_is_a_plain_call(on_terminal: Open, daemon: Daemon, code: str) -> None:
    daemon.failures["Async.PIF.plug"] = (code, ["Async.PIF.plug"])
    seen = on_terminal("pif-plug", f"uuid={ETH1}").end()
    plain = ("PIF.plug", [ref(ETH1)]) in daemon.made()
    assert (seen.status, plain) == ((0, True) if code == "MESSAGE_METHOD_UNKNOWN" else (1, False))


def test_without_a_terminal_that_can_draw_it_is_a_plain_call(on_terminal: Open, daemon: Daemon) -> None:
    daemon.results["network.create"] = ref(MADE)
    assert on_terminal(*CREATE, term="dumb").end() == (0, f"{MADE}\n", "", "")
    assert [method for method, _ in daemon.made()] == ["network.create"]


def test_an_interrupt_stops_the_change_and_waits_until_it_is_undone(
    on_terminal: Open, daemon: Daemon
) -> None:
    daemon.tasks.lasts = 5.0
    terminal = on_terminal(*CREATE)
    terminal.interrupt()
    seen = terminal.end()
    assert (seen.status, seen.output, seen.left) == (130, "", CANCELLED)
    assert daemon.made()[-1] == ("task.destroy", [TASK_REF])


def test_an_interrupt_that_comes_too_late_leaves_the_result(on_terminal: Open, daemon: Daemon) -> None:
    daemon.tasks.lasts, daemon.tasks.can_be_cancelled = 1.0, False
    terminal = on_terminal(*CREATE)
    terminal.interrupt()
    seen = terminal.end()
    said = CANCELLED.splitlines()[0] + "\nIt was too late: network-create is done.\n"
    assert (seen.status, seen.output, seen.left) == (0, f"{MADE}\n", said)


def test_what_cannot_be_stopped_is_said_and_waited_for(on_terminal: Open, daemon: Daemon) -> None:
    daemon.tasks.lasts = 1.0
    daemon.failures["task.cancel"] = ("OPERATION_NOT_ALLOWED", ["It is nearly done."])
    terminal = on_terminal(*CREATE)
    terminal.interrupt()
    seen = terminal.end()
    assert (seen.status, seen.output) == (0, f"{MADE}\n")
    assert seen.left.splitlines()[1] == "It cannot be stopped (OPERATION_NOT_ALLOWED)."


def test_a_second_interrupt_does_not_wait(on_terminal: Open, daemon: Daemon) -> None:
    daemon.tasks.lasts, daemon.tasks.can_be_cancelled = 5.0, False
    terminal = on_terminal(*CREATE)
    terminal.interrupt(2)
    seen = terminal.end()
    assert (seen.status, seen.output) == (130, "")
    assert "\nInterrupted.  Whether network-create was done is not known.  " in seen.left


def test_a_daemon_that_goes_away_leaves_it_open_whether_it_was_done(
    on_terminal: Open, daemon: Daemon
) -> None:
    daemon.raw["event.from"] = b""
    seen = on_terminal(*CREATE).end()
    assert (seen.status, seen.output) == (1, "")
    assert "Whether network-create was done is not known." in seen.left


def test_a_bar_is_as_long_as_there_is_room() -> None:
    plain = drawn("pif-plug", 0.5, 2.2, Screen(60, has_boxes=False))
    assert plain == f"pif-plug  {'#' * 15}{'-' * 15}   50%  2 s"
    narrow = drawn("pif-set-primary-address-type", 0.25, 61.0, Screen(60))
    assert (len(narrow), narrow.count("━"), narrow.count("─")) == (59, 4, 13)


@pytest.mark.parametrize(
    ("result", "value"),
    [
        ("", ""),
        ("<value></value>", ""),
        ("<value><string>a &lt;b&gt; &amp;amp;</string></value>", "a <b> &amp;"),
        ("<value><array><data><value>one</value><value>two</value></data></array></value>", ["one", "two"]),
        ("<value><array><data></data></array></value>", []),
    ],
)
def test_a_tasks_result_is_the_value_in_it(result: str, value: object) -> None:
    assert value_in(result) == value


def test_what_the_daemon_has_chosen_is_said_also_in_a_script(daemon: Daemon) -> None:
    daemon.tasks.result = f"<value>{ref(MADE)}</value>"
    daemon.tasks.note = "the bond's mode is active-backup, not balance-slb: this kernel has no nf_tables"
    command = [*PIFCTL, "bond-create", "network-uuid=storage", "pif-uuids=eth0,eth1"]
    environment = {**os.environ, "PIFD_SOCKET": daemon.socket}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    note = f"Note: {daemon.tasks.note}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{MADE}\n", note)
    assert daemon.made()[0] == ("Async.Bond.create", [ref(STORAGE), [ref(ETH0), ref(ETH1)], "", "", {}])

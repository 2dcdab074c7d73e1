"""pifctl as a process: exit statuses, streams and signals."""

import os
import signal
import subprocess
import sys
import time

from tests.cli.fake_daemon import Daemon
from tests.cli.world import ETH0, ETH1, ref

PIFCTL = [sys.executable, "-m", "agent.cli"]
FORBIDDEN = (
    "pydantic pyroute2 argparse http.client urllib asyncio dataclasses agent.errors agent.model difflib"
)
CHECK = """
import sys
from agent.cli.__main__ import main
try:
    main()
finally:
    print(*[name for name in FORBIDDEN if name in sys.modules], file=sys.stderr)
"""


def environment(daemon: Daemon) -> dict[str, str]:
    """What a process of pifctl finds around it."""
    return {**os.environ, "PIFD_SOCKET": daemon.socket, "PYTHONIOENCODING": "ascii"}


def test_a_name_that_stdout_cannot_show_is_escaped(daemon: Daemon) -> None:
    daemon.records["PIF"][ref(ETH0)]["device"] = "eth\u00e9"
    command = [*PIFCTL, "pif-list", f"uuid={ETH0}", "params=device"]
    ended = subprocess.run(command, env=environment(daemon), capture_output=True, timeout=10)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"device ( RO)    : eth\\xe9\n\n\n", b"")


def test_a_reader_that_leaves_early_gets_no_traceback(daemon: Daemon) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [*PIFCTL, "pif-list", "params=all"]
    ended = subprocess.run(
        command, env=environment(daemon), stdout=writing, stderr=subprocess.PIPE, timeout=10
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_a_stdout_that_is_closed_or_full_gets_no_traceback(daemon: Daemon) -> None:
    def shell(redirection: str) -> tuple[int, str]:
        command = f"{sys.executable} -m agent.cli pif-list {redirection}"
        ended = subprocess.run(
            command, env=environment(daemon), shell=True, stderr=subprocess.PIPE, timeout=10, text=True
        )
        return ended.returncode, ended.stderr

    assert shell(">&-") == (0, "")
    assert shell(">/dev/full") == (1, "The output cannot be written: No space left on device.\n")


# A shell's background jobs ignore SIGINT, and so would pifctl, if the tests are one.
HEEDING_INTERRUPTS = ("env", "--default-signal=INT")


def test_an_interrupt_during_a_change_leaves_it_open_whether_it_was_made(daemon: Daemon) -> None:
    daemon.slow["PIF.plug"] = 3.0
    command = [*HEEDING_INTERRUPTS, *PIFCTL, "pif-plug", f"uuid={ETH1}"]
    with subprocess.Popen(command, env=environment(daemon), stderr=subprocess.PIPE) as process:
        while not daemon.made():
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        error = process.communicate(timeout=10)[1]
    daemon.slow.clear()
    assert process.returncode == 130
    assert error.startswith(b"Interrupted.  Whether pif-plug was done is not known.  ")


def test_a_list_imports_nothing_that_is_slow(daemon: Daemon) -> None:
    program = CHECK.replace("FORBIDDEN", repr(FORBIDDEN.split()))
    command = [sys.executable, "-c", program, "pif-list", "--minimal"]
    ended = subprocess.run(command, env=environment(daemon), capture_output=True, timeout=10, text=True)
    assert (ended.returncode, ended.stderr) == (0, "\n")

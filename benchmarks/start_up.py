"""Start-up: how long pifd takes to answer and pifctl to tell, and how much memory each needs at its peak.

As a program: start_up.py.  It runs on any kernel, since no bond is made.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host.daemon import Home, program
from host.pifctl import output
from network.cabling import run

STARTS, CALLS = 5, 21

NICS = """
link add eth0 type veth peer name port0
link add eth1 type veth peer name port1
link set port0 up
link set port1 up
addr add 192.0.2.10/24 dev eth0
link set eth0 up
"""

WITH_MEMORY = """
import atexit, runpy, sys
atexit.register(lambda: sys.stderr.write(open("/proc/self/status").read()))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a Python program and tells its peak memory.  The rusage that wait() gives won't do: it counts what
the parent had at the fork."""


def main() -> None:
    """Print a line for each figure."""
    with tempfile.TemporaryDirectory() as directory:
        first, later = [], []
        for n in range(STARTS):
            home = Home(Path(directory) / str(n))
            with namespace() as name:
                first.append(start(name, home))
                later.append(start(name, home))
        print(f"pifd, first start, until it has answered\t{summary([took for took, _ in first])}")
        print(f"pifd, later start, until it has answered\t{summary([took for took, _ in later])}")
        print(f"pifd, peak memory\t{max(peak for _, peak in first + later) / 1024:.0f} MB")
        with namespace() as name, program(name, home):
            print(f"pifctl pif-list, whole process\t{summary([call(home) for _ in range(CALLS)])}")
            print(f"pifctl pif-list, peak memory\t{peak_of_call(home) / 1024:.0f} MB")


@contextmanager
def namespace() -> Iterator[str]:
    """A network namespace with two NICs, whose other ends are in it too; one has an address."""
    name = f"pifd{os.getpid()}"
    run("ip", "netns", "add", name)
    try:
        run("ip", "-n", name, "-batch", "-", text=NICS)
        yield name
    finally:
        run("ip", "netns", "delete", name)


def start(name: str, home: Home) -> tuple[float, int]:
    """Start pifd and end it: seconds until it has answered a call, and its peak memory in KB."""
    home.directory.mkdir(exist_ok=True)
    begun = time.monotonic()
    with program(name, home) as daemon:
        output(home, "pif-list", "--minimal")
        return time.monotonic() - begun, peak(Path(f"/proc/{daemon.pid}/status").read_text())


def call(home: Home) -> float:
    """Seconds that a pifctl takes, from its start to its end."""
    begun = time.monotonic()
    subprocess.run([pifctl(), "pif-list"], env=environment(home), stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begun


def peak_of_call(home: Home) -> int:
    """The peak memory of a pifctl in KB."""
    command = [sys.executable, "-c", WITH_MEMORY, pifctl(), "pif-list"]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=True)
    return peak(done.stderr)


def peak(status: str) -> int:
    """The peak memory in KB that /proc/PID/status tells."""
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def pifctl() -> str:
    """The installed program."""
    return str(Path(sys.executable).with_name("pifctl"))


def environment(home: Home) -> dict[str, str]:
    """What pifctl needs of it."""
    return {"PIFD_SOCKET": str(home.socket), "PYTHONIOENCODING": "utf-8"}


def summary(times: list[float]) -> str:
    """Median and worst."""
    median, worst = statistics.median(times), max(times)
    return f"median {median * 1000:.0f} ms, worst {worst * 1000:.0f} ms (of {len(times)})"


if __name__ == "__main__":
    main()

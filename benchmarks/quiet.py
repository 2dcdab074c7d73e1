"""What the daemon costs while nothing is asked of it: idle, and while a link flaps at 20 Hz, beside N VLANs.

As a program: quiet.py [N [SECONDS]].  The engine and the server in a process of their own, on a real kernel.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from network.cabling import run
from network.namespace import enter

from agent.__main__ import let_readers_in
from agent.api.calls.call import agent_of
from agent.api.calls.refresh import caught_up
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from agent.engine.engine import Engine
from agent.hotplug.builtin import BuiltIn
from agent.model.model import Model
from agent.store.sqlite import Store
from benchmarks.big_host import NICS, big_model, real_kernel
from benchmarks.vlans import host

NUMBER, SECONDS = 1000, 60.0
HERTZ = 20
SETTLING = 10.0
"""Seconds after a start in which links may still get carrier."""
TICKS = os.sysconf("SC_CLK_TCK")


def main(number: int, seconds: float) -> None:
    """A line for each figure."""
    with host() as name, tempfile.TemporaryDirectory() as directory:
        run("ip", "-n", name, "link", "add", "flap0", "type", "veth", "peer", "name", "flap1")
        run("ip", "-n", name, "link", "set", "flap1", "up")
        process = os.fork()
        if process == 0:
            in_namespace(name, Path(directory), number)
        try:
            while not (Path(directory) / "socket").exists():
                time.sleep(0.2)
            time.sleep(SETTLING)
            idle(process, number, seconds)
            for link in ("flap0", "port2"):
                flapping(process, name, link, number, seconds)
        finally:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def in_namespace(name: str, directory: Path, number: int) -> None:
    try:
        enter(name)
        asyncio.run(run_daemon(directory, number))
    finally:
        os._exit(0)


async def run_daemon(directory: Path, number: int) -> None:
    let_readers_in()
    store = Store(directory / "pifd.sqlite")
    store.commit(Model(), big_model(number + len(NICS) + 1))
    engine = Engine(real_kernel(), store, BuiltIn(), NICS)
    await engine.start("host")
    agent = agent_of(engine)
    await caught_up(agent)
    async with serve(directory / "socket", dispatcher(agent)):
        await asyncio.Event().wait()


def idle(process: int, number: int, seconds: float) -> None:
    before, waked = cpu(process), wake_ups(process)
    time.sleep(seconds)
    used, woken = cpu(process) - before, wake_ups(process) - waked
    memory = status(process, "status", "VmRSS") // 1024
    print(f"idle beside {number} VLANs for {seconds:.0f} s\t{woken} wake-ups, CPU {used:.2f} s, {memory} MB")


def flapping(process: int, name: str, link: str, number: int, seconds: float) -> None:
    """Down and up, each HERTZ times a second."""
    before = cpu(process)
    with subprocess.Popen(["ip", "-n", name, "-batch", "-"], stdin=subprocess.PIPE, text=True) as ip:
        assert ip.stdin is not None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for state in ("down", "up"):
                ip.stdin.write(f"link set {link} {state}\n")
                ip.stdin.flush()
                time.sleep(0.5 / HERTZ)
        ip.stdin.close()
    share = (cpu(process) - before) / seconds
    print(
        f"{link} flaps at {HERTZ} Hz beside {number} VLANs\tCPU {share * 100:.1f} % of one core", flush=True
    )


def cpu(process: int) -> float:
    """Seconds of processor time so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def wake_ups(process: int) -> int:
    """How often any of its threads has waited, and gone on."""
    tasks = [path.name for path in Path(f"/proc/{process}/task").iterdir()]
    return sum(status(process, f"task/{task}/status", "voluntary_ctxt_switches") for task in tasks)


def status(process: int, file: str, field: str) -> int:
    lines = Path(f"/proc/{process}/{file}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else NUMBER, float(given[1]) if given[1:] else SECONDS)

"""How long a reader waits while a host with N VLANs starts, and while all of them move.

As a program: held.py [N].  The daemon's own server and engine on a Unix socket, with a kernel in memory, in a
process of its own; the reader in this one asks for one record after the other.  While the host starts, the
socket is not there yet: then it is the event loop that is watched.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from agent.__main__ import let_readers_in
from agent.api.calls.call import agent_of
from agent.api.calls.refresh import caught_up
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from agent.engine.engine import Engine
from agent.hotplug.builtin import BuiltIn
from agent.kernel.simulate import apply
from agent.kernel.steps import Step
from agent.model.model import Model
from agent.store.sqlite import Store
from benchmarks.big_host import KernelInMemory, bare_host, big_model
from benchmarks.reads import Script

NUMBER = 1000
TICK = 0.001
"""Seconds that the event loop is asked to sleep, over and over."""


class KernelAside(KernelInMemory):
    """As the real one, it does in a thread what takes its time."""

    async def apply(self, step: Step) -> None:
        self.state = await asyncio.to_thread(apply, step, self.state)


def main(number: int) -> None:
    """Print a line for each figure."""
    with tempfile.TemporaryDirectory() as directory:
        process = os.fork()
        if process == 0:
            asyncio.run(run_server(Path(directory), number))
            os._exit(0)
        try:
            asyncio.run(measure(Path(directory) / "socket", number))
        finally:
            os.kill(process, 15)
            os.waitpid(process, 0)


async def run_server(directory: Path, number: int) -> None:
    """Start, watched, and serve."""
    let_readers_in()
    store = Store(directory / "pifd.sqlite")
    store.commit(Model(), big_model(number + 4))
    engine = Engine(KernelAside(bare_host()), store, BuiltIn(), ())
    waits: list[float] = []
    async with watched(tick, waits):
        begun = time.monotonic()
        await engine.start("host")
        took = time.monotonic() - begun
    show(f"start with {number} VLANs ({took:.1f} s), the event loop", waits)
    agent = agent_of(engine)
    await caught_up(agent)
    async with serve(directory / "socket", dispatcher(agent)):
        await asyncio.Event().wait()


async def measure(socket: Path, number: int) -> None:
    """A reader beside each change."""
    while not socket.exists():
        await asyncio.sleep(0.05)
    reader, writer = await Script.begin(socket), await Script.begin(socket)
    pif = (await reader.get("PIF.get_all"))[-1]
    bond = (await reader.get("Bond.get_all"))[0]
    record = await reader.get("Bond.get_record", bond)
    network = (await reader.get("PIF.get_record", record["master"]))["network"]
    ask = partial(reader.raw, "PIF.get_record", pif)
    destroy = partial(writer.get, "Bond.destroy", bond)
    await beside(f"Bond.destroy, {number} VLANs move, a reader", destroy, ask)
    create = partial(writer.get, "Bond.create", network, record["slaves"], "")
    await beside(f"Bond.create, {number} VLANs move, a reader", create, ask)
    everything = partial(writer.raw, "PIF.get_all_records")
    await beside(f"PIF.get_all_records of {number} PIFs, a reader", everything, ask)


async def beside(what: str, change: Callable[[], Awaitable[Any]], ask: Callable[[], Awaitable[Any]]) -> None:
    waits: list[float] = []
    async with watched(ask, waits):
        begun = time.monotonic()
        await change()
        took = time.monotonic() - begun
    show(f"{what} ({took:.1f} s)", waits)


@asynccontextmanager
async def watched(what: Callable[[], Awaitable[Any]], waits: list[float]) -> AsyncIterator[None]:
    """Do something over and over, and note how long it takes each time."""

    async def watch() -> None:
        while not over.is_set():
            begun = time.monotonic()
            await what()
            waits.append(time.monotonic() - begun)

    over = asyncio.Event()
    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    yield
    over.set()
    await watching


async def tick() -> None:
    await asyncio.sleep(TICK)


def show(what: str, waits: list[float]) -> None:
    ordered = sorted(waits)
    median, p99 = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    times = f"{median * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, worst {ordered[-1] * 1000:.1f} ms"
    print(f"{what}\t{times}, of {len(ordered)}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER)

"""Reads: how fast the API answers on a host with N networks and PIFs, and tells what has changed.

As a program: reads.py [N].  The server is the daemon's, in a process of its own, on a Unix socket, with an
engine whose kernel is in memory; the clients are in this process.  A time ends with the answer's last byte.
"""

import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from agent.api.calls.call import agent_of
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from benchmarks.big_host import start
from tests.api.world import Client, call_body, post
from tests.fuzz.encodings import JSON_2, PATHS, XML, encoded

NUMBER = 2000
WAITERS = 100
CROWD = 200
QUIET_SECONDS = 10.0
TICKS = os.sysconf("SC_CLK_TCK")


def main(number: int) -> None:
    """Print a line for each figure."""
    with tempfile.TemporaryDirectory() as directory, server(Path(directory), number) as process:
        asyncio.run(measure(Path(directory) / "socket", process))


@contextmanager
def server(directory: Path, number: int) -> Iterator[int]:
    """A process that serves on `socket` in the directory; its pid."""
    process = os.fork()
    if process == 0:
        asyncio.run(run_server(directory, number))
        os._exit(0)
    try:
        while not (directory / "socket").exists():
            time.sleep(0.05)
        yield process
    finally:
        os.kill(process, signal.SIGTERM)
        os.waitpid(process, 0)


async def run_server(directory: Path, number: int) -> None:
    """Until SIGTERM."""
    engine = await start(directory, number)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with serve(directory / "socket", dispatcher(agent_of(engine))):
        await stop.wait()
    await engine.close()


class Script:
    """A client in a session."""

    def __init__(self, client: Client, session: str) -> None:
        self.client, self.session = client, session

    @classmethod
    async def begin(cls, socket: Path) -> "Script":
        client = await Client.connect(socket)
        await client.send(post(call_body("session.login_with_password", "root", "")))
        return cls(client, (await client.response()).document["result"])

    async def raw(self, method: str, *params: Any, encoding: str = JSON_2) -> int:
        """Make a call; the length of its answer."""
        body = encoded(encoding, method, [self.session, *params])
        return len(await self.answer(post(body, path=PATHS[encoding])))

    async def get(self, method: str, *params: Any) -> Any:
        """Make a call; its result."""
        return json.loads(await self.answer(post(call_body(method, self.session, *params))))["result"]

    async def answer(self, request: bytes) -> bytes:
        """However long it takes."""
        await self.client.send(request)
        head = await self.client.reader.readuntil(b"\r\n\r\n")
        return await self.client.reader.readexactly(int(head.partition(b"Content-Length: ")[2].split()[0]))


async def measure(socket: Path, process: int) -> None:
    """All figures, in their order."""
    scripts = [await Script.begin(socket) for _ in range(CROWD)]
    one = scripts[0]
    pif = (await one.get("PIF.get_all"))[-1]
    network = (await one.get("network.get_all"))[-1]
    for encoding in (XML, JSON_2):
        size = await one.raw("PIF.get_all_records", encoding=encoding)
        for number, calls in ((1, 20), (8, 5)):
            what = f"PIF.get_all_records, {encoding}, {size / 1e6:.1f} MB, clients: {number}"
            await show(what, scripts[:number], calls, "PIF.get_all_records", encoding=encoding)
    await show("network.get_all, clients: 1", [one], 100, "network.get_all")
    for number, calls in ((1, 500), (8, 100), (CROWD, 10)):
        await show(f"PIF.get_record, clients: {number}", scripts[:number], calls, "PIF.get_record", pif)
    await beside_big_reads(one, await Script.begin(socket), pif)
    for number in (1, WAITERS):
        await told(scripts[: number + 1], network)
    await quiet(scripts[:WAITERS], process)
    await changes(one, network, pif)


async def show(what: str, scripts: list[Script], calls: int, *call: Any, encoding: str = JSON_2) -> None:
    """Each client makes as many calls, one after the other, all at once."""
    began = time.monotonic()
    found = await asyncio.gather(*(timed(script, calls, *call, encoding=encoding) for script in scripts))
    seconds = time.monotonic() - began
    times = [one for own in found for one in own]
    print(f"{what}\t{summary(times)}, {len(times) / seconds:.0f} a second")


async def timed(script: Script, calls: int, method: str, *params: Any, encoding: str) -> list[float]:
    return [await seconds_of(lambda: script.raw(method, *params, encoding=encoding)) for _ in range(calls)]


async def beside_big_reads(one: Script, other: Script, pif: str) -> None:
    """How long one who asks for little waits for one who asks for everything, again and again."""
    busy = asyncio.create_task(timed(other, 10_000, "PIF.get_all_records", encoding=XML))
    times = await timed(one, 40, "PIF.get_record", pif, encoding=JSON_2)
    busy.cancel()
    await asyncio.gather(busy, return_exceptions=True)
    print(f"PIF.get_record, while another client reads all PIFs over and over\t{summary(times)}")


async def told(scripts: list[Script], network: str) -> None:
    """From the end of a change to the last event that tells of it, which may be before its answer."""
    changer, *waiters = scripts
    times = []
    for number in range(10):
        tokens = [(await waiter.get("event.from", ["*"], "", 0.0))["token"] for waiter in waiters[:1]]
        waiting = [asyncio.create_task(one.get("event.from", ["*"], tokens[0], 30.0)) for one in waiters]
        await asyncio.sleep(0.2)
        await changer.get("network.set_name_label", network, f"name {number} of {len(waiters)}")
        changed = time.monotonic()
        batches = await asyncio.gather(*waiting)
        times.append(max(0.0, time.monotonic() - changed))
        assert all(len(batch["events"]) == 1 for batch in batches)
    print(f"event.from with one change, clients that wait: {len(waiters)}\t{summary(times)} after its end")


async def quiet(scripts: list[Script], process: int) -> None:
    """What it costs that many wait while nothing happens."""
    token = (await scripts[0].get("event.from", ["*"], "", 0.0))["token"]
    waiting = [
        asyncio.create_task(script.get("event.from", ["*"], token, QUIET_SECONDS + 2)) for script in scripts
    ]
    await asyncio.sleep(0.5)
    before = cpu_of(process)
    await asyncio.sleep(QUIET_SECONDS)
    used = cpu_of(process) - before
    await asyncio.gather(*waiting)
    print(
        f"CPU of the server while {len(scripts)} clients wait for {QUIET_SECONDS:.0f} s\t{used * 1000:.0f} ms"
    )


async def changes(one: Script, network: str, pif: str) -> None:
    """The engine's part: plan, converge, store."""
    renamed = [
        await seconds_of(partial(one.get, "network.set_name_label", network, f"name {number}"))
        for number in range(10)
    ]
    print(f"network.set_name_label\t{summary(renamed)}")
    upper = (await one.get("PIF.get_record", pif))["VLAN_master_of"]
    tagged = await one.get("VLAN.get_tagged_PIF", upper)
    homes = [await one.get("network.create", {"name_label": "home"}) for _ in range(5)]
    made = [
        await seconds_of(partial(one.get, "VLAN.create", tagged, tag, home))
        for tag, home in enumerate(homes, start=4000)
    ]
    print(f"VLAN.create\t{summary(made)}")


def cpu_of(process: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def seconds_of(action: Callable[[], Awaitable[object]]) -> float:
    """How long something takes."""
    began = time.monotonic()
    await action()
    return time.monotonic() - began


def summary(times: list[float]) -> str:
    """Median and 99th percentile, which of few is the worst."""
    worst = sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]
    return f"median {statistics.median(times) * 1000:.1f} ms, p99 {worst * 1000:.1f} ms (of {len(times)})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else NUMBER)

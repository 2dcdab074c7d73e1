"""What a call costs beside few VLANs and beside many, on a real kernel.

As a program: beside.py [FEW MANY].  The engine with its store and the kernel of a network namespace; each
call is made and taken back a few times, and the median counts.  Beside it, what `ip` takes for the same
devices.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from network.cabling import run
from network.namespace import enter

from agent.__main__ import let_readers_in
from agent.engine.engine import Engine
from agent.hotplug.builtin import BuiltIn
from agent.model.draft import Plan, Result
from agent.model.facts import Facts
from agent.model.model import Model
from agent.model.records import PIF, VLAN, Ref
from agent.rules import network, vlan
from agent.store.sqlite import Store
from benchmarks.big_host import NICS, big_model, real_kernel
from benchmarks.vlans import host

FEW, MANY = 10, 1000
TIMES = 7
TAG = 4094


def main(numbers: list[int]) -> None:
    """A line for each number and call."""
    for number in numbers:
        with host() as name, tempfile.TemporaryDirectory() as directory:
            if os.fork() == 0:
                in_namespace(name, Path(directory), number)
            os.wait()


def in_namespace(name: str, directory: Path, number: int) -> None:
    try:
        enter(name)
        let_readers_in()
        store = Store(directory / "pifd.sqlite")
        store.commit(Model(), big_model(number + len(NICS) + 1))
        asyncio.run(calls(store, number))
    finally:
        os._exit(0)


async def calls(store: Store, number: int) -> None:
    """network.create, VLAN.create and VLAN.destroy."""
    engine = Engine(real_kernel(), store, BuiltIn(), NICS)
    await engine.start("host")
    made = await engine.change(lambda model, _: network.create(model, {"name_label": "new"}))
    lower = next(pif.ref for pif in engine.model.all(PIF) if pif.device == "bond0")
    times: dict[str, list[float]] = {}
    for _ in range(TIMES):
        name = partial(engine.change, lambda model, _: network.create(model, {"name_label": "other"}))
        await timed("network.create", name, times)
        create = partial(engine.change, lambda m, _: vlan.create(m, lower, TAG, Ref(str(made))))
        ref = await timed("VLAN.create", create, times)
        destroy = partial(engine.change, partial(destroyed, Ref(str(ref))))
        await timed("VLAN.destroy", destroy, times)
    await engine.close()
    await by_ip(times)
    for what, found in times.items():
        print(f"{what} beside {number} VLANs\t{statistics.median(found) * 1000:.1f} ms", flush=True)


def destroyed(ref: Ref[VLAN], model: Model, _: Facts) -> Plan:
    return vlan.destroy(model, ref)


async def by_ip(times: dict[str, list[float]]) -> None:
    quiet = "type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
    lines = (
        f"link add xapinew up {quiet}\nlink add link bond0 name new up master xapinew type vlan id {TAG}\n"
    )
    for _ in range(TIMES):
        begun = time.monotonic()
        run("ip", "-batch", "-", text=lines)
        times.setdefault("ip -batch, a bridge and a VLAN", []).append(time.monotonic() - begun)
        run("ip", "-batch", "-", text="link delete new\nlink delete xapinew\n")


async def timed(what: str, call: Callable[[], Awaitable[Result]], times: dict[str, list[float]]) -> Result:
    begun = time.monotonic()
    result = await call()
    times.setdefault(what, []).append(time.monotonic() - begun)
    return result


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]] or [FEW, MANY])

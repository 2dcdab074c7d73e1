"""A pool of ten hosts, and a master with 200 VLANs: how long a fresh member takes until it has them all.

Each host is a process with the tests' fake kernel; the stores and etcd are real.
"""

import asyncio
import os
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from agent.model.draft import Draft, Plan
from agent.model.model import Model
from agent.model.records import VLAN, Host, Network, Ref
from agent.pool.etcd import Access, Etcd
from agent.pool.sync import sync
from agent.rules import network, vlan
from tests.pool.etcd_server import etcd
from tests.pool.hosts import Member
from tests.worlds.world import pif_of

HOSTS, VLANS = 10, 200
AT_ONCE = 20
"""VLANs in one change of the master's."""


def counted(calls: Counter[str]) -> None:
    """From now on each of etcd's answers is counted."""
    for name in ("commit", "read", "stay", "remove"):
        plain: Callable[..., Awaitable[Any]] = getattr(Etcd, name)

        async def one(
            self: Etcd,
            *given: Any,
            _plain: Callable[..., Awaitable[Any]] = plain,
            _name: str = name,
            **more: Any,
        ) -> Any:
            calls[_name] += 1
            return await _plain(self, *given, **more)

        setattr(Etcd, name, one)


def with_vlans(model: Model, first: int, last: int) -> Plan:
    """Several in one plan: what is measured is the member."""
    draft = Draft(model)
    for tag in range(first, last + 1):
        home = network.create(draft.model, {"name_label": f"vlan{tag}"})
        draft.model = home.after
        lower, own = pif_of(draft.model, "eth1"), draft.model.get(Ref[Network](str(home.result)))
        vlan.add(draft, lower, tag, own, plugged=False)  # the fake kernel is slower than a real one
    return Plan(model, draft.model)


def host_process(directory: Path, number: int, access: Access, vlans: int) -> int:
    """A host in a process of its own, which ends when there is a file `end`; the first one has the VLANs."""
    pid = os.fork()
    if pid == 0:
        try:
            asyncio.run(host_of(directory, number, access, vlans))
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    return pid


async def host_of(directory: Path, number: int, access: Access, vlans: int) -> None:
    member = Member(directory / f"h{number}", number, access)
    await member.start()
    await (member.joined() if number else member.connected())
    for first in range(1, vlans + 1, AT_ONCE) if not number else ():
        last = min(first + AT_ONCE - 1, vlans)
        await member.world.engine.change(lambda model, _, a=first, b=last: with_vlans(model, a, b))  # type: ignore[misc]
    (directory / f"ready{number}").touch()
    while directory.exists() and not (directory / "end").exists():
        await asyncio.sleep(0.1)
    await member.stop()


async def there(path: Path) -> None:
    while not path.exists():
        await asyncio.sleep(0.05)


async def measured(hosts: int, vlans: int) -> None:
    with tempfile.TemporaryDirectory() as name, etcd() as (node,):
        directory, access = Path(name), Access((node.endpoint,))
        processes = []
        for number in range(hosts - 1):  # before grpc is in this process: it does not live through a fork
            processes.append(host_process(directory, number, access, vlans))
            await there(directory / f"ready{number}")
        calls = Counter[str]()
        counted(calls)
        fresh = Member(directory / "fresh", hosts, access)
        await fresh.start()
        await fresh.connected()
        calls.clear()
        begun = time.perf_counter()
        await fresh.pool.join()
        print(f"a fresh member joins {hosts - 1} hosts\t{time.perf_counter() - begun:.1f} s")
        await fresh.until(lambda: len(fresh.own.all(VLAN)) == vlans)
        print(f"it has the master's {vlans} VLANs\t{time.perf_counter() - begun:.1f} s")
        await asyncio.sleep(1)  # the last is published
        print(f"its messages to etcd meanwhile\t{dict(calls)}")
        begun = time.perf_counter()
        await sync(fresh.world.engine, "device")
        print(f"a sync that finds nothing to do\t{(time.perf_counter() - begun) * 1000:.0f} ms")
        print(f"memory\t{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
        assert len(fresh.model.all(Host)) == hosts
        (directory / "end").touch()
        await fresh.stop()
        for pid in processes:
            os.waitpid(pid, 0)


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:3]]
    asyncio.run(measured(*(given + [HOSTS, VLANS][len(given) :])))

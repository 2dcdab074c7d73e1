"""Hosts of a pool: a World each, with a fake kernel and a real store, and its session with a real etcd."""

import asyncio
import itertools
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from agent.kernel.state import KernelState
from agent.model.model import Model, here
from agent.model.records import PIF, Host, Pool, Ref
from agent.pool.etcd import Access, Etcd, Unavailable
from agent.pool.session import Session
from tests.pool.etcd_server import Node
from tests.worlds.hosts import host, mac, nic
from tests.worlds.world import World, pif_of

SOON = 20.0
"""Seconds after which what is waited for counts as never."""


def machine(number: int, nics: int = 2) -> KernelState:
    """Host <number>: its own MACs, and the address 192.0.2.<10 + number>."""
    state = host(*(nic(n, MAC=mac(16 * number + n)) for n in range(nics)))
    return replace(
        state,
        addresses=frozenset(
            replace(one, interface=f"192.0.2.{10 + number}/24") if one.link == "eth0" else one
            for one in state.addresses
        ),
    )


class Reached(Etcd):
    """etcd over a way that can be cut."""

    is_cut = False

    async def open(self) -> None:
        if self.is_cut:
            raise Unavailable(f"{self.endpoint}: the cable is out")
        await super().open()

    def cut(self, *, off: bool) -> None:
        self.is_cut = off
        if off:
            self._closing = asyncio.create_task(self.close())


class Member:
    """A host and its session, one after the other if it is restarted."""

    def __init__(self, directory: Path, number: int, access: Access, nics: int = 2, **settings: Any) -> None:
        directory.mkdir(exist_ok=True)
        self.number, self.access, self.settings = number, access, settings
        names = " ".join(f"eth{n}" for n in range(nics))
        self.world = World(directory, machine(number, nics), names)
        self.session: Session | None = None
        self.store = Reached(access)

    def cut(self, *, off: bool) -> None:
        """Whether etcd can be reached from this host."""
        self.store.cut(off=off)

    @property
    def pool(self) -> Session:
        assert self.session is not None
        return self.session

    @property
    def model(self) -> Model:
        return self.world.model

    @property
    def own(self) -> Model:
        return here(self.model)

    async def start(self) -> None:
        await self.world.start()
        self.session = Session(self.store, self.world.engine, **self.settings)
        self.world.engine.share(self.session.entries)
        self.session.begin()

    async def stop(self) -> None:
        if self.session is not None:
            await self.session.close()
        self.session = None
        await self.world.stop()

    async def until(self, holds: Callable[[], object], what: str = "") -> float:
        """Seconds until something holds; a failure that says how it is where it never does."""
        begun = time.monotonic()
        while not holds():
            if time.monotonic() - begun > SOON:
                raise AssertionError(f"never: {what or holds}; {self.pool.words}; {self.world.engine.words}")
            await asyncio.sleep(0.01)
        return time.monotonic() - begun

    async def connected(self) -> None:
        await self.until(lambda: not self.pool.entries.trouble, "connected")

    async def joined(self) -> None:
        """It becomes a member of the pool that is there."""
        await self.connected()
        await self.pool.join()

    def knows(self, name: str) -> bool:
        return any(one.name_label == name for one in self.model.all(Host))

    def master(self) -> str:
        return self.model.get(self.model.all(Pool)[0].master).uuid


_number = itertools.count()


class Hosts:
    """Makes the hosts of one pool."""

    def __init__(self, directory: Path, node: Node, stack: AsyncExitStack) -> None:
        self.directory, self.stack = directory, stack
        self.access = Access((node.endpoint,), f"/test{next(_number)}", timeout=1)
        self.made = itertools.count()

    async def unstarted(self, **settings: object) -> Member:
        number = next(self.made)
        member = Member(self.directory / f"host{number}", number, self.access, **settings)  # type: ignore[arg-type]
        self.stack.push_async_callback(member.stop)
        return member

    async def started(self, **settings: object) -> Member:
        member = await self.unstarted(**settings)
        await member.start()
        await member.connected()
        return member

    async def pool(self, size: int) -> list[Member]:
        """The master and its members."""
        members = [await self.started() for _ in range(size)]
        for member in members[1:]:
            await member.joined()
        for member in members:
            await member.until(partial(knows_all, member, size))
        return members


def knows_all(member: Member, size: int) -> bool:
    return len({pif.host for pif in member.model.all(PIF)}) == size


def own_pif(member: Member, device: str) -> Ref[PIF]:
    return pif_of(member.own, device).ref


def host_of(member: Member, other: Member) -> Host:
    found: Host = member.model.get(other.pool.this.ref)
    return found

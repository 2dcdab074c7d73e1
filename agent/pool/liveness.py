"""Liveness: who is heard of, by leases in etcd; and of hosts that are not, whether tunnels still reach them.

A host whose lease is over may be dead, or only cut off from etcd, or without its daemon: its network works on
then.  So its tunnels' ends stay as long as they answer, and go when they do not (decision 0034).
"""

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

from agent.engine.engine import Engine
from agent.errors import Failure
from agent.model.model import Model, here
from agent.model.records import PIF, Host, Ref, Tunnel
from agent.model.tunnels import ends_of
from agent.pool import layout
from agent.pool.entries import Entries
from agent.pool.etcd import Unavailable
from agent.pool.layout import uuid_of
from agent.pool.learning import learnt
from agent.rules.membership import lose

log = logging.getLogger("pifd.pool")

GOODBYE = 1.0
"""Seconds for etcd to hear of an orderly end."""
ANSWER = 3.0
"""Seconds for a tunnel's other end to answer: the kernel asks three times meanwhile."""


class Liveness:
    """seconds: without a sign until a host counts as dead.  news: set when a host comes or goes.

    run: another one at each start.
    """

    def __init__(self, entries: Entries, engine: Engine, seconds: int) -> None:
        self._entries, self._engine, self.seconds = entries, engine, seconds
        self.run = str(uuid4())
        self.news = asyncio.Event()

    def is_live(self, host: Ref[Host]) -> bool:
        """Whether a host has been heard of within its lease."""
        return self.run_of(host) is not None and not self._entries.trouble

    def run_of(self, host: Ref[Host]) -> bytes | None:
        """What is the same for as long as a host's daemon runs, and its lease; None when it is over."""
        return self._entries.value(f"{layout.ALIVE}{uuid_of(host)}")

    def last_published(self, host: Ref[Host]) -> datetime | None:
        """When a host has published anything the last time."""
        with suppress(ValueError, KeyError, TypeError):
            return datetime.fromisoformat(self._published(host)["at"])
        return None

    def has_published(self, host: Ref[Host]) -> bool:
        """Whether etcd has all of a host that it has had since its daemon has started."""
        run = self.run_of(host)
        return run is not None and self._published(host).get("run") in (run.decode(), None)

    def _published(self, host: Ref[Host]) -> Mapping[str, Any]:
        """What a host has said when it published something the last time."""
        with suppress(ValueError):
            value = json.loads(self._entries.value(f"{layout.PUBLISHED}{uuid_of(host)}") or b"{}")
            return value if isinstance(value, dict) else {}
        return {}

    async def be_alive(self, host: Host) -> None:
        key, run = f"{layout.ALIVE}{host.uuid}", self.run.encode()
        revision = await self._entries.store.commit({}, {key: run}, leased=True)
        self._entries.note({key: run}, (), revision or 0)

    async def leave(self, host: Host) -> None:
        """An orderly end is known at once.  etcd is not waited for."""
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(GOODBYE):
                await self._entries.store.commit({}, {}, [f"{layout.ALIVE}{host.uuid}"])

    async def stay(self) -> None:
        """The lease goes on.  Raises Unavailable where it can't."""
        while True:
            await asyncio.sleep(self.seconds / 3)
            await self._entries.store.stay()

    # --- the ends of tunnels ------------------------------------------------------------------------

    async def keep_ends(self) -> None:
        """Those at hosts that are lost are no ends of tunnels here, until the hosts are heard of again."""
        while True:
            model = self._engine.model
            for host in model.all(Host):
                if host.elsewhere and host.is_lost != await self._is_lost(model, host):
                    await self._note(host)
            with suppress(TimeoutError):
                async with asyncio.timeout(self.seconds / 3):
                    await self.news.wait()
            self.news.clear()

    async def _is_lost(self, model: Model, host: Host) -> bool:
        if self.run_of(host.ref) is not None:
            return False
        ends = [*dict.fromkeys(ends_at(model, host.ref))]
        answers = await asyncio.gather(*(self._engine.answers(*end, ANSWER) for end in ends))
        if self.run_of(host.ref) is not None:  # it was heard of meanwhile
            return False
        return host.is_lost if not ends else not all(answers)

    async def _note(self, host: Host) -> None:
        name, is_lost = host.name_label or host.uuid, not host.is_lost
        words = "does not answer: it is no end of a tunnel" if is_lost else "is an end of tunnels again"
        log.warning("%s %s", name, words)
        try:
            await self._engine.change(lambda model, facts: learnt(lose(model, host.ref, is_lost=is_lost)))
        except Failure as failure:
            log.error("what tunnels have at %s can't be changed: %s", name, failure)


def ends_at(model: Model, host: Ref[Host]) -> Iterator[tuple[Ref[PIF], str]]:
    """By this host's transport PIF, the addresses at another host at which tunnels end."""
    for tunnel in here(model).all(Tunnel):
        for other, end in ends_of(model, tunnel):
            if other == host:
                yield tunnel.transport_PIF, end

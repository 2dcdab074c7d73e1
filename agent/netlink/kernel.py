"""Netlink, the door to the real kernel: what it has, and carrying a step out."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from agent.kernel.live import Device, LinkCount, LiveLink
from agent.kernel.state import BY_SOURCE, KernelState
from agent.kernel.steps import Step, flat
from agent.netlink.apply import neighbours
from agent.netlink.apply.aside import ASIDE, Aside
from agent.netlink.apply.planned_devices import PlannedDevices
from agent.netlink.apply.resolv_conf import ResolvConf
from agent.netlink.apply.sender import Sender
from agent.netlink.bonding_probe import missing_in_bonding
from agent.netlink.messages import requests
from agent.netlink.messages.decode_link import link_entry, live_link
from agent.netlink.nft.netfilter import Netfilter
from agent.netlink.nics.ethtool_features import Features
from agent.netlink.nics.nic_info_cache import OnChange
from agent.netlink.nics.used_elsewhere import IsNIC
from agent.netlink.picture.cache import KernelCache
from agent.netlink.picture.listener import Listener, OnCarrier
from agent.netlink.reader import Reader
from agent.netlink.sockets.monitor import RECEIVE_BUFFER, Monitor
from agent.netlink.sockets.socket import Wire


class Netlink:
    """The kernel of the network namespace that this was made in.

    carrier_wait: seconds that AwaitCarrier waits at the most.  receive_buffer: bytes of events that are kept
    until they are taken in.  is_nic: of which devices it matters that somebody uses them unseen.
    """

    def __init__(
        self, resolv_conf: Path, carrier_wait: float, receive_buffer: int = RECEIVE_BUFFER,
        is_nic: IsNIC = lambda _: True,
    ) -> None:  # fmt: skip
        self._wire = wire = Wire()
        self._features = Features()
        self._netfilter = Netfilter()
        self._monitor = Monitor(receive_buffer)
        self._cache = cache = KernelCache(wire, self._monitor, self._features.gro)
        self._planned = PlannedDevices(cache)
        resolver = ResolvConf(resolv_conf)
        self._reader = Reader(cache, self._netfilter, resolver, is_nic)
        self._listener = Listener(wire, self._monitor, cache, self._netfilter, self._filtered)
        self._sender = Sender(wire, cache, self._planned, self._listener)
        self._aside = Aside(
            wire, cache, self._planned, self._listener,
            self._netfilter, self._features, resolver, carrier_wait,
        )  # fmt: skip
        cache.read()
        cache.news()  # nobody has seen anything yet to whom it could be any

    def _filtered(self) -> frozenset[str]:
        return frozenset(self._reader.last.table.having(BY_SOURCE))

    def close(self) -> None:
        """Close the sockets; the kernel stays as it is."""
        self.unwatch()
        self._monitor.close()
        self._sender.close()
        self._wire.close()
        self._features.close()
        self._netfilter.close()

    @property
    def writes(self) -> int:
        """How many messages have changed, or tried to change, the kernel."""
        return self._sender.writes + self._aside.writes

    async def read(self) -> KernelState:
        """The kernel as it is: links, addresses, routes and resolv.conf."""
        state, identities = await asyncio.to_thread(self._reader.read)
        self._planned.are(identities)
        self._listener.pass_news_on()
        return state

    async def apply(self, step: Step) -> None:
        """Carry a step out; Refused with the kernel's words when it won't."""
        self._planned.begin()
        parts: list[Step] = []
        for part in flat([step]):
            if isinstance(part, ASIDE):
                await self._sender.send(parts)
                parts = []
                await asyncio.to_thread(self._cache.listen)
                await self._aside.take(part)
            else:
                parts.append(part)
        await self._sender.send(parts)

    def watch(
        self,
        on_change: OnChange,
        on_drift: OnChange | None = None,
        on_carrier: OnCarrier | None = None,
    ) -> None:
        """Call this, in the running loop, with the names of links that came, went, got or lost carrier, or
        that say something else of themselves, and of bonds of which something was told.

        on_carrier: called before, with each change of the carrier of bonds' ports.
        """
        self._listener.watch(on_change, on_drift, on_carrier)

    def unwatch(self) -> None:
        """Call nobody any more."""
        self._listener.unwatch()

    def carriers(self, names: Iterable[str]) -> frozenset[str]:
        """Those of the named links that have carrier.  The kernel is not asked for it: it has told."""
        return self._listener.carriers(names)

    def ports_up(self, masters: Mapping[str, str]) -> frozenset[str]:
        """Those of the links that have carrier and are ports of the masters that they are given with."""
        return self._listener.ports_up(masters)

    @property
    def link_counts(self) -> Mapping[str, LinkCount]:
        """How often the carrier of each bond's port has changed, as far as it was told."""
        return self._cache.link_counts

    def devices(self, names: Iterable[str]) -> Mapping[str, Device]:
        """What the named NICs and bonds say of themselves."""
        return self._listener.devices(names)

    async def probe(self, link: str, peers: Sequence[str], seconds: float) -> frozenset[str]:
        """Those of the peers, neighbours on a link, that answer within a time."""
        self._cache.catch_up()
        return await neighbours.probe(self._wire, self._planned.index(link), peers, seconds)

    async def live_links(self, names: Iterable[str]) -> Mapping[str, LiveLink]:
        """Those of the named links that are there, asked now: what LACP does comes with no event."""
        return await asyncio.to_thread(self._live_links, tuple(names))

    def _live_links(self, names: Sequence[str]) -> Mapping[str, LiveLink]:
        answers = self._wire.ask_each([requests.link_named(name) for name in names])
        by_index = {
            link_entry(answer).index: name
            for name, answer in zip(names, answers, strict=True)
            if isinstance(answer, bytes)
        }
        found = (
            live_link(answer, lambda index: by_index.get(index, ""))
            for answer in answers
            if isinstance(answer, bytes)
        )
        return {live.link.name: live for live in found}

    async def missing_in_bonding(self) -> Mapping[str, str]:
        """What the running kernel's bonding can't do, each with the reason."""
        return await asyncio.to_thread(missing_in_bonding)

    async def peers(self, link: str) -> tuple[str, ...]:
        """The neighbours on a link that have been in use."""
        self._cache.catch_up()
        identity = self._cache.identity(link)
        if identity is None:
            return ()
        return await asyncio.to_thread(neighbours.in_use, self._wire, identity.index)

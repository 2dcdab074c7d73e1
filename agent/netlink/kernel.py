"""Netlink, the door to the real kernel: what it has, and carrying a step out."""

import asyncio
import contextlib
import errno
import logging
import os
import random
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from agent.kernel.announcement_frames import frame, rarp
from agent.kernel.bond_filter import BondFilter, filter_for
from agent.kernel.bond_live import LiveLink
from agent.kernel.nic_info import Device
from agent.kernel.state import BY_SOURCE, KernelState
from agent.kernel.steps import (
    Announce,
    AwaitAddresses,
    AwaitCarrier,
    CarrySettings,
    CopyNeighbours,
    CreateLink,
    ForgetStations,
    Refused,
    SetActiveSlave,
    SetFilter,
    SetGRO,
    SetResolver,
    Step,
    flat,
)
from agent.netlink import decode, device_settings, neighbours, policy_rules, requests, used_elsewhere
from agent.netlink.bonding_probe import missing_in_bonding
from agent.netlink.cache import KernelCache
from agent.netlink.encode import messages
from agent.netlink.ethtool import read_device
from agent.netlink.ethtool_features import Features
from agent.netlink.monitor import RECEIVE_BUFFER, Monitor
from agent.netlink.netfilter import Netfilter
from agent.netlink.nic_info_cache import Devices, OnChange
from agent.netlink.picture import Identity
from agent.netlink.resolv_conf import ResolvConf
from agent.netlink.socket import NetlinkError, Wire

log = logging.getLogger("pifd.kernel")

CARRIER_POLL = 0.01
"""Seconds between two looks at a link whose carrier is awaited."""
UPDELAY = 1.0
"""Seconds for which a bond that does not want a port to be active yet is asked again."""
FORWARDING = 0.3
"""Seconds that a switch has, once there is carrier, to begin to forward on its port."""
LEARNING = 0.1
"""Seconds that switches and neighbours have for what was announced, before the way that they knew may go."""
AT_A_TIME = 1 << 16
"""Bytes of events that the loop takes in before others have their turn."""
LARGE, WORTH = 64, 16
"""From how many new devices on nobody listens to what becomes of them, and how many times as many links there
may be: of each new one the kernel tells a dozen things."""
MOMENT = 0.1
"""Seconds after news before others are looked at, unless somebody asks."""
LONGEST_PAUSE = 5.0
"""Seconds for which nobody listens at the most when no other change follows, and nobody reads."""
ASIDE = (
    AwaitAddresses, AwaitCarrier, CarrySettings, CopyNeighbours, ForgetStations, SetFilter, SetGRO,
    SetResolver,
)  # fmt: skip
"""Steps that are not messages of a send."""
ANSWERING = 2.0
"""Seconds that the kernel has, after it got an IPv6 address, to take what is sent to it."""
ANSWERING_POLL = 0.001
OWN_INDICES = range(0x40000000, 0x7F000000)
"""Interface indices that the kernel gives to nobody by itself: it counts from 1."""


@dataclass(slots=True)
class Planned:
    """Which device each name stood for when it was planned what to do, and what was made since."""

    identities: Mapping[str, Identity] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)


class Netlink:
    """The kernel of the network namespace that this was made in.

    A step names devices; what it means are those that had the names when the task that applies it last read
    the kernel, or that it made since.  What other tasks read changes nothing of that.

    carrier_wait: seconds that AwaitCarrier waits at the most.  receive_buffer: bytes of events that are kept
    until they are taken in.  writes: how many messages have changed, or tried to change, the kernel.
    """

    def __init__(self, resolv_conf: Path, carrier_wait: float, receive_buffer: int = RECEIVE_BUFFER) -> None:
        self._wire = Wire()
        self._features = Features()
        self._packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)  # to close one takes a grace period
        self._netfilter = Netfilter()
        self._monitor = Monitor(receive_buffer)
        self._cache = KernelCache(self._wire, self._monitor, self._features.gro)
        self._resolv_conf = ResolvConf(resolv_conf)
        self._carrier_wait = carrier_wait
        self._announced = -LEARNING
        self._next_index = random.choice(OWN_INDICES)  # noqa: S311 (another daemon's are others)
        self._planned: ContextVar[Planned] = ContextVar("planned")
        self._devices = Devices(partial(read_device, self._wire), self._cache, self._tell)
        self._on_change: OnChange | None = None
        self._on_drift: OnChange | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._catching_up: asyncio.Task[None] | None = None
        self._sending = 0
        self._state = KernelState()
        self._told_links = self._shown_links = self._state.links
        self._free: frozenset[str] = frozenset()
        self._lent: frozenset[str] = frozenset()
        self._told_filters: tuple[Any, Any, Any] = (None, None, None)
        self._hears_rules = False
        self.writes = 0
        self._cache.read()
        self._cache.news()  # nobody has seen anything yet to whom it could be any

    def close(self) -> None:
        """Close the sockets; the kernel stays as it is."""
        self.unwatch()
        self._monitor.close()
        self._packets.close()
        self._wire.close()
        self._features.close()
        self._netfilter.close()

    async def read(self) -> KernelState:
        """The kernel as it is: links, addresses, routes and resolv.conf."""
        state, identities = await asyncio.to_thread(self._read)
        self._planned.set(Planned(identities))
        self._pass_news_on()
        return state

    async def apply(self, step: Step) -> None:
        """Carry a step out; Refused with the kernel's words when it won't."""
        if self._planned.get(None) is None:
            self._planned.set(Planned())  # threads have a copy of this task's context
        parts: list[Step] = []
        for part in flat([step]):
            if isinstance(part, ASIDE):
                await self._send(parts)
                parts = []
                await asyncio.to_thread(self._cache.listen)
                await self._aside(part)
            else:
                parts.append(part)
        await self._send(parts)

    def watch(self, on_change: OnChange, on_drift: OnChange | None = None) -> None:
        """Call this, in the running loop, with the names of links that came, went, got or lost carrier, or
        that say something else of themselves."""
        self._on_change, self._on_drift = on_change, on_drift
        self._loop = asyncio.get_running_loop()
        self._listen()

    def _listen(self) -> None:
        """Hear at once what the kernel tells; while a change is sent, it is taken in at the end instead."""
        if self._loop is not None and not self._sending:
            self._loop.add_reader(self._monitor, self._be_told)

    def _be_told(self) -> None:
        """News is passed on at once; what follows within a moment, as of a link that flaps, together."""
        self._hear()
        if self._loop is not None and self._cache.is_drained:
            self._be_deaf()
            self._loop.call_later(MOMENT, self._listen)

    def _be_deaf(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._monitor)

    def unwatch(self) -> None:
        """Call nobody any more."""
        self._on_change = self._on_drift = None
        self._devices.close()
        if self._loop is not None and self._hears_rules and self._netfilter.events is not None:
            self._loop.remove_reader(self._netfilter.events)
        self._be_deaf()
        self._loop = None
        if self._catching_up is not None:
            self._catching_up.cancel()

    def carriers(self, names: Iterable[str]) -> frozenset[str]:
        """Those of the named links that have carrier.  The kernel is not asked for it: it has told."""
        self._hear()
        return frozenset(name for name in names if self._cache.is_up(name))

    def devices(self, names: Iterable[str]) -> Mapping[str, Device]:
        """What the named NICs and bonds say of themselves."""
        self._hear()
        return self._devices.of(names)

    async def probe(self, link: str, peers: Sequence[str], seconds: float) -> frozenset[str]:
        """Those of the peers, neighbours on a link, that answer within a time."""
        self._cache.look()
        return await neighbours.probe(self._wire, self._index(link), peers, seconds)

    async def live_links(self, names: Iterable[str]) -> Mapping[str, LiveLink]:
        """Those of the named links that are there, asked now: what LACP does comes with no event."""
        return await asyncio.to_thread(self._live_links, tuple(names))

    def _live_links(self, names: Sequence[str]) -> Mapping[str, LiveLink]:
        answers = self._wire.ask_each([requests.link_named(name) for name in names])
        by_index = {
            decode.link(answer).index: name
            for name, answer in zip(names, answers, strict=True)
            if isinstance(answer, bytes)
        }
        found = (
            decode.live_link(answer, lambda index: by_index.get(index, ""))
            for answer in answers
            if isinstance(answer, bytes)
        )
        return {live.link.name: live for live in found}

    async def missing_in_bonding(self) -> Mapping[str, str]:
        """What the running kernel's bonding can't do, each with the reason."""
        return await asyncio.to_thread(missing_in_bonding)

    async def peers(self, link: str) -> tuple[str, ...]:
        """The neighbours on a link that have been in use."""
        self._cache.look()
        identity = self._cache.identity(link)
        if identity is None:
            return ()
        return await asyncio.to_thread(neighbours.in_use, self._wire, identity.index)

    # What is told.

    def _hear(self) -> None:
        """Take in what the kernel tells, a part at a time: there is more to do than to listen."""
        if self._cache.look(AT_A_TIME):
            self._begin_to_catch_up()
        self._pass_news_on()

    def _begin_to_catch_up(self) -> None:
        if self._loop is not None and self._catching_up is None:
            self._catching_up = self._loop.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        """Something was lost, so that all has to be read again."""
        try:
            await asyncio.to_thread(self._cache.read)
        finally:
            self._catching_up = None
        self._pass_news_on()

    def _pass_news_on(self) -> None:
        news = self._cache.news()
        if self._loop is not None and (news.links or news.bonds):
            self._devices.renew(news.links | news.bonds)
        if news.links:
            self._tell(news.links)
        if news.changed and self._on_drift is not None:
            self._on_drift(news.changed)
        self._hear_rules()

    def _hear_rules(self) -> None:
        """Filter rules, anybody's, may have changed."""
        events = self._netfilter.events
        if events is None or self._loop is None:
            return
        if not self._hears_rules:
            self._hears_rules = True
            self._loop.add_reader(events, self._hear_rules)
        if self._netfilter.news() and self._on_drift is not None:
            self._on_drift(frozenset(self._state.table.having(BY_SOURCE)))

    def _tell(self, names: frozenset[str]) -> None:
        if self._on_change is not None:
            self._on_change(names)

    def _read(self) -> tuple[KernelState, Mapping[str, Identity]]:
        """The last state itself, if nothing has changed."""
        state, identities = self._cache.read()
        state = self._with_filters(self._with_lent(state))
        resolver, ipv6 = self._resolv_conf.read(), _new_links_have_ipv6()
        last = self._state
        if not (
            last.links is state.links
            and last.addresses is state.addresses
            and last.routes is state.routes
            and (last.resolver, last.ipv6) == (resolver, ipv6)
        ):
            self._state = replace(state, resolver=resolver, ipv6=ipv6)
        return self._state, identities

    def _with_lent(self, state: KernelState) -> KernelState:
        """The links, with those marked that something in another network namespace uses."""
        if state.links is not self._told_links:
            self._told_links, self._lent, self._shown_links = state.links, frozenset(), state.links
            self._free = used_elsewhere.candidates(state)
        lent = used_elsewhere.lent(self._free) if self._free else frozenset()
        if lent != self._lent:
            marked = {name: replace(state.links[name], lent=True) for name in lent}
            self._lent, self._shown_links = lent, {**state.links, **marked}
        return state if self._shown_links is state.links else replace(state, links=self._shown_links)

    def _with_filters(self, state: KernelState) -> KernelState:
        """The links, those of pifd's bonds with their filter rules.  nf_tables is asked only if there can be
        any: to ask it loads a module."""
        if not self._netfilter.is_open and not state.table.has(BY_SOURCE):
            return state
        self._netfilter.open()
        try:
            found = self._netfilter.filters(self._index_or_none)
        except NetlinkError as error:
            log.error("the filter rules of bonds can't be read: %s", error)
            found = {name: BondFilter(whole=False) for name in state.table.having(BY_SOURCE)}
        links = state.table
        for name, rules in found.items():
            if name in links and links[name].owned:
                links = links.with_value(name, replace(links[name], filter=rules))
        if links is state.links:
            return state
        told_links, told_found, _ = self._told_filters
        if state.links is not told_links or found != told_found:  # carrier is not compared, and counts
            self._told_filters = (state.links, found, links)
        return replace(state, links=self._told_filters[2])

    def _index_or_none(self, name: str) -> int:
        """0 where there is no such device."""
        identity = self._cache.identity(name)
        return 0 if identity is None else identity.index

    # Changes.

    async def _send(self, steps: Sequence[Step]) -> None:
        if not steps:
            return
        told = [step for step in steps if isinstance(step, Announce)]
        if len(told) < len(steps):
            await asyncio.sleep(self._announced + LEARNING - time.monotonic())
        self._sending += 1
        self._be_deaf()
        try:
            await asyncio.to_thread(self._change, steps)
        except Refused as refused:
            if not isinstance(refused.step, SetActiveSlave):
                raise
            await self._insist(refused.step)
            await asyncio.to_thread(self._change, told)
        finally:
            self._sending -= 1
            self._listen()
            self._pass_news_on()
            if self._cache.is_paused:
                asyncio.get_running_loop().call_later(LONGEST_PAUSE, self._end_pause)

    def _end_pause(self) -> None:
        """Nobody has read the kernel since."""
        if self._cache.is_paused and not self._sending and self._loop is not None:
            self._begin_to_catch_up()

    async def _insist(self, step: SetActiveSlave) -> None:
        """A port that has just come is waited for: the bond believes in its carrier after its updelay."""
        for last in (*[False] * (int(UPDELAY / CARRIER_POLL)), True):
            await asyncio.sleep(CARRIER_POLL)
            try:
                await asyncio.to_thread(self._change, [step])
            except Refused:
                if last:
                    raise
            else:
                return

    def _change(self, steps: Sequence[Step]) -> None:
        """Send the messages of the steps in one go; the first that was refused is raised.

        A device is created with an index that was chosen for it.  So nobody has to wait for it, and if its
        creation is refused what follows meets nobody: no other device has that index, or will get it.

        What is announced goes out between two messages, at once: until it has, frames go astray.
        """
        if not (self._cache.is_paused and self._is_large(steps)):
            self._cache.listen()
        batch: list[tuple[Step, Any]] = []
        told: dict[int, list[Announce]] = {}
        refused: Refused | None = None
        for step in steps:
            if isinstance(step, Announce):
                told.setdefault(len(batch), []).append(step)
                continue
            try:
                batch += [(step, message) for message in self._encoded(step)]
            except Refused as error:
                refused = error
                break
        self.writes += len(batch)
        if self._is_large(steps):
            self._cache.pause()
        between = {place: self._announcing(announced) for place, announced in told.items()}
        answers = self._wire.change([message for _, message in batch], between)
        self._cache.look()
        for (step, _), answer in zip(batch, answers, strict=True):
            if answer is not None:
                raise Refused(step, str(answer))
        if refused is not None:
            raise refused

    def _is_large(self, steps: Sequence[Step]) -> bool:
        """Whether this makes so many devices that to read all links costs less than to hear of these.

        On nobody's devices but those that were made just now: others may change meanwhile, unheard.
        """
        if len(steps) < LARGE or len(steps) * WORTH < self._cache.number_of_links:
            return False
        made = self._planned.get().made
        known = {"", *made, *(step.link.name for step in steps if isinstance(step, CreateLink))}
        return all(
            isinstance(step, CreateLink) and {step.link.master, step.link.lower} <= known for step in steps
        )

    def _encoded(self, step: Step) -> list[Any]:
        if isinstance(step, CreateLink):
            self._planned.get().made[step.link.name] = self._free_index()
        return messages(step, partial(self._index_for, step))

    def _free_index(self) -> int:
        """One that no device has.  Nobody gets it by chance either."""
        while True:
            index, self._next_index = self._next_index, self._next_index + 1
            if self._next_index == OWN_INDICES.stop:
                self._next_index = OWN_INDICES.start
            if not self._cache.has_index(index):
                return index

    async def _aside(self, step: Step) -> None:
        match step:
            case AwaitCarrier(name):
                await self._await_carrier(name)
            case CopyNeighbours(source, target):
                indices = self._index_for(step, source), self._index_for(step, target)
                self.writes += await asyncio.to_thread(neighbours.copy, self._wire, *indices)
            case CarrySettings(source, target):
                self.writes += await asyncio.to_thread(self._carry_settings, step, source, target)
            case AwaitAddresses(name, interfaces):
                await self._await_addresses(self._index_for(step, name), interfaces)
            case SetFilter():
                self.writes += 1
                await asyncio.to_thread(self._set_filter, step)
            case ForgetStations(name, MACs):
                self.writes += 1
                await asyncio.to_thread(self._netfilter.forget, name, MACs)
            case SetGRO(name, on):
                await asyncio.to_thread(self._set_gro, step, name, on=on)
            case SetResolver(text):
                self.writes += 1
                self._resolv_conf.write(step, text)

    def _carry_settings(self, step: Step, source: str, target: str) -> int:
        try:
            rules = policy_rules.rename(self._wire, source, target)
            return rules + device_settings.copy(source, target)
        except OSError as error:
            raise Refused(step, f"{error.filename or ''} {error.strerror}".strip()) from error

    def _set_filter(self, step: SetFilter) -> None:
        rules = None if step.ports is None else filter_for(step.ports, self.carriers(step.ports))
        try:
            refused = self._netfilter.set(step.name, rules, partial(self._index_for, step))
        except NetlinkError as error:
            raise Refused(step, str(error.strerror)) from error
        if refused is not None:
            raise Refused(step, f"nftables: {refused}")

    def _set_gro(self, step: Step, name: str, *, on: bool) -> None:
        self.writes += 1
        error = self._features.set_gro(name, self._index_for(step, name), on=on)
        if error is not None:
            raise Refused(step, str(error))

    async def _await_carrier(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._carrier_wait
        if self.carriers([name]):
            return
        while not self.carriers([name]) and loop.time() < end:  # noqa: ASYNC110 (an Event would need a reader)
            await asyncio.sleep(CARRIER_POLL)
        await asyncio.sleep(FORWARDING)

    async def _await_addresses(self, index: int, interfaces: Sequence[str]) -> None:
        """The kernel tells of an address when it has made the route by which it takes what is sent to it."""
        end = time.monotonic() + ANSWERING
        while not self._cache.has_addresses(index, interfaces) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(ANSWERING_POLL)

    def _announcing(self, steps: Sequence[Announce]) -> Callable[[], None]:
        """What sends the frames, which are made beforehand."""
        frames = [(step.name, one) for step in steps for one in frames_of(step)]

        def announce() -> None:
            """Nobody has to hear it: where the link is down or gone there is nobody to tell."""
            for name, one in frames:
                with contextlib.suppress(OSError):
                    self._packets.sendto(one, (name, 0))
            self._announced = time.monotonic()

        return announce

    def _index_for(self, step: Step, name: str) -> int:
        try:
            return self._index(name)
        except NetlinkError as error:
            raise Refused(step, str(error.strerror)) from error

    def _index(self, name: str) -> int:
        """The index of the device that had a name when it was planned; it has to be there, and to have it."""
        planned = self._planned.get(None) or Planned()
        if name in planned.made:
            return planned.made[name]
        now = self._cache.identity(name)
        then = planned.identities.get(name, now)
        if then is None or (now is None and not self._cache.has(then)):
            raise NetlinkError(errno.ENODEV, os.strerror(errno.ENODEV))
        if now != then:
            fate = "has another name by now" if self._cache.has(then) else "is gone"
            other = f", and another device is called {name}" if now is not None else ""
            raise NetlinkError(errno.ENODEV, f"the device that was {name} {fate}{other}")
        return then.index


def frames_of(step: Announce) -> list[bytes]:
    """What tells neighbours of addresses, and switches of VMs."""
    addresses = [frame(step.MAC, one) for one in step.interfaces]
    return addresses + [rarp(one) for one in step.stations]


def _new_links_have_ipv6() -> bool:
    try:
        return Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").read_text().strip() == "0"
    except OSError as error:
        if error.errno == errno.ENOENT:
            return False
        raise

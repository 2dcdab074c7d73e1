"""What the kernel tells is taken in as it comes, and passed on to those who look after it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from agent.kernel.live import Device, LinkChange
from agent.netlink.nft.netfilter import Netfilter
from agent.netlink.nics.ethtool import read_device
from agent.netlink.nics.nic_info_cache import Devices, OnChange
from agent.netlink.picture.cache import KernelCache
from agent.netlink.sockets.monitor import Monitor
from agent.netlink.sockets.socket import Wire

OnCarrier = Callable[[tuple[LinkChange, ...]], None]

AT_A_TIME = 1 << 16
"""Bytes of events that the loop takes in before others have their turn."""
MOMENT, LONG_MOMENT = 0.02, 0.32
"""Seconds after news before others are looked at, unless somebody asks; twice as many each time while more
has always come until then, as of a link that flaps."""
LONGEST_PAUSE = 5.0
"""Seconds for which nobody listens at the most when no other change follows, and nobody reads."""


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that runs in this thread."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class Listener:
    """Listens in the event loop once it is told to, but not while a change is sent.

    filtered: the bonds that have filter rules of pifd's.
    """

    def __init__(
        self, wire: Wire, monitor: Monitor, cache: KernelCache, netfilter: Netfilter,
        filtered: Callable[[], frozenset[str]],
    ) -> None:  # fmt: skip
        self._monitor, self._cache, self._netfilter, self._filtered = monitor, cache, netfilter, filtered
        self._devices = Devices(partial(read_device, wire), cache, self._tell)
        self._on_change: OnChange | None = None
        self._on_drift: OnChange | None = None
        self._on_carrier: OnCarrier | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._catching_up: asyncio.Task[None] | None = None
        self._sending = 0
        self._moment, self._told_at = MOMENT, 0.0
        self._hears_rules = False

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
        self._on_change, self._on_drift, self._on_carrier = on_change, on_drift, on_carrier
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
            self._loop.call_later(self._next_moment(self._loop.time()), self._listen)

    def _next_moment(self, now: float) -> float:
        goes_on = now < self._told_at + 2 * self._moment
        self._told_at, self._moment = now, min(2 * self._moment, LONG_MOMENT) if goes_on else MOMENT
        return self._moment

    def _be_deaf(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._monitor)

    def unwatch(self) -> None:
        """Call nobody any more."""
        self._on_change = self._on_drift = self._on_carrier = None
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

    def ports_up(self, masters: Mapping[str, str]) -> frozenset[str]:
        """Those of the links that have carrier and are ports of the masters that they are given with."""
        return frozenset(name for name in self.carriers(masters) if self._cache.master(name) == masters[name])

    def devices(self, names: Iterable[str]) -> Mapping[str, Device]:
        """What the named NICs and bonds say of themselves."""
        self._hear()
        return self._devices.of(names)

    def _hear(self) -> None:
        """Take in what the kernel tells, a part at a time: there is more to do than to listen.

        Records are also made beside the loop: what is heard there is passed on in it.
        """
        is_lost = self._cache.catch_up(AT_A_TIME)
        if self._loop is None or self._loop is running_loop():
            self._pass_on(is_lost)
        else:
            self._loop.call_soon_threadsafe(self._pass_on, is_lost)

    def _pass_on(self, is_lost: bool) -> None:
        if is_lost:
            self._begin_to_catch_up()
        self.pass_news_on()

    def _begin_to_catch_up(self) -> None:
        if self._loop is not None and self._catching_up is None:
            self._catching_up = self._loop.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        """Something was lost, so that all has to be read again."""
        try:
            await asyncio.to_thread(self._cache.read)
        finally:
            self._catching_up = None
        self.pass_news_on()

    def pass_news_on(self) -> None:
        """Tell those who look after it what is news since the last time."""
        news = self._cache.news()
        if self._loop is not None and (news.links or news.bonds):
            self._devices.renew(news.links | news.bonds)
        if news.carriers and self._on_carrier is not None:
            self._on_carrier(news.carriers)
        if news.links or news.bonds:
            self._tell(news.links | news.bonds)
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
            self._on_drift(self._filtered())

    def _tell(self, names: frozenset[str]) -> None:
        if self._on_change is not None:
            self._on_change(names)

    # While a change is sent.

    def begin_to_send(self) -> None:
        """What it does is taken in by those who send it."""
        self._sending += 1
        self._be_deaf()

    def end_to_send(self) -> None:
        """Listen again, and pass on what was heard meanwhile."""
        self._sending -= 1
        self._listen()
        self.pass_news_on()
        if self._cache.is_paused:
            asyncio.get_running_loop().call_later(LONGEST_PAUSE, self._end_pause)

    def _end_pause(self) -> None:
        """Nobody has read the kernel since."""
        if self._cache.is_paused and not self._sending and self._loop is not None:
            self._begin_to_catch_up()

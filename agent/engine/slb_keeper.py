"""SLBKeeper: the filter rules of balance-slb bonds follow the carrier of their ports, and are there.

Where another port carries the traffic of such a bond, or of one that speaks LACP, it is told to switches.

What follows carrier is not the model's affair, and can't wait until a call is over: while no port takes
broadcasts in, nobody is found.  What somebody has flushed comes back when no call is under way.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator

from agent.engine.converge import Kernel, WantedOf
from agent.interface_reconfigure.announcing import announcements
from agent.interface_reconfigure.filter_rules import filter_steps
from agent.interface_reconfigure.link_layers import LinkLayers
from agent.kernel.bond_filter import filter_for, in_order
from agent.kernel.kinds.bond import LACP, BondOptions
from agent.kernel.state import KernelState, Role
from agent.kernel.steps import ForgetStations, Refused, SetFilter, Step
from agent.logs import going_on

log = logging.getLogger("pifd.engine")

BESIDE = "beside calls"
"""The name of the tasks whose steps belong to no call."""
RETRY = 1.0
"""Seconds after which rules that were refused are tried again."""

SETTLING = 0.6
"""Seconds from a change of carrier until the bond sends by other ports, with its delays: it tells nobody."""
LACP_SETTLING = 3.0
"""With LACP it takes longer: a port carries nothing while its partner is waited for (IEEE 802.1AX, 6.4.4)."""


class SLBKeeper:
    """wanted_of: the state that is wanted of an actual one.  turn: held by whoever changes the host.

    is_needed: whether there is to be such a bond.
    """

    def __init__(
        self, kernel: Kernel, wanted_of: WantedOf, turn: asyncio.Lock, is_needed: Callable[[], bool]
    ) -> None:
        self._kernel, self._wanted_of, self._turn = kernel, wanted_of, turn
        self._is_needed = is_needed
        self._news = asyncio.Event()
        self._carriers: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self._due: dict[str, float] = {}
        self._primaries: dict[str, str] = {}
        self._stations: frozenset[str] = frozenset()
        self._tasks: list[asyncio.Task[None]] = []
        self._drift = asyncio.Event()

    def begin(self) -> None:
        """From now on, heed what is told."""
        self._tasks = [
            asyncio.create_task(one, name=BESIDE) for one in (self._follow_all(), self._heal_all())
        ]

    def news(self) -> None:
        """Something happened to a device, or to rules, or the model is another one."""
        if self._is_needed():
            self._news.set()

    async def close(self) -> None:
        """Heed nothing any more; the rules stay."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow_all(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            with going_on(log, "the rules of balance-slb bonds could not be looked after"):
                await self._follow()

    async def _follow(self) -> None:
        """The port that takes broadcasts in has carrier; where sources have other ports now, it is told."""
        state = await self._kernel.read()
        for step in primary_steps(state):
            await self._take(step)
        wanted = self._wanted_of(state)
        self._primaries = {name: self._primary(state, name) for name in wanted.filtered}
        if not state.filtered and not wanted.filtered and not any(lacp_bonds(state, wanted)):
            return
        await self._announce(state, wanted)
        await self._forget(state, wanted)
        if any(filter_steps(state, wanted)):
            self._drift.set()

    def _primary(self, state: KernelState, bond: str) -> str:
        """The port that takes broadcasts in, or did before somebody flushed the rules."""
        link = state.links.get(bond)
        found = link.filter.primary if link is not None and link.filter is not None else ""
        return found or self._primaries.get(bond, "")

    async def _announce(self, state: KernelState, wanted: KernelState) -> None:
        """At once, and again when the bond has followed.  Ports that join or leave are a call's affair, which
        announces by itself; but of LACP what it says then may be lost."""
        loop, settling = asyncio.get_running_loop(), dict.fromkeys(lacp_bonds(state, wanted), LACP_SETTLING)
        settling |= dict.fromkeys(state.filtered, SETTLING)
        before, self._carriers = self._carriers, {name: ports_of(state, name) for name in settling}
        changed = [name for name, when in self._due.items() if when <= loop.time() and name in settling]
        self._due = {name: when for name, when in self._due.items() if when > loop.time()}
        for name, (ports, carrying) in self._carriers.items():
            was_among, was_carrying = before.get(name, (frozenset(), frozenset()))
            is_failover = was_among == ports and was_carrying != carrying
            is_other = settling[name] == LACP_SETTLING and was_among != ports
            if not carrying or not (is_failover or is_other):
                continue
            changed += [name] if is_failover else []
            self._due[name] = loop.time() + settling[name]
            loop.call_later(settling[name], self._news.set)
        above = sorted(LinkLayers(state).above(*changed)) if changed else []
        for step in announcements(state, wanted, above):
            await self._take(step)

    async def _forget(self, state: KernelState, wanted: KernelState) -> None:
        """The VMs that have left may send from elsewhere now."""
        stations = frozenset(stations_here(state, wanted))
        gone, self._stations = tuple(sorted(self._stations - stations)), stations
        for name in state.filtered if gone else ():
            await self._take(ForgetStations(name, gone))

    async def _take(self, step: Step) -> None:
        log.info("%s", step)
        try:
            await self._kernel.apply(step)
        except Refused as refused:  # the bond may be gone by now
            log.warning("%s", refused)

    async def _heal_all(self) -> None:
        while True:
            await self._drift.wait()
            self._drift.clear()
            with going_on(log, "the rules of balance-slb bonds could not be put back"):
                try:
                    await self._heal()
                except Refused as refused:
                    log.error("%s", refused)
                    await asyncio.sleep(RETRY)
                    self._drift.set()

    async def _heal(self) -> None:
        async with self._turn:
            state = await self._kernel.read()
            for step in filter_steps(state, self._wanted_of(state), self._primaries):
                log.warning("the filter rules are not as they should be: %s", step)
                await self._kernel.apply(step)


def primary_steps(state: KernelState) -> Iterator[SetFilter]:
    """Rules whose primary port has lost carrier, while another one has it."""
    for name in state.filtered:
        found, ports = state.links[name].filter, {port.name: port for port in state.ports(name)}
        if found is None or not found.whole or {*found.ports} != ports.keys():
            continue
        order = in_order(found, found.ports)
        carrying = [port for port in order if ports[port].carrier]
        if filter_for(order, carrying).primary != found.primary:
            yield SetFilter(name, (*carrying, *(port for port in order if port not in carrying)))


def lacp_bonds(state: KernelState, wanted: KernelState) -> Iterator[str]:
    """The bonds that speak LACP: with a silent partner one port carries all, and any may be the one."""
    for link in wanted.links.values():
        is_lacp = isinstance(link.options, BondOptions) and link.options.mode in LACP
        if is_lacp and link.name in state.links and state.links[link.name].owned:
            yield link.name


def ports_of(state: KernelState, bond: str) -> tuple[frozenset[str], frozenset[str]]:
    """The ports of a bond, and those with carrier."""
    ports = [*state.ports(bond)]
    return frozenset(port.name for port in ports), frozenset(port.name for port in ports if port.carrier)


def stations_here(state: KernelState, wanted: KernelState) -> Iterator[str]:
    """The MACs of the VMs whose devices are in a bridge."""
    for name in wanted.in_role(Role.VIF):
        there, want = state.links.get(name), wanted.links[name]
        if there is not None and there.master and there.master == want.master and want.station:
            yield want.station

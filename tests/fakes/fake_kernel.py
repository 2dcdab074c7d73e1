"""FakeKernel, a kernel in memory: agent.kernel.simulate with carrier and neighbours, stricter than the real.

It can be told to refuse a part of what it is sent, or to die at one; parts are counted from 0.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address, ip_interface

from agent.engine.slb_keeper import BESIDE
from agent.kernel.kinds.bond import BondStatus
from agent.kernel.kinds.bond_port import PortStatus
from agent.kernel.live import Device, LinkChange, LinkCount, LiveLink
from agent.kernel.simulate import apply
from agent.kernel.simulate_effects import with_link, without_link
from agent.kernel.state import Address, KernelState, Link, altered
from agent.kernel.steps import (
    AddAddress,
    AddFlood,
    Announce,
    AwaitAddresses,
    AwaitCarrier,
    CarrySettings,
    CopyNeighbours,
    CreateLink,
    DeleteAddress,
    DeleteLinks,
    DeleteRoute,
    ForgetStations,
    Refused,
    RemoveFlood,
    SetActiveSlave,
    SetDown,
    SetFilter,
    SetGRO,
    SetIsolated,
    SetLearning,
    SetMAC,
    SetMark,
    SetMaster,
    SetMTU,
    SetOptions,
    SetPortOptions,
    SetResolver,
    SetRoute,
    SetUp,
    Step,
    flat,
    names_in,
)

LOOKS = (AwaitAddresses, AwaitCarrier, Announce)
"""Steps that wait or tell, and change nothing of the kernel."""
WRITES = (
    AddAddress, AddFlood, CarrySettings, CopyNeighbours, CreateLink, DeleteAddress, DeleteLinks, DeleteRoute,
    ForgetStations, RemoveFlood, SetActiveSlave, SetDown, SetFilter, SetGRO, SetIsolated, SetLearning,
    SetMAC, SetMark, SetMaster, SetMTU, SetOptions, SetPortOptions, SetResolver, SetRoute, SetUp,
)  # fmt: skip


UNWIRED = ("veth", "vxlan", "gretap", "ip6gretap")
"""Kinds that have carrier as soon as they are up."""


READ_AT = datetime(2026, 8, 21, 10, 0, tzinfo=UTC)
"""When every device was read."""

OnChange = Callable[[frozenset[str]], None]
OnCarrier = Callable[[tuple[LinkChange, ...]], None]


class Killed(BaseException):
    """The process was killed: nothing that it would have done afterwards happens."""


class FakeKernel:
    """A kernel with devices that were given to pifd, and NICs, some of them with a cable in them.

    given: the NICs' names, and those of the VIFs that are plugged.  neighbours: the hosts that answer.
    silent: links over which none does.  refuse, die_at: numbers of the parts to refuse and of the one to die
    at.  obstacle: why the kernel will not take a step, "" if it will.  parts: how many came.  trespasses:
    writes to what is not pifd's, which are refused and kept here for a test to find.
    """

    def __init__(self, state: KernelState, given: Collection[str], cables: Collection[str]) -> None:
        self.given = frozenset(given)
        self._on_change: OnChange | None = None
        self._on_drift: OnChange | None = None
        self._on_carrier: OnCarrier | None = None
        self._counts: dict[str, int] = {}
        self._cables = frozenset(cables)
        self._state = with_carrier(state, self._cables)
        self.missing: Mapping[str, str] = {}
        self.speeds: Mapping[str, int] = {}
        self.neighbours: frozenset[str] = frozenset()
        self.silent: frozenset[str] = frozenset()
        self.refuse: Collection[int] = ()
        self.reason = "Device or resource busy"
        self.obstacle: Callable[[Step], str] = lambda step: ""
        self.die_at: int | None = None
        self.vanish: Mapping[int, str] = {}
        self.dead = False
        self.parts = self.writes = 0
        self.sent: list[str] = []
        self.done: list[Step] = []
        self.trespasses: list[Step] = []

    @property
    def state(self) -> KernelState:
        return self._state

    @state.setter
    def state(self, state: KernelState) -> None:
        """Whoever watches is told what has come, gone, got or lost carrier; later, as by the real kernel."""
        before, self._state = self._state, state
        if changes := self._counted(before, state):
            with suppress(RuntimeError):  # nobody listens yet
                asyncio.get_running_loop().call_soon(self._tell_of_carrier, changes)
        if self._on_change is not None and (news := _news(before, state)):
            asyncio.get_running_loop().call_soon(self._tell, news)
        if self._on_drift is not None and (changed := _changed(before, state)):
            asyncio.get_running_loop().call_soon(self._tell_of_drift, changed)

    @property
    def cables(self) -> frozenset[str]:
        return self._cables

    @cables.setter
    def cables(self, cables: Collection[str]) -> None:
        """Somebody pulls cables out and puts others in."""
        self._cables = frozenset(cables)
        self.state = with_carrier(self.state, self._cables)

    async def read(self) -> KernelState:
        """The MTU that a bond will give back is its secret."""
        self.check_alive()
        state = self.state
        for link in [link for link in state.links.values() if link.original_MTU]:
            state = with_link(state, replace(link, original_MTU=0))
        return state

    async def apply(self, step: Step) -> None:
        """Every part is tried, also those after a refused one; then the first error is raised."""
        await asyncio.sleep(0)  # others get their turn, as while the real kernel is waited for
        self.sent.append(str(step))
        refused: list[Refused] = []
        for part in flat([step]):
            try:
                self._take(part)
            except Refused as error:
                refused.append(error)
        if refused:
            raise refused[0]

    def watch(
        self,
        on_change: OnChange,
        on_drift: OnChange | None = None,
        on_carrier: OnCarrier | None = None,
    ) -> None:
        assert self._on_change is None, "the last one who watched has not been told to stop"
        self._on_change, self._on_drift, self._on_carrier = on_change, on_drift, on_carrier

    def unwatch(self) -> None:
        self._on_change = self._on_drift = self._on_carrier = None

    @property
    def link_counts(self) -> Mapping[str, LinkCount]:
        """Those of the ports of bonds."""
        ports = {name: link for name, link in self.state.links.items() if link.port is not None}
        return {name: LinkCount(self._counts.get(name, 0), link.carrier) for name, link in ports.items()}

    def carriers(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(
            name for name in names if name in self.state.links and self.state.links[name].carrier
        )

    def ports_up(self, masters: Mapping[str, str]) -> frozenset[str]:
        links = self.state.links
        return frozenset(name for name in self.carriers(masters) if links[name].master == masters[name])

    def devices(self, names: Iterable[str]) -> Mapping[str, Device]:
        """A NIC has 1000 Mbit/s unless `speeds` says otherwise; a bond what its active slave has."""
        return {name: self._device(name) for name in names}

    async def live_links(self, names: Iterable[str]) -> Mapping[str, LiveLink]:
        """A port's link is up as soon as it has carrier; what LACP says, nobody has told."""
        links = self.state.links
        return {name: _live(links[name]) for name in names if name in links}

    async def missing_in_bonding(self) -> Mapping[str, str]:
        self.check_alive()
        return self.missing

    async def peers(self, link: str) -> tuple[str, ...]:
        self.check_alive()
        return tuple(sorted(peer for peer in self.neighbours if _on_subnet(self.state, link, peer)))

    async def probe(self, link: str, peers: Sequence[str], seconds: float) -> frozenset[str]:
        self.check_alive()
        there = self.state.links.get(link)
        if there is None or not (there.up and there.carrier) or link in self.silent:
            return frozenset()
        return frozenset(p for p in peers if p in self.neighbours and _on_subnet(self.state, link, p))

    def expect(
        self,
        *,
        refuse: Collection[int] = (),
        die_at: int | None = None,
        vanish: Mapping[int, str] | None = None,
    ) -> None:
        """Count from 0 again, and refuse or die at these parts; before some of them a device vanishes."""
        self.parts, self.refuse, self.die_at, self.vanish = 0, refuse, die_at, vanish or {}

    def restart(self) -> None:
        """The next process finds the kernel as the last one left it."""
        self.unwatch()
        self.dead = False
        self.expect()

    def check_alive(self) -> None:
        if self.dead:
            raise Killed

    def behind_our_back(self, *steps: Step) -> None:
        """What somebody else does to the kernel."""
        for step in steps:
            self.state = with_carrier(apply(step, self.state), self.cables)

    def insert(self, link: Link) -> None:
        """A device appears; if it is there already it stays as it is."""
        links = {link.name: link, **self.state.links}
        self.state = with_carrier(replace(self.state, links=links), self.cables)

    def remove(self, name: str) -> None:
        """A device vanishes, with what sits on it."""
        if name in self.state.links:
            self.state = with_carrier(without_link(self.state, name), self.cables)

    def _tell(self, names: frozenset[str]) -> None:
        if self._on_change is not None and not self.dead:
            self._on_change(names)

    def _counted(self, before: KernelState, after: KernelState) -> tuple[LinkChange, ...]:
        """Each port that got or lost carrier while it was one."""
        found = []
        for name, link in after.links.items():
            was = before.links.get(name)
            if was is not None and was.carrier != link.carrier:
                self._counts[name] = self._counts.get(name, 0) + 1
                if was.port is not None and link.port is not None:
                    found.append(LinkChange(name, link.carrier, datetime.now(UTC)))
        return tuple(found)

    def _tell_of_carrier(self, changes: tuple[LinkChange, ...]) -> None:
        if self._on_carrier is not None and not self.dead:
            self._on_carrier(changes)

    def _tell_of_drift(self, names: frozenset[str]) -> None:
        if self._on_drift is not None and not self.dead:
            self._on_drift(names)

    def _device(self, name: str) -> Device:
        link = self.state.links.get(name)
        active = self.state.links.get(link.active_slave) if link and link.kind == "bond" else link
        if active is None or not active.carrier:
            return Device(read_at=READ_AT)
        return Device(speed=self.speeds.get(active.name, 1000), full_duplex=True, read_at=READ_AT)

    def _take(self, part: Step) -> None:
        self.check_alive()
        if is_beside_calls():
            self._do(part)
            return
        number, self.parts = self.parts, self.parts + 1
        if number in self.vanish:
            self.remove(self.vanish[number])
        if number == self.die_at:
            self.dead = True
            raise Killed
        if number in self.refuse:
            raise Refused(part, self.reason)
        self._do(part)

    def _do(self, part: Step) -> None:
        if reason := self.obstacle(part):
            raise Refused(part, reason)
        self._check(part)
        self.writes += not isinstance(part, LOOKS)
        self.state = with_carrier(apply(part, self.state), self.cables)
        self.done.append(part)

    def _check(self, part: Step) -> None:
        if not isinstance(part, LOOKS + WRITES):
            raise Refused(part, "the fake kernel does not know this step")
        for name in names_in(part) - self.state.links.keys():
            if not isinstance(part, CreateLink):
                raise Refused(part, f"{name}: No such device")
        if isinstance(part, WRITES) and trespasses(part, self.state, self.given):
            self.trespasses.append(part)
            raise Refused(part, "this is somebody else's")


def is_beside_calls() -> bool:
    """Whether this is no part of a call, whose parts are counted."""
    task = asyncio.current_task()
    return task is not None and task.get_name() == BESIDE


def _live(link: Link) -> LiveLink:
    bond = BondStatus(link.active_slave) if link.kind == "bond" else None
    port = PortStatus(mii_status="up" if link.carrier else "down") if link.port is not None else None
    return LiveLink(link, bond, port)


def _news(before: KernelState, after: KernelState) -> frozenset[str]:
    """The links that have come, gone, got or lost carrier, and the bonds with another slave active."""
    names = before.links.keys() | after.links.keys()
    return frozenset(name for name in names if _told_of(before, name) != _told_of(after, name))


def _changed(before: KernelState, after: KernelState) -> frozenset[str]:
    """The links that are otherwise than they were, or have other addresses or routes."""
    names = before.links.keys() | after.links.keys()
    links = {name for name in names if before.links.get(name) != after.links.get(name)}
    apart = (before.addresses ^ after.addresses) | (before.routes ^ after.routes)
    return frozenset(links | {found.link for found in apart})


def _told_of(state: KernelState, name: str) -> object:
    link = state.links.get(name)
    return link and (link.carrier, link.active_slave)


def trespasses(part: Step, state: KernelState, given: frozenset[str]) -> bool:
    """Whether a part names, or displaces, what is neither pifd's nor given to it."""
    if isinstance(part, CreateLink):
        below = part.link.master, part.link.lower
        return not part.link.owned or any(_foreign(state, given, name) for name in below)
    if isinstance(part, SetRoute) and any(_foreign(state, given, link) for link in _displaced(state, part)):
        return True
    return any(_foreign(state, given, name) for name in names_in(part))


def with_carrier(state: KernelState, cables: Collection[str]) -> KernelState:
    """The state with carrier as it follows from the cables: a NIC's own, that of any port, or of below."""
    links, names = dict(state.links), dict[str, list[str]]()
    for link in state.links.values():
        names.setdefault(link.master, []).append(link.name)
    for link in sorted(state.links.values(), key=_height):
        ports = [links[name] for name in names.get(link.name, ())]
        fed = link.name in cables or link.kind in UNWIRED
        if link.kind in ("bridge", "bond"):
            fed = any(port.carrier for port in ports)
        if link.kind == "vlan":
            fed = link.lower in links and links[link.lower].carrier
        carrier = link.up and fed
        links[link.name] = _with_active_slave(altered(link, carrier=carrier, used=carrier), ports)
    changed = {name: link for name, link in links.items() if link is not state.links[name]}
    return state.with_table(state.table.with_values(changed)) if changed else state


def _with_active_slave(bond: Link, ports: Sequence[Link]) -> Link:
    live = [port.name for port in ports if port.carrier]
    if bond.kind != "bond" or not live or bond.active_slave in live:
        return bond
    return altered(bond, active_slave=live[0])


def _height(link: Link) -> int:
    """How many layers are below a link, at most: NICs, bonds, VLANs, bridges."""
    return {"bond": 1, "vlan": 2, "bridge": 3}.get(link.kind, 0)


def _foreign(state: KernelState, given: frozenset[str], name: str) -> bool:
    link = state.links.get(name)
    return link is not None and not link.owned and name not in given


def _displaced(state: KernelState, step: SetRoute) -> list[str]:
    key = (step.route.destination, step.route.metric, step.route.table)
    return [r.link for r in state.routes if (r.destination, r.metric, r.table) == key]


def _on_subnet(state: KernelState, link: str, peer: str) -> bool:
    own = [address for address in state.addresses if address.link == link]
    return any(_covers(address, peer) for address in own)


def _covers(address: Address, peer: str) -> bool:
    return ip_address(peer) in ip_interface(address.interface).network

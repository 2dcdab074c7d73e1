"""Steps that are no messages of a send: waiting, copying, rules, files."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from agent.kernel.bond_filter import filter_for
from agent.kernel.steps import (
    AwaitAddresses,
    AwaitCarrier,
    CarrySettings,
    CopyNeighbours,
    ForgetStations,
    Refused,
    SetFilter,
    SetGRO,
    SetResolver,
    Step,
)
from agent.netlink.apply import device_settings, neighbours, policy_rules
from agent.netlink.apply.planned_devices import PlannedDevices
from agent.netlink.apply.resolv_conf import ResolvConf
from agent.netlink.nft.netfilter import Netfilter
from agent.netlink.nics.ethtool_features import Features
from agent.netlink.picture.cache import KernelCache
from agent.netlink.picture.listener import Listener
from agent.netlink.sockets.socket import NetlinkError, Wire

CARRIER_POLL = 0.01
"""Seconds between two looks at a link whose carrier is awaited."""
FORWARDING = 0.3
"""Seconds that a switch has, once there is carrier, to begin to forward on its port."""
ASIDE = (
    AwaitAddresses, AwaitCarrier, CarrySettings, CopyNeighbours, ForgetStations, SetFilter, SetGRO,
    SetResolver,
)  # fmt: skip
"""Steps that are not messages of a send."""
ANSWERING = 2.0
"""Seconds that the kernel has, after it got an IPv6 address, to take what is sent to it."""
ANSWERING_POLL = 0.001


class Aside:
    """Takes such steps.  carrier_wait: seconds that AwaitCarrier waits at the most."""

    def __init__(
        self, wire: Wire, cache: KernelCache, devices: PlannedDevices, listener: Listener,
        netfilter: Netfilter, features: Features, resolv_conf: ResolvConf, carrier_wait: float,
    ) -> None:  # fmt: skip
        self._wire, self._cache, self._devices, self._listener = wire, cache, devices, listener
        self._netfilter, self._features, self._resolv_conf = netfilter, features, resolv_conf
        self._carrier_wait = carrier_wait
        self.writes = 0

    async def take(self, step: Step) -> None:
        """Raises Refused."""
        match step:
            case AwaitCarrier(name):
                await self._await_carrier(name)
            case CopyNeighbours(source, target):
                indices = self._devices.index_for(step, source), self._devices.index_for(step, target)
                self.writes += await asyncio.to_thread(neighbours.copy, self._wire, *indices)
            case CarrySettings(source, target):
                self.writes += await asyncio.to_thread(self._carry_settings, step, source, target)
            case AwaitAddresses(name, interfaces):
                await self._await_addresses(self._devices.index_for(step, name), interfaces)
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
        rules = None if step.ports is None else filter_for(step.ports, self._listener.carriers(step.ports))
        try:
            refused = self._netfilter.set(step.name, rules, partial(self._devices.index_for, step))
        except NetlinkError as error:
            raise Refused(step, str(error.strerror)) from error
        if refused is not None:
            raise Refused(step, f"nftables: {refused}")

    def _set_gro(self, step: Step, name: str, *, on: bool) -> None:
        self.writes += 1
        error = self._features.set_gro(name, self._devices.index_for(step, name), on=on)
        if error is not None:
            raise Refused(step, str(error))

    async def _await_carrier(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._carrier_wait
        if self._listener.carriers([name]):
            return
        while not self._listener.carriers([name]) and loop.time() < end:  # noqa: ASYNC110 (an Event would need a reader)
            await asyncio.sleep(CARRIER_POLL)
        await asyncio.sleep(FORWARDING)

    async def _await_addresses(self, index: int, interfaces: Sequence[str]) -> None:
        """The kernel tells of an address when it has made the route by which it takes what is sent to it."""
        end = time.monotonic() + ANSWERING
        while not self._cache.has_addresses(index, interfaces) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(ANSWERING_POLL)

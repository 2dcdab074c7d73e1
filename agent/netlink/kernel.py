"""Netlink, the door to the real kernel: read it, and carry a step out."""

import asyncio
import contextlib
import errno
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from pyroute2.netlink import nlmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from agent.kernel.announcement_frames import frame, rarp
from agent.kernel.nic_info import Device
from agent.kernel.state import KernelState
from agent.kernel.steps import (
    Announce,
    AwaitCarrier,
    CopyNeighbours,
    CreateLink,
    Refused,
    SetGRO,
    SetResolver,
    Step,
    flat,
)
from agent.netlink import decode, neighbours
from agent.netlink.encode import RTM_GETADDR, RTM_GETLINK, RTM_GETROUTE, Index, finishing, messages
from agent.netlink.ethtool import read_device
from agent.netlink.ethtool_features import Features
from agent.netlink.monitor import Watch
from agent.netlink.nic_info_cache import Devices, OnChange
from agent.netlink.resolv_conf import ResolvConf
from agent.netlink.socket import ErrorReply, Wire

S = TypeVar("S", bound=Step)

RTEXT_FILTER_SKIP_STATS = 8
CARRIER_POLL = 0.01
"""Seconds between two looks at a link whose carrier is awaited."""


FORWARDING = 0.3
"""Seconds that a switch has, once there is carrier, to begin to forward on its port."""
LEARNING = 0.1
"""Seconds that switches and neighbours have for what was announced, before the way that they knew may go."""


class NetlinkError(OSError):
    """The kernel could not be read."""


class Netlink:
    """The kernel of the network namespace that this was made in.

    carrier_wait: seconds that AwaitCarrier waits at the most.  writes: how many messages have changed, or
    tried to change, the kernel.
    """

    def __init__(self, resolv_conf: Path, carrier_wait: float) -> None:
        self._wire = Wire()
        self._features = Features()
        self._resolv_conf = ResolvConf(resolv_conf)
        self._carrier_wait = carrier_wait
        self._indices: dict[str, int] = {}
        self._announced = -LEARNING
        self._watch = Watch(self._heard)
        self._devices = Devices(partial(read_device, self._wire), lambda: self._watch.names, self._tell)
        self._on_change: OnChange | None = None
        self.writes = 0

    def close(self) -> None:
        """Close the sockets; the kernel stays as it is."""
        self.unwatch()
        self._watch.close()
        self._wire.close()
        self._features.close()

    async def read(self) -> KernelState:
        """The kernel as it is, in one look at links, addresses, routes and resolv.conf."""
        return await asyncio.to_thread(self._read)

    async def apply(self, step: Step) -> None:
        """Carry a step out; Refused with the kernel's words when it won't."""
        parts: list[Step] = []
        for part in flat([step]):
            if isinstance(part, AwaitCarrier | CopyNeighbours | Announce | SetGRO | SetResolver):
                await self._send(parts)
                parts = []
                await self._aside(part)
            else:
                parts.append(part)
        await self._send(parts)

    def watch(self, on_change: OnChange) -> None:
        """Call this, in the running loop, with the names of links that came, went, got or lost carrier, or
        that say something else of themselves."""
        self._on_change = on_change
        self._watch.listen()

    def unwatch(self) -> None:
        """Call nobody any more."""
        self._on_change = None
        self._devices.close()
        self._watch.ignore()

    def carriers(self, names: Iterable[str]) -> frozenset[str]:
        """Those of the named links that have carrier.  The kernel is not asked for it: it has told."""
        return self._watch.up.intersection(names)

    def devices(self, names: Iterable[str]) -> Mapping[str, Device]:
        """What the named NICs and bonds say of themselves."""
        self._watch.look()
        return self._devices.of(names)

    async def probe(self, link: str, peers: Sequence[str], seconds: float) -> frozenset[str]:
        """Those of the peers, neighbours on a link, that answer within a time."""
        index = self._index(link)
        return await neighbours.probe(self._wire, index, peers, seconds)

    async def peers(self, link: str) -> tuple[str, ...]:
        """The neighbours on a link that have been in use."""
        return neighbours.in_use(self._wire, self._index(link)) if self._known(link) else ()

    def _heard(self, changed: frozenset[str], bonds: frozenset[str]) -> None:
        self._devices.renew(changed | bonds)
        if changed:
            self._tell(changed)

    def _tell(self, names: frozenset[str]) -> None:
        if self._on_change is not None:
            self._on_change(names)

    def _read(self) -> KernelState:
        request = _request(ifinfmsg(), RTM_GETLINK)
        request["attrs"] = [("IFLA_EXT_MASK", RTEXT_FILTER_SKIP_STATS)]
        links, self._indices = decode.links(self._wire.dump(request))
        links = self._features.with_gro(links)
        names = {index: name for name, index in self._indices.items()}
        if any(link.kind == "vxlan" for link in links.values()):
            links = decode.with_floods(links, self._wire.dump(neighbours.bridge_request()), names)
        raw = self._wire.dump(_request(ifaddrmsg(), RTM_GETADDR))
        addresses = frozenset(decode.addresses(raw, links, names))
        routes = self._wire.dump(_request(rtmsg(), RTM_GETROUTE))
        return KernelState(
            links=links,
            addresses=addresses,
            routes=frozenset(decode.routes(routes, names, addresses)),
            resolver=self._resolv_conf.read(),
            ipv6=_new_links_have_ipv6(),
        )

    async def _send(self, steps: Sequence[Step]) -> None:
        if steps:
            await asyncio.sleep(self._announced + LEARNING - time.monotonic())
            await asyncio.to_thread(self._change, steps)

    def _change(self, steps: Sequence[Step]) -> None:
        """Send the messages of the steps in one go; the first that was refused is raised.

        A device that is created is known by its index from then on, so its creation ends a send.
        """
        batch: list[tuple[Step, nlmsg]] = []
        for step in steps:
            batch += [(step, message) for message in self._encoded(step, messages)]
            if isinstance(step, CreateLink):
                self._flush(batch)
                self._indices[step.link.name] = self._asked_index(step.link.name)
                batch = [(step, message) for message in self._encoded(step, finishing)]
        self._flush(batch)

    def _flush(self, batch: Sequence[tuple[Step, nlmsg]]) -> None:
        self.writes += len(batch)
        answers = self._wire.change([message for _, message in batch])
        for (step, _), error in zip(batch, answers, strict=True):
            if error is not None:
                raise Refused(step, str(error))

    def _encoded(self, step: S, encode: Callable[[S, Index], list[nlmsg]]) -> list[nlmsg]:
        try:
            return encode(step, self._index)
        except NetlinkError as error:
            raise Refused(step, os.strerror(error.errno or 0)) from error

    async def _aside(self, step: Step) -> None:
        """The steps that are not one netlink message or two."""
        match step:
            case AwaitCarrier(name):
                await self._await_carrier(name)
            case CopyNeighbours(source, target):
                self.writes += neighbours.copy(self._wire, self._index(source), self._index(target))
            case Announce(name, MAC, interfaces, stations):
                _announce(name, [frame(MAC, one) for one in interfaces] + [rarp(one) for one in stations])
                self._announced = time.monotonic()
            case SetGRO(name, on):
                await asyncio.to_thread(self._set_gro, step, name, on=on)
            case SetResolver(text):
                self.writes += 1
                self._resolv_conf.write(step, text)

    def _set_gro(self, step: Step, name: str, *, on: bool) -> None:
        self.writes += 1
        error = self._features.set_gro(name, self._index(name), on=on)
        if error is not None:
            raise Refused(step, str(error))

    async def _await_carrier(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._carrier_wait
        if name in self._watch.up:
            return
        while name not in self._watch.up and loop.time() < end:  # noqa: ASYNC110 (an Event would need a reader)
            await asyncio.sleep(CARRIER_POLL)
        await asyncio.sleep(FORWARDING)

    def _known(self, name: str) -> bool:
        return not isinstance(self._wire.ask(_link_request(name)), ErrorReply)

    def _index(self, name: str) -> int:
        """The index of a link as last read: if the name is another device's by now, that is left alone."""
        return self._indices[name] if name in self._indices else self._asked_index(name)

    def _asked_index(self, name: str) -> int:
        answer = self._wire.ask(_link_request(name))
        if isinstance(answer, ErrorReply):
            raise NetlinkError(answer.code, f"{name}: {answer}")
        return int(decode.one_link(answer)["index"])


def _announce(name: str, frames: Sequence[bytes]) -> None:
    """Nobody has to hear it: where the link is down or gone there is nobody to tell."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as packets:
        packets.bind((name, 0))
        for one in frames:
            packets.send(one)


def _request(message: nlmsg, kind: int) -> nlmsg:
    """A request for both families: pyroute2's own default for a route is IPv4 alone."""
    message["header"]["type"] = kind
    message["family"] = socket.AF_UNSPEC
    return message


def _link_request(name: str) -> nlmsg:
    request = _request(ifinfmsg(), RTM_GETLINK)
    request["attrs"] = [("IFLA_IFNAME", name), ("IFLA_EXT_MASK", RTEXT_FILTER_SKIP_STATS)]
    return request


def _new_links_have_ipv6() -> bool:
    try:
        return Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").read_text().strip() == "0"
    except OSError as error:
        if error.errno == errno.ENOENT:
            return False
        raise

"""Traffic of a namespace's, sent and seen from within this process: no program is started for a packet."""

import itertools
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from network.namespace import opened
from network.patience import patience
from network.pinger import Count, collect, counted, send

PATIENCE = patience(5)
"""Seconds for an answer."""
ONE_TRY = 0.2
EVERY_FRAME = 0x0003
BROADCAST = "ff:ff:ff:ff:ff:ff"
TRIAL = 0x88B5
"""The EtherType that IEEE keeps for experiments."""
SOL_PACKET, PACKET_AUXDATA = 263, 8
VLAN_IS_VALID = 0x10

_number = itertools.count(1 << 16)


def answers(namespace: str, address: str, patience: float = PATIENCE) -> bool:
    """Whether an address answers a ping from a namespace."""
    family, protocol = family_of(address)
    end = time.monotonic() + patience
    with opened(namespace, family, socket.SOCK_RAW, protocol) as packets:
        packets.connect((address, 0))
        replies: dict[int, float] = {}
        while not replies and time.monotonic() < end:
            number = next(_number)
            send(packets, family, number)
            collect(packets, family, replies, until=time.monotonic() + ONE_TRY, enough=1)
    return bool(replies)


def family_of(address: str) -> tuple[socket.AddressFamily, int]:
    """With the protocol by which an address of it is pinged."""
    if ":" in address:
        return socket.AF_INET6, socket.IPPROTO_ICMPV6
    return socket.AF_INET, socket.IPPROTO_ICMP


@dataclass
class Watch:
    """Pings that go on; `count` is there once they have ended."""

    count: Count = field(default=Count(0, 0, 0.0))


@contextmanager
def watching(namespace: str, address: str, interval: float = 0.02) -> Iterator[Watch]:
    """Ping from a namespace while inside, from a thread of this process: it must not fork meanwhile."""
    watch, stop = Watch(), threading.Event()
    family, protocol = family_of(address)
    with opened(namespace, family, socket.SOCK_RAW, protocol) as packets:
        packets.connect((address, 0))

        def ping() -> None:
            watch.count = counted(packets, family, interval, stop.is_set)

        thread = threading.Thread(target=ping)
        thread.start()
        try:
            yield watch
        finally:
            stop.set()
            thread.join()


@dataclass(frozen=True)
class Frame:
    """A frame as it passed a device.  tag: its VLAN, 0 for none.  came: whether it came in by the device."""

    source: str
    target: str
    kind: int
    tag: int
    came: bool


class Tap:
    """What passes a device from now on, both ways."""

    def __init__(self, namespace: str, device: str) -> None:
        self._frames = opened(namespace, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_FRAME))
        self._frames.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self._frames.bind((device, EVERY_FRAME))

    def __enter__(self) -> "Tap":
        return self

    def __exit__(self, *exception: object) -> None:
        self._frames.close()

    def frames(self, seconds: float = 0.0) -> list[Frame]:
        """What has passed since the last look, after waiting for a while."""
        time.sleep(seconds)
        found: list[Frame] = []
        self._frames.setblocking(False)
        while True:
            try:
                data, auxiliary, _, where = self._frames.recvmsg(2048, 256)
            except BlockingIOError:
                return found
            found.append(frame_of(data, auxiliary, came=where[2] != socket.PACKET_OUTGOING))


def frame_of(data: bytes, auxiliary: list[tuple[int, int, bytes]], *, came: bool) -> Frame:
    """The kernel takes the tag out of the frame and tells it beside."""
    tag = 0
    for level, kind, told in auxiliary:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, *_, tci, _ = struct.unpack("=IIIHHHH", told)
            tag = tci & 0xFFF if status & VLAN_IS_VALID else 0
    return Frame(colons(data[6:12]), colons(data[:6]), int.from_bytes(data[12:14], "big"), tag, came)


def shout(namespace: str, device: str, source: str) -> None:
    """Broadcast one frame of no protocol's from a device."""
    with opened(namespace, socket.AF_PACKET, socket.SOCK_RAW, 0) as packets:
        packets.bind((device, 0))
        head = bytes.fromhex((BROADCAST + source).replace(":", "")) + TRIAL.to_bytes(2, "big")
        packets.send(head + bytes(46))


def colons(octets: bytes) -> str:
    return octets.hex(":")

"""Many pings at once, from several namespaces, in one process of their own: thirty would not fit on a CPU."""

import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field

from network.namespace import opened
from network.pinger import LAST_CALL, Count, collect, send, silence

LOOK = 0.02
"""Seconds between two looks at what has come back: the replies wait in their sockets."""
RECEIVE_BUFFER, SO_RCVBUFFORCE = 4 << 20, 33


@dataclass(frozen=True)
class Way:
    """Who is pinged from where.  name: how it is called in what is printed."""

    name: str
    namespace: str
    address: str


@dataclass
class Counts:
    """By the name of each way what was sent and lost, once the pings have ended."""

    by_way: dict[str, Count] = field(default_factory=dict)

    @property
    def lost(self) -> dict[str, int]:
        """By way, where any was."""
        return {name: count.lost for name, count in self.by_way.items() if count.lost}


@contextmanager
def many_pings(ways: Sequence[Way], interval: float) -> Iterator[Counts]:
    """All of them while inside."""
    counts = Counts()
    (told, tell), (over, end), (begun, begin) = os.pipe(), os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(end)
        _become_pinger(ways, interval, over, begin, tell)
    for descriptor in (tell, over, begin):
        os.close(descriptor)
    try:
        assert os.read(begun, 1), "the pinger has ended"
        yield counts
    finally:
        os.close(end)
        with os.fdopen(told) as answer:
            found = json.loads(answer.read() or "{}")
        os.waitpid(pid, 0)
        os.close(begun)
    counts.by_way = {name: Count(**count) for name, count in found.items()}
    assert counts.by_way.keys() == {way.name for way in ways}


def _become_pinger(ways: Sequence[Way], interval: float, over: int, begin: int, tell: int) -> None:
    try:
        streams = [_Stream(way, interval) for way in ways]
        os.set_blocking(over, False)
        _ping(streams, interval, over, begin)
        with os.fdopen(tell, "w") as answer:
            json.dump({stream.name: asdict(stream.count()) for stream in streams}, answer)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(0)


def _ping(streams: Sequence["_Stream"], interval: float, over: int, begin: int) -> None:
    """In even steps; a machine that is too slow for the pace does not catch up."""
    due, look = time.monotonic(), 0.0
    while not _is_closed(over):
        for stream in streams:
            stream.send()
        if begin >= 0:
            os.write(begin, b".")
            begin = -1
        now = time.monotonic()
        if now >= look:
            for stream in streams:
                stream.collect()
            look = now + LOOK
        due = max(due + interval, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
    last = time.monotonic() + LAST_CALL
    while time.monotonic() < last and not all(stream.is_whole for stream in streams):
        for stream in streams:
            stream.collect()
        time.sleep(LOOK)


def _is_closed(pipe: int) -> bool:
    with suppress(BlockingIOError):
        return os.read(pipe, 1) == b""
    return False


class _Stream:
    """The pings of one way."""

    def __init__(self, way: Way, interval: float) -> None:
        self.name, self._interval = way.name, interval
        is_6 = ":" in way.address
        self._family = socket.AF_INET6 if is_6 else socket.AF_INET
        protocol = socket.IPPROTO_ICMPV6 if is_6 else socket.IPPROTO_ICMP
        self._packets = opened(way.namespace, self._family, socket.SOCK_RAW, protocol)
        self._packets.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        self._packets.connect((way.address, 0))
        self._sent: list[float] = []
        self._replies: dict[int, float] = {}

    @property
    def is_whole(self) -> bool:
        return len(self._replies) == len(self._sent)

    def send(self) -> None:
        send(self._packets, self._family, len(self._sent))
        self._sent.append(time.monotonic())

    def collect(self) -> None:
        collect(self._packets, self._family, self._replies, until=0.0)

    def count(self) -> Count:
        quiet = silence(self._sent[0], sorted(self._replies.values()), self._sent[-1], self._interval)
        return Count(len(self._sent), len(self._sent) - len(self._replies), quiet)

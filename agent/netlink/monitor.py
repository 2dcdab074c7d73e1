"""Watch: which links there are and which have carrier, as the kernel tells of it, without being asked."""

import asyncio
import errno
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.netlink.socket import (
    HEADER,
    NLM_F_DUMP,
    NLM_F_DUMP_INTR,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    SO_RCVBUFFORCE,
)

RTMGRP_LINK = 1
RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
IFF_RUNNING, IFF_MASTER, IFF_SLAVE, IFF_LOWER_UP = 0x40, 0x400, 0x800, 0x10000
CARRIER = IFF_RUNNING | IFF_LOWER_UP
"""Both: the operational state, which says up or unknown, and the carrier itself (decode.has_carrier)."""
IFLA_IFNAME, IFLA_EXT_MASK = 3, 29
RTEXT_FILTER_SKIP_STATS = 8

MESSAGE = struct.Struct("=IHHII BBHiII")
"""The header, and a link's: its family, type, index, flags and which of them have changed."""
ATTRIBUTE = struct.Struct("=HH")
LARGEST_DATAGRAM = 1 << 16
RECEIVE_BUFFER = 8 << 20
"""Bytes; about two thousand events, which a change of hundreds of links makes in one go."""

Heard = Callable[[frozenset[str], frozenset[str]], None]
"""What is called with news: the names of the links that came, went, got or lost carrier; and of the bonds of
which something was told, which may have another active slave."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A link as it was last told of."""

    name: str
    carrier: bool
    bond: bool


class Links:
    """What the messages say, put together.  An event beats a dump that it comes into: it may be older."""

    def __init__(self) -> None:
        self.known: dict[int, Seen] = {}
        self.bond_told = False
        self._changed: set[str] = set()
        self._dumped: dict[int, Seen] = {}
        self._updates: dict[int, Seen | None] = {}

    def begin_dump(self) -> None:
        self._dumped, self._updates = {}, {}

    def dumped(self, index: int, seen: Seen) -> None:
        """A part of a dump's answer."""
        self._dumped[index] = seen

    def end_dump(self) -> None:
        """What the dump did not have is gone."""
        found = {**self._dumped, **self._updates}
        for index in [*self.known.keys() - found.keys(), *found]:
            self._put(index, found.get(index))
        self.bond_told = True

    def update(self, index: int, seen: Seen | None) -> None:
        """An event; None for a link that is gone."""
        self._updates[index] = seen
        self._put(index, seen)

    def news(self) -> tuple[frozenset[str], frozenset[str]]:
        """What Heard is called with; asked a second time, there is none."""
        bonds = [seen.name for seen in self.known.values() if seen.bond] if self.bond_told else []
        changed, self._changed, self.bond_told = frozenset(self._changed), set(), False
        return changed, frozenset(bonds)

    def _put(self, index: int, seen: Seen | None) -> None:
        before = self.known.pop(index, None)
        if seen is not None:
            self.known[index] = seen
        if before != seen:
            self._changed |= {link.name for link in (before, seen) if link is not None}


class Watch:
    """The links of the network namespace that this was made in.

    It is as fresh as the last look; `listen` has the loop look whenever there is something to see.  Where
    more comes than receive_buffer holds, in bytes, all links are read again.
    """

    def __init__(self, heard: Heard, receive_buffer: int = RECEIVE_BUFFER) -> None:
        self._heard = heard
        self._links = Links()
        self._names: frozenset[str] | None = None
        self._up: frozenset[str] | None = None
        self._buffer = bytearray(LARGEST_DATAGRAM)
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer)
        self._socket.bind((0, RTMGRP_LINK))
        self._port: int = self._socket.getsockname()[0]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._socket.setblocking(False)
        self._is_dumping, self._is_behind = False, True
        while self._is_behind or self._is_dumping:
            self._catch_up()
        self._links.news()  # nobody has seen anything yet to whom it could be any

    def listen(self) -> None:
        """From now on what the kernel tells is heard at once, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self.look)

    def ignore(self) -> None:
        """What the kernel tells stays unread until somebody looks."""
        if self._loop is not None:
            self._loop.remove_reader(self._socket)
            self._loop = None

    def close(self) -> None:
        """Hear no more."""
        self.ignore()
        self._socket.close()

    @property
    def up(self) -> frozenset[str]:
        """The names of the links that have carrier, now."""
        self.look()
        if self._up is None:
            self._up = frozenset(link.name for link in self._links.known.values() if link.carrier)
        return self._up

    @property
    def names(self) -> frozenset[str]:
        """The names of all links, at the last look."""
        if self._names is None:
            self._names = frozenset(link.name for link in self._links.known.values())
        return self._names

    def look(self) -> None:
        """Take in what the kernel has told since the last look, and pass the news on."""
        self._catch_up()
        if self._is_behind and not self._is_dumping and self._loop is not None:
            self._loop.call_soon(self._look_again)  # not at once: while links come and go it may need many
        changed, bonds = self._links.news()
        if changed:
            self._names = self._up = None
        if changed or bonds:
            self._heard(changed, bonds)

    def _look_again(self) -> None:
        if self._loop is not None:
            self.look()

    def _catch_up(self) -> None:
        """Where events were lost, the others have to be read before all links are asked for: they are older
        than the answer, and until the queue is empty the kernel does not say that it loses more."""
        self._take_all()
        if self._is_behind and not self._is_dumping:
            self._is_behind, self._is_dumping = False, True
            self._links.begin_dump()
            self._socket.send(DUMP_REQUEST)
            self._take_all()

    def _take_all(self) -> None:
        for size in self._received():
            self._take(size)

    def _received(self) -> Iterator[int]:
        """The sizes of the datagrams that are there, each in turn in the buffer."""
        while True:
            try:
                yield self._socket.recv_into(self._buffer)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self._is_behind = True  # events were lost

    def _take(self, size: int) -> None:
        """The messages of one datagram."""
        offset = 0
        while offset < size:
            length, kind, flags, _, port = HEADER.unpack_from(self._buffer, offset)
            if port == self._port:
                self._take_answer(offset, kind, flags)
            elif kind in (RTM_NEWLINK, RTM_DELLINK):
                self._take_event(offset, kind)
            offset += (length + 3) & ~3

    def _take_answer(self, offset: int, kind: int, flags: int) -> None:
        if flags & NLM_F_DUMP_INTR:
            self._is_behind = True
        if kind == RTM_NEWLINK:
            self._links.dumped(*self._seen(offset)[:2])
        elif kind == NLMSG_ERROR:
            (code,) = struct.unpack_from("=i", self._buffer, offset + HEADER.size)
            raise OSError(-code, "the links could not be read")
        elif kind == NLMSG_DONE:
            self._links.end_dump()
            self._is_dumping = False

    def _take_event(self, offset: int, kind: int) -> None:
        """Another family's is not about the link: a bridge's DELLINK says that a port has left it."""
        (family,) = struct.unpack_from("=B", self._buffer, offset + HEADER.size)
        if family == socket.AF_UNSPEC:
            index, seen, flags = self._seen(offset)
            self._links.update(index, seen if kind == RTM_NEWLINK else None)
            if flags & (IFF_MASTER | IFF_SLAVE):
                self._links.bond_told = True

    def _seen(self, offset: int) -> tuple[int, Seen, int]:
        """The index, the link and its flags."""
        length, _, _, _, _, _, _, _, index, flags, _ = MESSAGE.unpack_from(self._buffer, offset)
        name = self._name(offset + MESSAGE.size, offset + length)
        return index, Seen(name, flags & CARRIER == CARRIER, bool(flags & IFF_MASTER)), flags

    def _name(self, offset: int, end: int) -> str:
        """The kernel has it first; what follows need not be looked at."""
        while offset < end:
            size, kind = ATTRIBUTE.unpack_from(self._buffer, offset)
            if kind == IFLA_IFNAME:
                return self._buffer[offset + ATTRIBUTE.size : offset + size - 1].decode(errors="replace")
            offset += (max(size, ATTRIBUTE.size) + 3) & ~3
        return ""


def _dump_request() -> bytes:
    """For all links, without their counters."""
    skip = ATTRIBUTE.pack(ATTRIBUTE.size + 4, IFLA_EXT_MASK) + struct.pack("=I", RTEXT_FILTER_SKIP_STATS)
    length = MESSAGE.size + len(skip)
    return MESSAGE.pack(length, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0, 0, 0, 0, 0, 0, 0) + skip


DUMP_REQUEST = _dump_request()

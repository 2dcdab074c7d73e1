"""A netlink socket that follows a script: bytes in, bytes out, and whatever can go wrong between."""

import errno
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_interface
from typing import Any

from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from agent.kernel.addressing import PROTOCOL, SCOPE_LINK
from agent.netlink.messages.message import HEADER, attribute, each_message, serialized
from agent.netlink.messages.message import message as encoded
from agent.netlink.sockets.error_reply import NLMSG_ERROR
from agent.netlink.sockets.socket import NLM_F_DUMP, NLM_F_DUMP_INTR, NLMSG_DONE

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
RTM_NEWNEXTHOP, RTM_GETNEXTHOP = 104, 106
UP = 0x1 | 0x40 | 0x10000
NLM_F_MULTI = 2


@dataclass(frozen=True)
class Datagram:
    """What the other side sends; from whom, and whether it was cut off."""

    data: bytes
    port: int = 0
    is_cut: bool = False


Reply = Datagram | OSError
Answer = Callable[[bytes], Iterable[Reply]]


def nobody(data: bytes) -> Iterable[Reply]:
    """Who does not answer."""
    return ()


class Script:
    """answer: what a message that is sent is answered with.  sent: the sends, each with its messages."""

    def __init__(self, answer: Answer = nobody, buffer: int = 1 << 20) -> None:
        self.answer = answer
        self.buffer = buffer
        self.queue: deque[Reply] = deque()
        self.sent: list[bytes] = []

    def send(self, data: bytes, /) -> int:
        if len(data) > self.buffer - 32:
            raise OSError(errno.EMSGSIZE, "Message too long")
        self.sent.append(data)
        for _, _, _, message in each_message(data):
            self.queue.extend(self.answer(message))
        return len(data)

    def recvmsg(self, size: int, /) -> tuple[bytes, Any, int, Any]:
        if not self.queue:
            raise BlockingIOError if self.timeout == 0 else TimeoutError
        reply = self.queue.popleft()
        if isinstance(reply, OSError):
            raise reply
        return reply.data[:size], [], socket.MSG_TRUNC if reply.is_cut else 0, (reply.port, 0)

    def settimeout(self, seconds: float | None, /) -> None:
        self.timeout = seconds

    def getsockopt(self, level: int, option: int, /) -> int:
        return self.buffer

    def setsockopt(self, level: int, option: int, value: int, /) -> None:
        """Groups are joined and left; what is told is in the queue already."""

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        """There is nothing to close."""


def sequence(message: bytes) -> int:
    """The number that its answers have as well."""
    return int(HEADER.unpack_from(message)[3])


def with_sequence(message: bytes, number: int, flags: int = 0) -> bytes:
    """A message as the answer to a request."""
    length, kind, own, _, port = HEADER.unpack_from(message)
    return HEADER.pack(length, kind, own | flags, number, port) + message[HEADER.size :]


def error(number: int, code: int = 0) -> bytes:
    """NLMSG_ERROR with an errno, 0 for an acknowledgement."""
    body = struct.pack("=i", -code) + HEADER.pack(HEADER.size, 0, 0, number, 0)
    return HEADER.pack(HEADER.size + len(body), NLMSG_ERROR, 0, number, 0) + body


def done(number: int, code: int = 0, flags: int = 0) -> bytes:
    """The end of a dump, with an errno."""
    return HEADER.pack(HEADER.size + 4, NLMSG_DONE, NLM_F_MULTI | flags, number, 0) + struct.pack("=i", -code)


def link(
    index: int, name: str | bytes, *attrs: tuple[str, Any], flags: int = UP, kind: int = RTM_NEWLINK
) -> bytes:
    """RTM_NEWLINK, as pyroute2 encodes it."""
    message = ifinfmsg()
    message["header"]["type"] = kind
    message["index"], message["flags"] = index, flags
    own = name if isinstance(name, str) else "?" * len(name)
    message["attrs"] = [("IFLA_IFNAME", own), ("IFLA_MTU", 1500), *attrs]
    data = serialized(message)
    return data if isinstance(name, str) else data.replace(own.encode(), name)


def gone(index: int, name: str) -> bytes:
    """RTM_DELLINK."""
    return link(index, name, kind=RTM_DELLINK)


def address(index: int, interface: str, kind: int = RTM_NEWADDR, flags: int = 0x80) -> bytes:
    """RTM_NEWADDR or RTM_DELADDR."""
    ip, length = interface.split("/")
    message = ifaddrmsg()
    message["header"]["type"] = kind
    message["family"] = int(socket.AF_INET6 if ":" in ip else socket.AF_INET)
    message["prefixlen"], message["index"] = int(length), index
    message["attrs"] = [("IFA_LOCAL", ip), ("IFA_ADDRESS", ip), ("IFA_FLAGS", flags)]
    if ":" not in ip:
        message["attrs"].append(("IFA_BROADCAST", str(ip_interface(interface).network.broadcast_address)))
    return serialized(message)


def route(
    index: int, destination: str, *attrs: tuple[str, Any], kind: int = RTM_NEWROUTE, flags: int = 0
) -> bytes:
    """RTM_NEWROUTE or RTM_DELROUTE of a route as pifd makes it, in the main table."""
    to, length = destination.split("/")
    message = rtmsg()
    message["header"]["type"], message["header"]["flags"] = kind, flags
    message["family"] = int(socket.AF_INET6 if ":" in to else socket.AF_INET)
    message["dst_len"], message["table"], message["proto"], message["type"] = int(length), 254, PROTOCOL, 1
    direct = ":" not in to and not any(name == "RTA_GATEWAY" for name, _ in attrs)
    message["scope"] = SCOPE_LINK if direct else 0
    message["attrs"] = [("RTA_DST", to), ("RTA_TABLE", 254), *attrs]
    if index:
        message["attrs"].append(("RTA_OIF", index))
    return serialized(message)


def flood(index: int, host: str, kind: int = RTM_NEWNEIGH) -> bytes:
    """The forwarding entry of a vxlan by which it floods to a host."""
    message = ndmsg()
    message["header"]["type"] = kind
    message["family"], message["ifindex"] = int(socket.AF_BRIDGE), index
    message["state"], message["flags"] = 0xC0, 0x02
    message["attrs"] = [("NDA_LLADDR", "00:00:00:00:00:00"), ("NDA_DST", host)]
    return serialized(message)


def next_hop(number: int, index: int) -> bytes:
    """RTM_NEWNEXTHOP of an object that leads over a link."""
    attributes = attribute(1, struct.pack("=I", number)) + attribute(5, struct.pack("=I", index))
    return encoded(RTM_NEWNEXTHOP, struct.pack("=BBBxI", socket.AF_INET, 0, 0, 0) + attributes)


class World:
    """What answers dumps and questions: messages by the request's type.

    faults: what happens instead of the next answers to dumps, one each.  during: what is done in the middle
    of the next dump of links.
    """

    def __init__(self, links: Sequence[bytes] = ()) -> None:
        self.tables: dict[int, list[bytes]] = {
            RTM_GETLINK: list(links),
            RTM_GETADDR: [],
            RTM_GETROUTE: [],
            RTM_GETNEIGH: [],
            RTM_GETNEXTHOP: [],
        }
        self.faults: deque[Callable[[int, list[bytes]], Iterable[Reply]]] = deque()
        self.during: Callable[[], None] | None = None
        self.dumps: list[int] = []

    def __call__(self, message: bytes) -> Iterable[Reply]:
        _, kind, flags, number, _ = HEADER.unpack_from(message)
        if flags & NLM_F_DUMP != NLM_F_DUMP:
            yield self._one(message, number)
            return
        self.dumps.append(kind)
        found = [with_sequence(one, number, NLM_F_MULTI) for one in self.tables[kind]]
        if self.during is not None and kind == RTM_GETLINK:
            during, self.during = self.during, None
            during()
        yield from self.faults.popleft()(number, found) if self.faults else whole(number, found)

    def _one(self, message: bytes, number: int) -> Reply:
        (index,) = struct.unpack_from("=i", message, HEADER.size + 4)
        for found in self.tables[RTM_GETLINK]:
            if struct.unpack_from("=i", found, HEADER.size + 4)[0] == index:
                return Datagram(with_sequence(found, number))
        return Datagram(error(number, errno.ENODEV))


def whole(number: int, found: list[bytes]) -> Iterable[Reply]:
    """A dump as it should be."""
    yield from map(Datagram, found)
    yield Datagram(done(number))


def interrupted(number: int, found: list[bytes]) -> Iterable[Reply]:
    """One in which something changed, of which a part is missing for it."""
    yield from (Datagram(with_sequence(one, number, NLM_F_MULTI | NLM_F_DUMP_INTR)) for one in found[1:])
    yield Datagram(done(number, flags=NLM_F_DUMP_INTR))


def broken_off(number: int, found: list[bytes]) -> Iterable[Reply]:
    """One that the kernel gives up half-way: its end has an errno."""
    yield from map(Datagram, found[:1])
    yield Datagram(done(number, errno.ENOMEM))


def cut_off(number: int, found: list[bytes]) -> Iterable[Reply]:
    """One of which a datagram did not fit."""
    yield from (Datagram(one[:40], is_cut=True) for one in found[:1])
    yield Datagram(done(number))


def lost(number: int, found: list[bytes]) -> Iterable[Reply]:
    """One that did not fit into the socket's buffer."""
    yield OSError(errno.ENOBUFS, "No buffer space available")

"""Monitor: the socket on which the kernel tells of what changes, and what of it is of interest."""

import ctypes
import errno
import socket
import struct
from collections.abc import Iterator

from agent.netlink.messages.message import HEADER, each_message
from agent.netlink.sockets.error_reply import NLMSG_ERROR
from agent.netlink.sockets.socket import CUT_OFF, KERNEL, LARGEST_DATAGRAM, NLMSG_OVERRUN, Channel, opened

RTNLGRP_LINK, RTNLGRP_NEIGH = 1, 3
RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE = 5, 7
RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE = 9, 11
RTNLGRP_NEXTHOP = 32
GROUPS = (
    RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_IFADDR,
    RTNLGRP_IPV6_ROUTE, RTNLGRP_NEXTHOP,
)  # fmt: skip
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP = 270, 1, 2
SO_ATTACH_FILTER = 26
RECEIVE_BUFFER = 32 << 20
"""Bytes; about ten thousand events, which a change of thousands of links makes in one go."""

RTM_NEWNEIGH, RTM_DELNEIGH = 28, 29


class Monitor:
    """The events of the network namespace that this was made in.

    lost: something was told that could not be kept or understood, so that all has to be read again; whoever
    does that takes it back.  is_paused: nothing is heard now.  is_drained: the last time, all that was
    queued was seen.  receive_buffer: bytes.  channel: a socket that is there already.
    """

    def __init__(self, receive_buffer: int = RECEIVE_BUFFER, channel: Channel | None = None) -> None:
        self._socket: Channel = channel or _opened(receive_buffer)
        self._socket.settimeout(0)
        self._held = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        self.lost = True
        self.is_paused = False
        self.is_drained = True

    def pause(self) -> None:
        """Hear nothing, until `resume`: that costs more than to read all again when very much is changed."""
        self._join(NETLINK_DROP_MEMBERSHIP)
        self.is_paused = self.lost = True
        while self._received() is not None:
            pass  # what was told before must not be taken for newer than what will be read

    def resume(self) -> None:
        """Hear again, of what happens from now on."""
        self._join(NETLINK_ADD_MEMBERSHIP)
        self.is_paused = False

    def _join(self, option: int) -> None:
        for group in GROUPS:
            self._socket.setsockopt(SOL_NETLINK, option, group)

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()

    def fileno(self) -> int:
        """The socket's file descriptor."""
        return self._socket.fileno()

    def events(self, most: int | None = None) -> Iterator[tuple[int, int, bytes]]:
        """(type, flags, the whole message) of each event that was queued before this was called.

        It ends with the queue, or when more has come than the queue holds: then what was in it at the
        beginning has been seen, even while others change the kernel without a pause.  most: bytes after
        which it ends all the same.
        """
        taken, most = 0, self._held if most is None else most
        self.is_drained = False
        while taken <= most:
            data = self._received()
            if data is None:
                self.is_drained = True
                return
            taken += len(data)
            yield from self._messages(data)

    def _received(self) -> bytes | None:
        """One datagram, empty when it is none of the kernel's or was lost; None when there is no more."""
        try:
            data, _, flags, sender = self._socket.recvmsg(LARGEST_DATAGRAM)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            self.lost = True
            return b""
        if sender[0] != KERNEL:
            return b""
        if flags & CUT_OFF:
            self.lost = True
            return b""
        return data

    def _messages(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        try:
            for kind, flags, _, message in each_message(data):
                if kind in (NLMSG_ERROR, NLMSG_OVERRUN):
                    self.lost = True
                else:
                    yield kind, flags, message
        except ValueError:
            self.lost = True


def _opened(receive_buffer: int) -> socket.socket:
    """The filter comes before the groups: nothing that it would not let through is ever in the queue."""
    channel = opened(receive_buffer=receive_buffer)
    _filter(channel)
    for group in GROUPS:
        channel.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
    return channel


def _filter(channel: socket.socket) -> None:
    """Of the neighbour tables' events, only those of the entries of the all-zero MAC pass.

    A bridge learns, and ARP asks, many times a second; a vxlan's floods change when somebody changes them.
    """
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in FILTER)
    buffer = ctypes.create_string_buffer(program)
    where = ctypes.addressof(buffer)
    channel.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(FILTER), where))


LOAD_HALF, LOAD_WORD, LOAD_BYTE, EQUAL, RETURN = 0x28, 0x20, 0x30, 0x15, 0x06
"""Classic BPF: what is loaded from the datagram is read in the network's byte order."""
ALL, NOTHING = 0xFFFFFFFF, 0
TYPE, FAMILY, MAC = 4, HEADER.size, HEADER.size + 12 + 4
"""Where in a message these stand; the MAC is the first attribute of a forwarding entry."""
FILTER = (
    (LOAD_HALF, 0, 0, TYPE),
    (EQUAL, 1, 0, socket.htons(RTM_NEWNEIGH)),
    (EQUAL, 0, 6, socket.htons(RTM_DELNEIGH)),
    (LOAD_BYTE, 0, 0, FAMILY),
    (EQUAL, 0, 5, socket.AF_BRIDGE),
    (LOAD_WORD, 0, 0, MAC),
    (EQUAL, 0, 3, 0),
    (LOAD_HALF, 0, 0, MAC + 4),
    (EQUAL, 0, 1, 0),
    (RETURN, 0, 0, ALL),
    (RETURN, 0, 0, NOTHING),
)

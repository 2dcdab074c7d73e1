"""The netlink socket: messages go out in one send, answers and refusals come back."""

import errno
import os
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyroute2.netlink import nlmsg

NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE = 1, 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x01, 0x04, 0x300
NLM_F_DUMP_INTR, NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x10, 0x100, 0x200
NLMSGERR_ATTR_MSG = 1
SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK = 270, 10, 11, 12
SO_RCVBUFFORCE = 33
NETLINK_GENERIC = 16
RECEIVE_BUFFER = 64 << 20
"""Bytes; a large batch is answered by as many acknowledgements before the first is read."""

HEADER = struct.Struct("=IHHII")


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """The kernel's no: an errno, and its own words where it has any (extack)."""

    code: int
    words: str

    def __str__(self) -> str:
        plain = os.strerror(self.code)
        return f"{self.words} ({plain})" if self.words else plain


class Wire:
    """A netlink socket, of one family, in the network namespace of the thread that makes it.

    One exchange at a time: a reader must not take the answers to a change that another thread is making.
    """

    def __init__(self, protocol: int = socket.NETLINK_ROUTE) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self._socket.bind((0, 0))
        for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK):
            self._socket.setsockopt(SOL_NETLINK, option, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        self._sequence = 0
        self._exchange = threading.Lock()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def fileno(self) -> int:
        """The socket's file descriptor."""
        return self._socket.fileno()

    def change(self, messages: Sequence[nlmsg]) -> list[ErrorReply | None]:
        """Send messages in one go; for each, None or why it was refused.  All are tried."""
        if not messages:
            return []
        with self._exchange:
            first = self._sequence + 1
            data = b"".join(self._encode(message, NLM_F_REQUEST | NLM_F_ACK) for message in messages)
            self._socket.send(data)
            return self._acknowledgements(first, len(messages))

    def dump(self, message: nlmsg) -> list[bytes]:
        """All answers to a dump request, each a whole message; asked again if the kernel was interrupted."""
        while True:
            with self._exchange:
                self._socket.send(self._encode(message, NLM_F_REQUEST | NLM_F_DUMP))
                found, whole = self._collect()
            if whole:
                return found

    def ask(self, message: nlmsg) -> bytes | ErrorReply:
        """The one answer to a request."""
        with self._exchange:
            self._socket.send(self._encode(message, NLM_F_REQUEST))
            for kind, _, sequence, body in self._receive():
                if sequence == self._sequence:
                    return (
                        _error_reply(body) or ErrorReply(errno.ENODATA, "") if kind == NLMSG_ERROR else body
                    )
        return ErrorReply(errno.ENODATA, "")

    def _acknowledgements(self, first: int, count: int) -> list[ErrorReply | None]:
        answers: dict[int, ErrorReply | None] = {}
        while len(answers) < count:
            for kind, _, sequence, body in self._receive():
                if kind == NLMSG_ERROR and sequence >= first:
                    answers[sequence] = _error_reply(body)
        return [answers[first + n] for n in range(count)]

    def _encode(self, message: nlmsg, flags: int) -> bytes:
        self._sequence += 1
        message["header"]["flags"] = message["header"].get("flags", 0) | flags
        message["header"]["sequence_number"] = self._sequence
        message.reset()
        message.encode()
        return bytes(message.data).ljust((len(message.data) + 3) & ~3, b"\0")

    def _collect(self) -> tuple[list[bytes], bool]:
        found: list[bytes] = []
        whole = True
        while True:
            for kind, flags, sequence, body in self._receive():
                if sequence != self._sequence:
                    continue
                whole = whole and not flags & NLM_F_DUMP_INTR
                if kind == NLMSG_DONE:
                    return found, whole
                if kind == NLMSG_ERROR:
                    error = _error_reply(body)
                    raise OSError(error.code if error else 0, str(error))
                found.append(body)

    def _receive(self) -> Iterator[tuple[int, int, int, bytes]]:
        """(type, flags, sequence number, the message with its header) of each message of one datagram."""
        data = self._socket.recv(1 << 20)
        offset = 0
        while offset < len(data):
            length, kind, flags, sequence, _ = HEADER.unpack_from(data, offset)
            yield kind, flags, sequence, data[offset : offset + length]
            offset += (length + 3) & ~3


def _error_reply(message: bytes) -> ErrorReply | None:
    """What an NLMSG_ERROR says: None for an acknowledgement."""
    _, _, flags, _, _ = HEADER.unpack_from(message)
    (code,) = struct.unpack_from("=i", message, HEADER.size)
    return ErrorReply(-code, _words(message, flags)) if code else None


def _words(message: bytes, flags: int) -> str:
    """The extack text, which follows the echoed request (or its header, where that is capped)."""
    if not flags & NLM_F_ACK_TLVS:
        return ""
    echoed = HEADER.size + 4
    (length,) = struct.unpack_from("=I", message, echoed)
    offset = echoed + (HEADER.size if flags & NLM_F_CAPPED else (length + 3) & ~3)
    while offset + 4 <= len(message):
        size, kind = struct.unpack_from("=HH", message, offset)
        if kind == NLMSGERR_ATTR_MSG:
            return message[offset + 4 : offset + size].rstrip(b"\0").decode(errors="replace")
        offset += (max(size, 4) + 3) & ~3
    return ""

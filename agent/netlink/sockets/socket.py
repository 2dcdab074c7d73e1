"""The netlink socket: messages go out in one send, answers and refusals come back."""

import contextlib
import errno
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agent.netlink.messages.message import HEADER, each_message
from agent.netlink.sockets.error_reply import NLMSG_ERROR, NO_ANSWER, ErrorReply, error_reply

NLMSG_DONE, NLMSG_OVERRUN = 3, 4
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x01, 0x04, 0x300
NLM_F_DUMP_INTR = 0x10
SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK = 270, 10, 11, 12
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
NETLINK_GENERIC = 16
KERNEL = 0
"""The kernel's port: whoever else sends is not believed."""
RECEIVE_BUFFER = 64 << 20
"""Bytes; a large batch is answered by as many acknowledgements before the first is read."""
SEND_BUFFER = 8 << 20
"""Bytes; what has to happen in one go may be thousands of messages."""
OVERHEAD = 32
"""Bytes of the send buffer that a send can't use."""
ACKNOWLEDGEMENT = 1024
"""Bytes of the receive buffer that an acknowledgement takes, with what the kernel keeps beside it."""
CUT_OFF = int(socket.MSG_TRUNC)
"""A plain number: of a flag of enum's each question costs as much as all else of a short message."""
LARGEST_DATAGRAM = 1 << 16
"""Bytes; the kernel fills 32 KiB of a dump at a time."""
DEADLINE = 10.0
"""Seconds that the kernel has for an answer, which it gives at once: after that none comes."""
PATCH = struct.Struct("=HI")
"""The flags and the sequence number, which a message gets when it is sent."""


class NetlinkError(OSError):
    """The kernel could not be read, or did not answer."""


class Channel(Protocol):
    """What is needed of a socket; in tests, a script has this."""

    def send(self, data: bytes, /) -> int: ...
    def recvmsg(self, size: int, /) -> tuple[bytes, Any, int, Any]: ...
    def settimeout(self, seconds: float | None, /) -> None: ...
    def getsockopt(self, level: int, option: int, /) -> int: ...
    def setsockopt(self, level: int, option: int, value: int, /) -> None: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...


def opened(
    protocol: int = socket.NETLINK_ROUTE, groups: int = 0, receive_buffer: int = RECEIVE_BUFFER
) -> socket.socket:
    """A socket in the network namespace of the thread that asks for it, with large buffers where it may."""
    channel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK):
        with contextlib.suppress(OSError):  # an older kernel has fewer of them
            channel.setsockopt(SOL_NETLINK, option, 1)
    _enlarge(channel, SO_RCVBUFFORCE, socket.SO_RCVBUF, receive_buffer)
    _enlarge(channel, SO_SNDBUFFORCE, socket.SO_SNDBUF, SEND_BUFFER)
    channel.bind((0, groups))
    return channel


def _enlarge(channel: socket.socket, force: int, plain: int, size: int) -> None:
    """Beyond the system's limit with CAP_NET_ADMIN, up to it without."""
    try:
        channel.setsockopt(socket.SOL_SOCKET, force, size)
    except PermissionError:
        channel.setsockopt(socket.SOL_SOCKET, plain, size)


@dataclass(frozen=True, slots=True)
class Dump:
    """What a dump has brought; whole: nothing changed meanwhile, so that nothing can be missing."""

    messages: list[bytes]
    whole: bool


class Wire:
    """A netlink socket, of one family, in the network namespace of the thread that makes it.

    One exchange at a time: a reader must not take the answers to a change that another thread is making.
    What comes in is matched by its sequence number, so that one answer too many or too few does not put the
    next exchange out of step.

    channel: a socket that is there already.  deadline: seconds that the kernel has for an answer.
    """

    def __init__(
        self,
        protocol: int = socket.NETLINK_ROUTE,
        channel: Channel | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        self._socket: Channel = channel or opened(protocol)
        self._deadline = deadline
        self._sequence = 0
        self._exchange = threading.Lock()
        self._most_bytes = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) - OVERHEAD
        held = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        self._most_messages = max(1, held // ACKNOWLEDGEMENT)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def fileno(self) -> int:
        """The socket's file descriptor."""
        return self._socket.fileno()

    def change(
        self, messages: Sequence[bytes], between: Mapping[int, Callable[[], None]] | None = None
    ) -> list[ErrorReply | None]:
        """Send messages in one go; for each, None or why it was refused.  All are tried.

        More than the socket's buffers hold goes in several sends.  between: what is to be done at once after
        so many messages, unless one was refused since the last such place.
        """
        with self._exchange:
            sent = [self._numbered(message, NLM_F_REQUEST | NLM_F_ACK) for message in messages]
            answers: list[ErrorReply | None] = []
            for end in sorted({*(between or ()), len(sent)}):
                new: list[ErrorReply | None] = []
                for part in self._parts(sent[len(answers) : end]):
                    new += self._answers_to(part)
                answers += new
                if between and end in between and not any(new):
                    between[end]()
            return answers

    def change_whole(self, begin: bytes, messages: Sequence[bytes], end: bytes) -> list[ErrorReply | None]:
        """Send messages that are done as a whole or not at all, as netfilter has it; for each, None or why
        it was refused.  Where the beginning is refused, all are."""
        with self._exchange:
            first = self._numbered(begin, NLM_F_REQUEST)
            sent = [self._numbered(message, NLM_F_REQUEST | NLM_F_ACK) for message in messages]
            return self._answers_to(sent, first, self._numbered(end, NLM_F_REQUEST))

    def dump(self, message: bytes) -> Dump:
        """All answers to a dump request, each a whole message.

        Raises NetlinkError when the kernel breaks it off, or does not bring it to its end in time.
        """
        with self._exchange:
            self._send(self._numbered(message, NLM_F_REQUEST | NLM_F_DUMP))
            return self._collect()

    def ask(self, message: bytes) -> bytes | ErrorReply:
        """The one answer to a request.  Raises NetlinkError when there is none in time."""
        return self.ask_each([message])[0]

    def ask_each(self, messages: Sequence[bytes]) -> list[bytes | ErrorReply]:
        """The answers to requests that have one each."""
        with self._exchange:
            answers: list[bytes | ErrorReply] = []
            for part in self._parts(
                [self._numbered(message, NLM_F_REQUEST) for message in messages], most=64
            ):
                answers += self._replies_to(part)
            return answers

    def _parts(self, messages: Sequence[bytes], most: int | None = None) -> Iterator[list[bytes]]:
        """The messages, as many together as the buffers hold."""
        most = min(most or self._most_messages, self._most_messages)
        part: list[bytes] = []
        size = 0
        for message in messages:
            if part and (size + len(message) > self._most_bytes or len(part) == most):
                yield part
                part, size = [], 0
            part.append(message)
            size += len(message)
        if part:
            yield part

    def _numbered(self, message: bytes, flags: int) -> bytes:
        """The bytes of a message, with its flags and the next sequence number."""
        self._sequence = self._sequence % 0xFFFFFFFF + 1
        data = bytearray(message)
        (own,) = struct.unpack_from("=H", data, 6)
        PATCH.pack_into(data, 6, own | flags, self._sequence)
        return bytes(data)

    def _send(self, data: bytes) -> None:
        try:
            self._socket.send(data)
        except OSError as error:
            raise NetlinkError(error.errno, f"netlink: {os.strerror(error.errno or 0)}") from error

    def _answers_to(
        self, part: Sequence[bytes], begin: bytes = b"", end: bytes = b""
    ) -> list[ErrorReply | None]:
        """The acknowledgements.  The kernel has made them all when a send returns: what is lost stays so."""
        self._send(b"".join([begin, *part, end]))
        answers: dict[int, ErrorReply | None] = dict.fromkeys(map(_number, part), NO_ANSWER)
        missing = set(answers)
        with contextlib.suppress(NetlinkError):
            for kind, _, sequence, message in self._received():
                if kind == NLMSG_ERROR and begin and sequence == _number(begin) and error_reply(message):
                    return [error_reply(message)] * len(part)
                if kind == NLMSG_ERROR and sequence in missing:
                    answers[sequence] = error_reply(message)
                    missing.discard(sequence)
                if not missing:
                    break
        return list(answers.values())

    def _replies_to(self, part: Sequence[bytes]) -> list[bytes | ErrorReply]:
        self._send(b"".join(part))
        answers: dict[int, bytes | ErrorReply] = {}
        missing = {_number(message) for message in part}
        for kind, _, sequence, message in self._received():
            if sequence in missing:
                missing.discard(sequence)
                is_error = kind == NLMSG_ERROR
                answers[sequence] = error_reply(message) or ErrorReply(errno.ENODATA) if is_error else message
            if not missing:
                break
        return [answers[_number(message)] for message in part]

    def _collect(self) -> Dump:
        found: list[bytes] = []
        whole = True
        for kind, flags, sequence, message in self._received():
            if sequence != self._sequence:
                continue
            whole = whole and not flags & NLM_F_DUMP_INTR
            if kind in (NLMSG_DONE, NLMSG_ERROR):
                error = error_reply(message, has_code=len(message) >= HEADER.size + 4)
                if error or kind == NLMSG_ERROR:
                    code = error.code if error else errno.ENODATA
                    raise NetlinkError(code, f"the kernel could not be read: {error or os.strerror(code)}")
                return Dump(found, whole)
            found.append(message)
        raise AssertionError("what is received ends with an error")

    def _received(self) -> Iterator[tuple[int, int, int, bytes]]:
        """What the kernel says, until the deadline; then, or when something is lost, NetlinkError."""
        end = time.monotonic() + self._deadline
        while True:
            self._socket.settimeout(max(end - time.monotonic(), 0.001))
            try:
                data, _, flags, sender = self._socket.recvmsg(LARGEST_DATAGRAM)
                if time.monotonic() > end:
                    raise TimeoutError
            except TimeoutError:
                why = f"the kernel did not answer within {self._deadline:g} s"
                raise NetlinkError(errno.ETIMEDOUT, why) from None
            except OSError as error:
                why = f"an answer of the kernel's was lost: {os.strerror(error.errno or 0)}"
                raise NetlinkError(error.errno, why) from error
            if sender[0] != KERNEL:
                continue
            if flags & CUT_OFF:
                raise NetlinkError(errno.EMSGSIZE, "an answer of the kernel's was cut off")
            try:
                yield from each_message(data)
            except ValueError as error:
                raise NetlinkError(errno.EBADMSG, str(error)) from error


def _number(message: bytes) -> int:
    """The sequence number of a message."""
    (number,) = struct.unpack_from("=I", message, 8)
    return int(number)

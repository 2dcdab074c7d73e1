"""The kernel's answer to a message: done, or refused with an errno and its own words (linux/netlink.h)."""

import errno
import os
import struct
from dataclasses import dataclass

from agent.netlink.messages.message import ATTRIBUTE, HEADER, U32, padded

NLMSG_ERROR = 2
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLMSGERR_ATTR_MSG = 1

MOST_ERRNO = 4095
KERNELS_OWN = {
    512: "it was interrupted",
    513: "it was interrupted",
    514: "it was interrupted",
    515: "there is no such command",
    516: "it was interrupted",
    517: "its driver is not ready yet",
    519: "a file is open already",
    524: "the kernel, or the device's driver, can't do this",
    525: "too many at once",
    526: "a value is too small",
    529: "the device can't be shared",
}
"""Errnos that the kernel has for itself and lets out all the same (linux/errno.h), unknown to libc."""


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """The kernel's no: an errno, and its own words where it has any (extack)."""

    code: int
    words: str = ""

    def __str__(self) -> str:
        plain = KERNELS_OWN.get(self.code) or (
            os.strerror(self.code) if self.code <= MOST_ERRNO else f"error {self.code}"
        )
        return f"{self.words} ({plain})" if self.words else plain


NO_ANSWER = ErrorReply(errno.ETIMEDOUT, "the kernel did not say whether it did this")


def error_reply(message: bytes, *, has_code: bool = True) -> ErrorReply | None:
    """What an NLMSG_ERROR, or an NLMSG_DONE with a code, says: None for an acknowledgement."""
    _, kind, flags, _, _ = HEADER.unpack_from(message)
    code = struct.unpack_from("=i", message, HEADER.size)[0] if has_code else 0
    return ErrorReply(-code, _words(message, kind, flags)) if code < 0 else None


def _words(message: bytes, kind: int, flags: int) -> str:
    """The extack text, which follows the echoed request (or its header, where that is capped)."""
    if not flags & NLM_F_ACK_TLVS:
        return ""
    offset = HEADER.size + 4
    if kind == NLMSG_ERROR and len(message) >= offset + HEADER.size:
        (length,) = U32.unpack_from(message, offset)
        offset += HEADER.size if flags & NLM_F_CAPPED else padded(length)
    while offset + 4 <= len(message):
        size, attribute = ATTRIBUTE.unpack_from(message, offset)
        if attribute == NLMSGERR_ATTR_MSG:
            return message[offset + 4 : offset + size].rstrip(b"\0").decode(errors="replace")
        offset += padded(max(size, 4))
    return ""

"""Caller: the process at the other end of a Unix socket, as the kernel says, and not as it says itself."""

import asyncio
import os
import pwd
import socket
import struct
from dataclasses import dataclass, field
from typing import Protocol

from agent.api.sessions.share import Share

SO_PEERGROUPS = 59  # asm-generic/socket.h; the socket module has no name for it
MOST_BYTES = 1024  # of an option, in the socket module: 256 groups
CREDENTIALS = struct.Struct("iII")  # struct ucred: pid, uid, gid


@dataclass(frozen=True, slots=True)
class Caller:
    """Who connected, at the moment of it.  groups: the supplementary ones; `gid` need not be among them."""

    uid: int
    gid: int
    pid: int
    groups: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Client:
    """A caller on its connection.

    gone: set when the client has hung up, or the daemon stops: who waits on its behalf ends then.  A change
    that is in progress is not ended by it.  share: its user's.
    """

    caller: Caller
    gone: asyncio.Event
    share: Share = field(default_factory=Share, compare=False)


class Peer(Protocol):
    """A connected socket, as far as it is needed: asyncio's, too."""

    def getsockopt(self, level: int, option: int, length: int, /) -> bytes: ...


def caller_of(peer: Peer) -> Caller:
    """The caller at the other end of a connected Unix socket; raises OSError if it is none."""
    pid, uid, gid = CREDENTIALS.unpack(
        peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    )
    return Caller(uid, gid, pid, groups_of(peer, uid, gid))


def groups_of(peer: Peer, uid: int, gid: int) -> frozenset[int]:
    """The process's supplementary groups; those of its user, where the kernel does not say.

    The kernel does from 4.13 on, for up to as many groups as an option read through Python can hold.
    """
    try:
        groups = peer.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, MOST_BYTES)
    except OSError:
        return groups_of_user(uid, gid)
    return frozenset(group for (group,) in struct.iter_unpack("I", groups))


def groups_of_user(uid: int, gid: int) -> frozenset[int]:
    """The groups of a user; none of one that is not in the user database."""
    try:
        return frozenset(os.getgrouplist(pwd.getpwuid(uid).pw_name, gid))
    except KeyError:
        return frozenset()

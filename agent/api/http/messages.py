"""What goes over a connection: a request, the answer to it, and how much of either a client may ask for."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus

from agent.api.sessions.caller import Client
from agent.api.sessions.roles import ROOT
from agent.api.sessions.share import BYTES

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class HTTPRequest:
    """A whole request.  The path is without origin and query."""

    method: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """`allow` names the methods that are served, where the answer is that this one is not (405).

    sent: called when the client has taken the answer, or has not.
    """

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    allow: str = ""
    sent: Callable[[], None] = lambda: None


def plain_answer(status: int, text: str, allow: str = "") -> Answer:
    """An answer in words, where no protocol inside HTTP has been reached."""
    return Answer(status, f"{text}\n".encode(), TEXT_TYPE, allow)


def headers(answer: Answer) -> list[tuple[str, str]]:
    """The header fields of a response."""
    found = [
        ("Date", formatdate(usegmt=True)),
        ("Content-Type", answer.content_type),
        ("Content-Length", str(len(answer.body))),
    ]
    return [*found, ("Allow", answer.allow)] if answer.allow else found


def as_bytes(answer: Answer) -> bytes:
    """The whole response, the last one of its connection."""
    lines = (f"{name}: {value}" for name, value in [*headers(answer), ("Connection", "close")])
    head = "\r\n".join((f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}", *lines))
    return f"{head}\r\n\r\n".encode() + answer.body


Dispatch = Callable[[HTTPRequest, Client], Awaitable[Answer]]
"""Gives the answer to a request."""


def is_root(uid: int) -> bool:
    """Root, or the user that the daemon runs as: there is always a place for it."""
    return uid in (ROOT, os.geteuid())


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of bodies, in bytes; of connections, in number; of times, in seconds.

    user_bytes, root_bytes: of the requests of one user that are being read or answered.
    ahead_bytes: what is read of further requests while one is being answered.
    connections: of all users but root.  of_a_user, of_root: of one user, so that nobody can take the places
    of all others.  turned_away: those, beside the served ones, that are being told why they are not.
    request_seconds: from a request's first byte to its last, and for an answer to be taken.  idle_seconds:
    without a request.  linger_seconds: how long what a refused client still sends is read and thrown away,
    so that it comes to read why it was refused.
    """

    body_bytes: int = 4 * 1024 * 1024
    user_bytes: int = BYTES
    root_bytes: int = 4 * BYTES
    ahead_bytes: int = 64 * 1024
    connections: int = 512
    of_a_user: int = 256
    of_root: int = 256
    turned_away: int = 64
    request_seconds: float = 10.0
    idle_seconds: float = 60.0
    linger_seconds: float = 2.0

    def connections_of(self, uid: int) -> int:
        """How many connections a user may have."""
        return self.of_root if is_root(uid) else self.of_a_user

    def bytes_of(self, uid: int) -> int:
        """How many bytes of a user's requests there may be."""
        return self.root_bytes if is_root(uid) else self.user_bytes

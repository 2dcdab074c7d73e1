"""What goes over a connection: a request, the answer to it, and how much of either a client may ask for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate

from agent.api.sessions.caller import Client

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
    """`allow` names the methods that are served, where the answer is that this one is not (405)."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    allow: str = ""


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


Dispatch = Callable[[HTTPRequest, Client], Awaitable[Answer]]
"""Gives the answer to a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of a body, in bytes; of connections, in number; of times, in seconds.

    ahead_bytes: what is read of further requests while one is being answered.
    of_a_user: the connections of one user, so that nobody can take the places of all others.
    turned_away: the connections, beside those that are served, that are being told why they are not.
    request_seconds: from a request's first byte to its last, and for an answer to be taken.  idle_seconds:
    without a request.  linger_seconds: how long what a refused client still sends is read and thrown away,
    so that it comes to read why it was refused.
    """

    body_bytes: int = 4 * 1024 * 1024
    ahead_bytes: int = 256 * 1024
    connections: int = 512
    of_a_user: int = 400
    turned_away: int = 64
    request_seconds: float = 10.0
    idle_seconds: float = 60.0
    linger_seconds: float = 2.0

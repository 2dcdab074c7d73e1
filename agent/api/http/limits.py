"""Limits: how much a client may ask of the server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of a body, in bytes; of connections, in number; of times, in seconds.

    of_a_user: the connections of one user, so that nobody can take the places of all others.
    turned_away: the connections, beside those that are served, that are being told why they are not.
    request_seconds: from a request's first byte to its last, and for an answer to be taken.  idle_seconds:
    without a request.  linger_seconds: how long what a refused client still sends is read and thrown away,
    so that it comes to read why it was refused.
    """

    body_bytes: int = 4 * 1024 * 1024
    connections: int = 512
    of_a_user: int = 400
    turned_away: int = 64
    request_seconds: float = 10.0
    idle_seconds: float = 60.0
    linger_seconds: float = 2.0

"""HTTPRequest: a whole request, and Dispatch, what gives the answer to it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agent.api.http.answer import Answer
from agent.api.sessions.caller import Client


@dataclass(frozen=True, slots=True)
class HTTPRequest:
    """The path is without origin and query."""

    method: str
    path: str
    body: bytes


Dispatch = Callable[[HTTPRequest, Client], Awaitable[Answer]]

"""From a request to its answer: the edge where the encoding is chosen and every error becomes an answer."""

import asyncio
import logging
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from time import monotonic
from typing import Protocol, TypeVar

from agent.api.calls.call import Agent
from agent.api.calls.methods import call, table
from agent.api.encodings import jsonrpc, xmlrpc
from agent.api.encodings.request import INVALID_REQUEST, Fault, Malformed, Request
from agent.api.encodings.values import Value
from agent.api.http.messages import Answer, Dispatch, HTTPRequest, plain_answer
from agent.api.sessions.caller import Client
from agent.errors import Failure
from agent.logs import only_failing

log = logging.getLogger(__name__)

METHOD = "POST"
SLICE = 0.004
"""Seconds of work on one body after which others have a turn."""
LONG = 64 * 1024
"""Bytes of a body from which on one of each user's is read at a time, and few are written."""

T = TypeVar("T")


class Codec(Protocol):
    """What a module must have to be an encoding: bytes to a call, its outcome to bytes; no sockets, no state.

    MALFORMED_STATUS: HTTP's status for what is no request; that of every outcome of a request is 200.
    """

    @property
    def CONTENT_TYPE(self) -> str: ...

    @property
    def MALFORMED_STATUS(self) -> int: ...

    def decoding(self, body: bytes) -> Generator[None, None, Request]:
        """The request in a body, read in slices; raises Malformed."""

    def result_parts(self, value: Value, request: Request) -> Iterator[str]: ...

    def encode_failure(self, failure: Failure, request: Request) -> bytes: ...

    def encode_fault(self, fault: Fault, request: Request) -> bytes: ...

    def encode_malformed(self, malformed: Malformed) -> bytes: ...


def codec_at(path: str) -> Codec:
    """The encoding that is spoken at a path: XML-RPC at all but one, as in XenAPI."""
    return jsonrpc if path == "/jsonrpc" else xmlrpc


def dispatcher(agent: Agent) -> Dispatch:
    """Answers XML-RPC and JSON-RPC requests with this agent."""
    table()  # made now: the first caller would have to wait for it
    return partial(answer, agent)


async def answer(agent: Agent, http: HTTPRequest, client: Client) -> Answer:
    """The answer to one request; raises nothing."""
    codec = codec_at(http.path)
    if http.method != METHOD:
        return plain_answer(405, f"only {METHOD} is served", allow=METHOD)
    try:
        request = await decoded(codec, http.body, client)
    except Malformed as malformed:
        return Answer(codec.MALFORMED_STATUS, codec.encode_malformed(malformed), codec.CONTENT_TYPE)
    try:
        return await only_failing(log, request.method, success(codec, agent, request, client), Fault)
    except Failure as failure:
        body = codec.encode_failure(failure, request)
    except Fault as fault:
        body = codec.encode_fault(fault, request)
    return Answer(200, body, codec.CONTENT_TYPE)


async def decoded(codec: Codec, body: bytes, client: Client) -> Request:
    """The request in a body; raises Malformed."""
    if len(body) < LONG:
        return await in_slices(codec.decoding(body))
    async with client.share.parsing:
        return await in_slices(while_here(client, codec.decoding(body)))


async def success(codec: Codec, agent: Agent, request: Request, client: Client) -> Answer:
    """The answer to a call that succeeds.  A long one has one of its user's places until it is sent."""
    result = await call(agent, client, request.method, request.params)
    places = client.share.answers
    await places.acquire()
    with ExitStack() as held:
        held.callback(places.release)
        parts = await in_slices(collected(codec.result_parts(result, request)))
        body = "".join(parts).encode()
        if len(body) < LONG:
            return Answer(200, body, codec.CONTENT_TYPE)
        return Answer(200, body, codec.CONTENT_TYPE, sent=held.pop_all().close)


def collected(parts: Iterable[str]) -> Generator[None, None, list[str]]:
    """All parts, after each a chance for others to have a turn."""
    found: list[str] = []
    for part in parts:
        found.append(part)
        yield
    return found


def while_here(client: Client, work: Generator[None, None, T]) -> Generator[None, None, T]:
    """The work, as long as there is somebody to do it for; raises Malformed."""
    while True:
        if client.gone.is_set():
            raise Malformed(INVALID_REQUEST, "the call has not been begun: its client, or pifd, has gone")
        try:
            next(work)
        except StopIteration as end:
            found: T = end.value
            return found
        yield


async def in_slices(work: Generator[None, None, T]) -> T:
    """What the work comes to.  Whenever it has taken a while, everybody else has a turn."""
    begun = monotonic()
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: T = end.value
            return found
        if monotonic() - begun >= SLICE:
            await asyncio.sleep(0)
            begun = monotonic()

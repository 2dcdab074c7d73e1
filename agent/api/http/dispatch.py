"""From a request to its answer: the edge where the encoding is chosen and every error becomes an answer."""

import asyncio
import logging
from functools import partial
from typing import Protocol

from agent.api.calls.call import Agent
from agent.api.calls.methods import call
from agent.api.encodings import jsonrpc, xmlrpc
from agent.api.encodings.request import Fault, Malformed, Request
from agent.api.encodings.values import Value
from agent.api.http.messages import Answer, Dispatch, HTTPRequest, plain_answer
from agent.api.sessions.caller import Client
from agent.errors import Failure, InternalError

log = logging.getLogger(__name__)

METHOD = "POST"


class Codec(Protocol):
    """What a module must have to be an encoding: bytes to a call, its outcome to bytes; no sockets, no state.

    MALFORMED_STATUS: HTTP's status for what is no request; that of every outcome of a request is 200.
    """

    @property
    def CONTENT_TYPE(self) -> str: ...

    @property
    def MALFORMED_STATUS(self) -> int: ...

    def decode(self, body: bytes) -> Request:
        """The request in a body; raises Malformed."""

    def encode_result(self, value: Value, request: Request) -> bytes: ...

    def encode_failure(self, failure: Failure, request: Request) -> bytes: ...

    def encode_fault(self, fault: Fault, request: Request) -> bytes: ...

    def encode_malformed(self, malformed: Malformed) -> bytes: ...


def codec_at(path: str) -> Codec:
    """The encoding that is spoken at a path: XML-RPC at all but one, as in XenAPI."""
    return jsonrpc if path == "/jsonrpc" else xmlrpc


def dispatcher(agent: Agent) -> Dispatch:
    """Answers XML-RPC and JSON-RPC requests with this agent."""
    return partial(answer, agent)


async def answer(agent: Agent, http: HTTPRequest, client: Client) -> Answer:
    """The answer to one request; raises nothing."""
    codec = codec_at(http.path)
    if http.method != METHOD:
        return plain_answer(405, f"only {METHOD} is served", allow=METHOD)
    try:
        request = codec.decode(http.body)
    except Malformed as malformed:
        return Answer(codec.MALFORMED_STATUS, codec.encode_malformed(malformed), codec.CONTENT_TYPE)
    return Answer(200, await outcome(agent, codec, request, client), codec.CONTENT_TYPE)


LARGE = 64
"""How many parts an answer may have that is written at once; to write a larger one takes its time."""


def is_large(value: Value) -> bool:
    """Whether it has many parts, or a part that has."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return len(value) > LARGE or any(isinstance(one, dict | list) and len(one) > LARGE for one in inner)


async def outcome(agent: Agent, codec: Codec, request: Request, client: Client) -> bytes:
    """The answer to one call.  An error that nobody foresaw is logged, and must not stop the next call."""
    try:
        result = await call(agent, client, request.method, request.params)
        if is_large(result):
            return await asyncio.to_thread(codec.encode_result, result, request)
        return codec.encode_result(result, request)
    except Failure as failure:
        return codec.encode_failure(failure, request)
    except Fault as fault:
        return codec.encode_fault(fault, request)
    except Exception as error:
        log.exception("%s failed", request.method)
        return codec.encode_failure(InternalError(f"{type(error).__name__}: {error}"), request)

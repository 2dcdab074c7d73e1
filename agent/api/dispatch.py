"""From the body of a request to the body of its answer: the edge where every error becomes an answer."""

import logging
from functools import partial

from agent.api.answer import Answer, Dispatch
from agent.api.codec import Malformed, Request, decode, encode_failure, encode_malformed, encode_result
from agent.api.engine import Agent, Engine
from agent.api.methods import call
from agent.api.sessions import Sessions
from agent.errors import Failure, InternalError

log = logging.getLogger(__name__)


def dispatcher(engine: Engine) -> Dispatch:
    """Answers JSON-RPC 2.0 requests with this engine; the sessions live as long as it does."""
    return partial(answer, Agent(engine, Sessions()))


async def answer(agent: Agent, body: bytes) -> Answer:
    """The answer to one request; raises nothing.  The status is 400 for what is no request, else 200."""
    try:
        request = decode(body)
    except Malformed as malformed:
        return Answer(400, encode_malformed(malformed))
    return Answer(200, await outcome(agent, request))


async def outcome(agent: Agent, request: Request) -> bytes:
    """The answer to one call.  An error that nobody foresaw is logged, and must not stop the next call."""
    try:
        return encode_result(await call(agent, request.method, request.params), request.id)
    except Failure as failure:
        return encode_failure(failure, request.id)
    except Exception as error:
        log.exception("%s failed", request.method)
        return encode_failure(InternalError(f"{type(error).__name__}: {error}"), request.id)

"""From a request to its answer: the edge where the encoding is chosen and every error becomes an answer."""

import logging
from functools import partial

from agent.api.calls.call import Agent
from agent.api.calls.methods import call
from agent.api.encodings.codec import CODECS, Codec
from agent.api.encodings.request import Fault, Malformed, Request
from agent.api.http.answer import Answer, refusal
from agent.api.http.http_request import Dispatch, HTTPRequest
from agent.api.sessions.caller import Client
from agent.errors import Failure, InternalError

log = logging.getLogger(__name__)

METHOD = "POST"


def dispatcher(agent: Agent) -> Dispatch:
    """Answers XML-RPC and JSON-RPC requests with this agent."""
    return partial(answer, agent)


async def answer(agent: Agent, http: HTTPRequest, client: Client) -> Answer:
    """The answer to one request; raises nothing."""
    codec = CODECS.get(http.path)
    if codec is None:
        return refusal(404, f"there is only {', '.join(CODECS)} here")
    if http.method != METHOD:
        return refusal(405, f"only {METHOD} is served", allow=METHOD)
    try:
        request = codec.decode(http.body)
    except Malformed as malformed:
        return Answer(codec.MALFORMED_STATUS, codec.encode_malformed(malformed), codec.CONTENT_TYPE)
    return Answer(200, await outcome(agent, codec, request, client), codec.CONTENT_TYPE)


async def outcome(agent: Agent, codec: Codec, request: Request, client: Client) -> bytes:
    """The answer to one call.  An error that nobody foresaw is logged, and must not stop the next call."""
    try:
        result = await call(agent, client, request.method, request.params)
        return codec.encode_result(result, request)
    except Failure as failure:
        return codec.encode_failure(failure, request)
    except Fault as fault:
        return codec.encode_fault(fault, request)
    except Exception as error:
        log.exception("%s failed", request.method)
        return codec.encode_failure(InternalError(f"{type(error).__name__}: {error}"), request)

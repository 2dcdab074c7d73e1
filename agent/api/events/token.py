"""Token: up to where a client has heard, as text that it gives back: the daemon's start, and a generation.

Both have twenty digits, so that of two tokens the later one is the greater text (XenAPI, event.inject).
"""

import re

from agent.api.encodings.values import shortened
from agent.errors import EventFromTokenParseFailure

BEGINNING = 0
"""The generation before the first object was seen."""

TOKEN = re.compile(r"([0-9]{20}),([0-9]{20})")


def token_of(start: int, generation: int) -> str:
    """start: the time of the daemon's start, in nanoseconds."""
    return f"{start:020},{generation:020}"


def generation_of(token: str, start: int, latest: int) -> int:
    """How much a token's holder has heard; nothing of this start, if it is another start's.

    Raises EVENT_FROM_TOKEN_PARSE_FAILURE for what is no token, or is from the future.
    """
    if token == "":
        return BEGINNING
    found = TOKEN.fullmatch(token)
    if found is None:
        raise EventFromTokenParseFailure(shortened(token))
    if int(found[1]) != start:
        return BEGINNING
    if int(found[2]) > latest:
        raise EventFromTokenParseFailure(shortened(token))
    return int(found[2])

"""Excerpt: of any value that a caller gives, as much as a line of the audit log has room for."""

import json
from collections.abc import Mapping
from itertools import islice
from math import isfinite

from agent.api.encodings.values import shortened

LONGEST = 1000
"""Characters of a value's JSON."""
LONGEST_TEXT = 256
MOST_ITEMS = 32
DEEPEST = 3


def excerpt(value: object) -> object:
    """The value, its parts shortened; one that is still long is the start of its JSON, as text."""
    short = abridged(value, DEEPEST)
    text = json.dumps(short)
    return short if len(text) <= LONGEST else shortened(text, LONGEST)


def abridged(value: object, depth: int) -> object:
    """What JSON can say of a value, with so many levels below it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, int) and value.bit_length() < 64:
        return value
    if isinstance(value, Mapping | list | tuple):
        return _parts(value, depth) if depth else "…"
    return cut(str(value))


def _parts(value: Mapping[object, object] | list[object] | tuple[object, ...], depth: int) -> object:
    more = f"{len(value) - MOST_ITEMS} more"
    if isinstance(value, Mapping):
        pairs = islice(value.items(), MOST_ITEMS)
        found = {cut(str(key)): abridged(item, depth - 1) for key, item in pairs}
        return found if len(value) <= MOST_ITEMS else {**found, "…": more}
    items = [abridged(item, depth - 1) for item in value[:MOST_ITEMS]]
    return items if len(value) <= MOST_ITEMS else [*items, f"… {more}"]


def cut(text: str) -> str:
    return shortened(text, LONGEST_TEXT)

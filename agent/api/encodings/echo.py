"""What a caller gave, short enough to be given back in an error."""

import json

from agent.api.encodings.request import Value

LONGEST = 100


def shortened(text: str, longest: int = LONGEST) -> str:
    """The start of a text, in characters; an error must not carry megabytes back."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def shown(value: Value) -> str:
    """A value for people to read: JSON, or for what has parts only what it is."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "an array"
    return shortened(json.dumps(value, ensure_ascii=False, default=str))

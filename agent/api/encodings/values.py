"""Values as they travel: their types, integers and dates as text, and as much of one as an error shows."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

# None comes in from JSON's null and XML-RPC's <nil/>, which no parameter of XenAPI's takes.
Value: TypeAlias = Mapping[str, "Value"] | Sequence["Value"] | str | int | float | bool | datetime | None

INT64 = range(-(2**63), 2**63)
LONGEST_INTEGER = 40
INTEGER = re.compile(r"[+-]?\d+", re.ASCII)

DATE_FORMATS = ("%Y%m%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S")
DATE = re.compile(r"\d{4}(-?)\d\d\1\d\dT\d\d:\d\d:\d\dZ?", re.ASCII)

FEW = 200
LONGEST = 100
"""Characters of a caller's value that an error gives back."""


class Fixed(dict[str, Value]):
    """A struct that nobody changes once it is made, so that its text, which takes longest, is made only once.

    in_XML, in_JSON: its element, its object; "" as long as nobody has asked for it.
    """

    __slots__ = ("in_JSON", "in_XML")

    def __init__(self, fields: Mapping[str, Value]) -> None:
        super().__init__(fields)
        self.in_XML = self.in_JSON = ""


class NoDate:
    """A text in the place of a date.  It is refused only where it is read: clients send empty dates, too."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


def integer(text: str) -> int:
    """The number that is written in decimal digits; raises ValueError if it is none, or has over 64 bits."""
    if not INTEGER.fullmatch(text):
        raise ValueError("an integer is written in decimal digits")
    # Length first: turning a million digits into a number takes seconds.
    if len(text) > LONGEST_INTEGER or int(text) not in INT64:
        raise ValueError("an integer does not fit in 64 bits")
    return int(text)


def date(text: str) -> datetime:
    """The date in a text; hyphens, and no Z, as clients also send it, are understood.  Raises ValueError."""
    found = DATE.fullmatch(text)
    if found is None:
        raise ValueError("a date is written 20260821T10:00:00Z")
    return datetime.strptime(text.removesuffix("Z"), DATE_FORMATS[bool(found[1])]).replace(tzinfo=UTC)


def written(date: datetime) -> str:
    """A date as XenAPI writes it, in JSON and in XML alike: 20260821T10:00:00Z, always UTC."""
    return f"{date.astimezone(UTC):%Y%m%dT%H:%M:%SZ}"


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


def is_flat(items: Iterable[Value]) -> bool:
    """Whether there are few items, with none inside them: then they are written quickly."""
    items = tuple(items)
    return len(items) <= FEW and not any(isinstance(item, dict | list | tuple) for item in items)

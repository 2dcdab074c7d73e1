"""Request: a call as it came, whatever its encoding, and what is raised for bytes that are none."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

# None comes in from JSON's null and XML-RPC's <nil/>, which no parameter of XenAPI's takes.
Value: TypeAlias = Mapping[str, "Value"] | Sequence["Value"] | str | int | float | bool | datetime | None
Id: TypeAlias = str | int | float | None

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601

INT64 = range(-(2**63), 2**63)
LONGEST_INTEGER = 40
INTEGER = re.compile(r"[+-]?\d+", re.ASCII)


class Fixed(dict[str, Value]):
    """A struct that nobody changes once it is made, so that its XML, which takes longest, is made only once.

    in_XML: its element; "" as long as nobody has asked for it.
    """

    __slots__ = ("in_XML",)

    def __init__(self, fields: Mapping[str, Value]) -> None:
        super().__init__(fields)
        self.in_XML = ""


@dataclass(frozen=True, slots=True)
class Request:
    """The method's name as the caller wrote it, and its parameters by position.

    id, version: JSON-RPC's, whose answers repeat them; XML-RPC has neither.
    """

    method: str
    params: tuple[Value, ...]
    id: Id = None
    version: str = ""


class Malformed(Exception):
    """The bytes are no request.  `code` is JSON-RPC's; `id` and `version` where they could be read."""

    def __init__(self, code: int, text: str, request_id: Id = None, version: str = "2.0") -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.id = request_id
        self.version = version


class Fault(Exception):
    """The call is none that could succeed or fail: XenAPI has it for a method that has no async mode."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def integer(text: str) -> int:
    """The number that is written in decimal digits; raises ValueError if it is none, or has over 64 bits."""
    if not INTEGER.fullmatch(text):
        raise ValueError("an integer is written in decimal digits")
    # Length first: turning a million digits into a number takes seconds.
    if len(text) > LONGEST_INTEGER or int(text) not in INT64:
        raise ValueError("an integer does not fit in 64 bits")
    return int(text)

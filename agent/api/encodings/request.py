"""Request: a call as it came, whatever its encoding, and what is raised for bytes that are none."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from agent.api.encodings.values import Value

Id: TypeAlias = str | int | float | None

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601


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


T = TypeVar("T")


def finished(slices: Generator[None, None, T]) -> T:
    """What work that is done in slices comes to, where nobody has to have a turn between them."""
    while True:
        try:
            next(slices)
        except StopIteration as end:
            found: T = end.value
            return found

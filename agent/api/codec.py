"""JSON-RPC 2.0 as XenAPI speaks it: a request's bytes to a Request, an answer to bytes; no sockets here.

Another encoding is another module with the same four functions: decode, encode_result, encode_failure and
encode_malformed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TypeAlias

from agent.errors import Failure

JSON: TypeAlias = Mapping[str, "JSON"] | Sequence["JSON"] | str | int | float | bool | None
Id: TypeAlias = str | int | float | None

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
XENAPI_ERROR = 1

INT64 = range(-(2**63), 2**63)
LONGEST_NUMBER = 40
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Request:
    """A call as it came: the method's name as the caller wrote it, and its parameters by position."""

    method: str
    params: tuple[JSON, ...]
    id: Id


class Malformed(Exception):
    """The bytes are no request.  `code` is JSON-RPC's, `id` the request's where it could be read."""

    def __init__(self, code: int, text: str, request_id: Id = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.id = request_id


def decode(body: bytes) -> Request:
    """The request in a body; raises Malformed with what is wrong (JSON-RPC 2.0, sections 4 and 5.1)."""
    try:
        text = body.decode("utf-8")
        document = json.loads(text, parse_int=_integer, parse_float=_number, parse_constant=_no_number)
        if SURROGATE.search(text):
            _check_text(document)
    except RecursionError:
        raise Malformed(PARSE_ERROR, "Parse error: the JSON is nested too deeply") from None
    except UnicodeError:
        raise Malformed(PARSE_ERROR, "Parse error: the body is not Unicode in UTF-8") from None
    except ValueError as error:
        raise Malformed(PARSE_ERROR, f"Parse error: the body is not JSON: {error}") from None
    return _request(document)


def encode_result(value: JSON, request_id: Id) -> bytes:
    """The answer of a call that succeeded."""
    return _encode({"jsonrpc": "2.0", "result": value, "id": request_id})


def encode_failure(failure: Failure, request_id: Id) -> bytes:
    """The answer of a call that failed: XenAPI's error code as the message, its parameters as the data."""
    error: JSON = {"code": XENAPI_ERROR, "message": failure.code, "data": list(failure.parameters)}
    return _encode({"jsonrpc": "2.0", "error": error, "id": request_id})


def encode_malformed(malformed: Malformed) -> bytes:
    """The answer to what is no request."""
    error: JSON = {"code": malformed.code, "message": malformed.text, "data": []}
    return _encode({"jsonrpc": "2.0", "error": error, "id": malformed.id})


def _encode(document: JSON) -> bytes:
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii")


def _request(document: JSON) -> Request:
    if isinstance(document, list):
        raise _invalid("a batch is not supported, send one request at a time", None)
    if not isinstance(document, dict):
        raise _invalid("the body must be a JSON object", None)
    request_id = _id(document)
    if document.get("jsonrpc") != "2.0":
        raise _invalid('"jsonrpc" must be "2.0"', request_id)
    method, params = document.get("method"), document.get("params", [])
    if not isinstance(method, str):
        raise _invalid('"method" must be a string', request_id)
    if not isinstance(params, list):
        raise _invalid('"params" must be an array, because parameters go by position', request_id)
    return Request(method, tuple(params), request_id)


def _id(document: Mapping[str, JSON]) -> Id:
    """XenAPI answers every request, so that one without an id, a notification, is refused."""
    request_id = document.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, str | int | float):
        raise _invalid('"id" must be a string or a number', None)
    return request_id


def _invalid(reason: str, request_id: Id) -> Malformed:
    return Malformed(INVALID_REQUEST, f"Invalid Request: {reason}", request_id)


def _integer(text: str) -> int:
    # Length first: turning a million digits into a number takes seconds.
    if len(text) > LONGEST_NUMBER or int(text) not in INT64:
        raise ValueError("an integer does not fit in 64 bits")
    return int(text)


def _number(text: str) -> float:
    if not isfinite(float(text)):
        raise ValueError("a number is out of range")
    return float(text)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number in JSON")


def _check_text(document: JSON) -> None:
    """Half of a surrogate pair, written as an escape, is no character: it could never be sent or stored."""
    json.dumps(document, ensure_ascii=False).encode("utf-8")

"""JSON-RPC 2.0 and 1.0 as XenAPI speaks them: a request's bytes to a Request, an outcome to bytes.

Another encoding is another module with the same names: see agent.api.http.dispatch.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from math import isfinite

from agent.api.encodings.request import INVALID_REQUEST, PARSE_ERROR, Fault, Id, Malformed, Request
from agent.api.encodings.values import Fixed, Value, integer, written
from agent.errors import Failure, InternalError

CONTENT_TYPE = "application/json"
# XenAPI has 500 and a page in HTML for what is no JSON; whoever sends that is to be told what is wrong.
MALFORMED_STATUS = 400
XENAPI_ERROR = 1
SHORT = 19

SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


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


def encode_result(value: Value, request: Request) -> bytes:
    """The answer of a call that succeeded."""
    if request.version == "1.0":
        return _encode({"result": value, "error": None, "id": request.id})
    return _encode({"jsonrpc": "2.0", "result": value, "id": request.id})


def encode_failure(failure: Failure, request: Request) -> bytes:
    """The answer of a call that failed: XenAPI's error code as the message, its parameters as the data."""
    return _encode(_failed(failure, XENAPI_ERROR, request.id, request.version))


def encode_fault(fault: Fault, request: Request) -> bytes:
    """The answer of a call that could not be one."""
    return _encode(_failed(fault, fault.code, request.id, request.version))


def encode_malformed(malformed: Malformed) -> bytes:
    """The answer to what is no request; in JSON-RPC 2.0 where it does not say that it is 1.0."""
    return _encode(_failed(malformed, malformed.code, malformed.id, malformed.version))


def _failed(error: Failure | Fault | Malformed, code: int, request_id: Id, version: str) -> Value:
    """1.0 has room for XenAPI's code and parameters alone: what has none is an INTERNAL_ERROR there."""
    if version == "1.0":
        failure = error if isinstance(error, Failure) else InternalError(error.text)
        return {"result": None, "error": [failure.code, *failure.parameters], "id": request_id}
    message, data = (error.code, error.parameters) if isinstance(error, Failure) else (error.text, ())
    found: Value = {"code": code, "message": message, "data": data}
    return {"jsonrpc": "2.0", "error": found, "id": request_id}


def _encode(document: Value) -> bytes:
    return _text(document, PARTS).encode("ascii")


PARTS = 4
"""How many levels of an answer are written part by part.  The library writes one whole without a pause: of
thousands of records that would hold everybody up."""


def _text(value: Value, levels: int) -> str:
    if isinstance(value, Fixed):
        value.in_JSON = value.in_JSON or _dumped(value)
        return value.in_JSON
    if levels and isinstance(value, dict):
        members = (f"{_dumped(name)}:{_text(item, levels - 1)}" for name, item in value.items())
        return f"{{{','.join(members)}}}"
    if levels and isinstance(value, list | tuple):
        return f"[{','.join([_text(item, levels - 1) for item in value])}]"
    return _dumped(value)


def _dumped(value: Value) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_other)


def _other(value: object) -> Value:
    if isinstance(value, datetime):
        return written(value)
    raise TypeError(f"{type(value).__name__} is no value of XenAPI's")


def _request(document: Value) -> Request:
    if isinstance(document, list):
        raise _invalid("a batch is not supported, send one request at a time", None, "2.0")
    if not isinstance(document, dict):
        raise _invalid("the body must be a JSON object", None, "2.0")
    version = "2.0" if "jsonrpc" in document else "1.0"
    request_id = _id(document, version)
    if document.get("jsonrpc", "2.0") != "2.0":
        raise _invalid('"jsonrpc" must be "2.0"', request_id, version)
    method, params = document.get("method"), document.get("params", [])
    if not isinstance(method, str):
        raise _invalid('"method" must be a string', request_id, version)
    if not isinstance(params, list):
        raise _invalid('"params" must be an array, because parameters go by position', request_id, version)
    return Request(method, tuple(params), request_id, version)


def _id(document: Mapping[str, Value], version: str) -> Id:
    """XenAPI answers every request, so that one without an id, a notification, is refused."""
    request_id = document.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, str | int | float):
        raise _invalid('"id" must be a string or a number', None, version)
    return request_id


def _invalid(reason: str, request_id: Id, version: str) -> Malformed:
    return Malformed(INVALID_REQUEST, f"Invalid Request: {reason}", request_id, version)


def _integer(text: str) -> int:
    """What is this short can only be one that fits: of millions of them each is read quickly."""
    return int(text) if len(text) < SHORT else integer(text)


def _number(text: str) -> float:
    if not isfinite(float(text)):
        raise ValueError("a number is out of range")
    return float(text)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number in JSON")


def _check_text(document: Value) -> None:
    """Half of a surrogate pair, written as an escape, is no character: it could never be sent or stored."""
    json.dumps(document, ensure_ascii=False).encode("utf-8")

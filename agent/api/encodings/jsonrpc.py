"""JSON-RPC 2.0 and 1.0 as XenAPI speaks them: a request's bytes to a Request, an outcome to bytes.

Another encoding is another module with the same names: see agent.api.http.dispatch.
"""

from collections.abc import Generator, Iterator, Mapping

from agent.api.encodings.json_text import reading, writing
from agent.api.encodings.request import INVALID_REQUEST, PARSE_ERROR, Fault, Id, Malformed, Request, finished
from agent.api.encodings.values import Value
from agent.errors import Failure, InternalError

CONTENT_TYPE = "application/json"
# XenAPI has 500 and a page in HTML for what is no JSON; whoever sends that is to be told what is wrong.
MALFORMED_STATUS = 400
XENAPI_ERROR = 1


def decode(body: bytes) -> Request:
    """The request in a body; raises Malformed."""
    return finished(decoding(body))


def decoding(body: bytes) -> Generator[None, None, Request]:
    """The request in a body; raises Malformed with what is wrong (JSON-RPC 2.0, sections 4 and 5.1)."""
    try:
        document = yield from reading(body)
    except RecursionError:
        raise Malformed(PARSE_ERROR, "Parse error: the JSON is nested too deeply") from None
    except UnicodeError:
        raise Malformed(PARSE_ERROR, "Parse error: the body is not Unicode in UTF-8") from None
    except ValueError as error:
        raise Malformed(PARSE_ERROR, f"Parse error: the body is not JSON: {error}") from None
    return _request(document)


def encode_result(value: Value, request: Request) -> bytes:
    """The answer of a call that succeeded."""
    return "".join(result_parts(value, request)).encode("ascii")


def result_parts(value: Value, request: Request) -> Iterator[str]:
    """The answer of a call that succeeded, in parts."""
    if request.version == "1.0":
        return writing({"result": value, "error": None, "id": request.id})
    return writing({"jsonrpc": "2.0", "result": value, "id": request.id})


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
    return "".join(writing(document)).encode("ascii")


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

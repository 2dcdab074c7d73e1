"""Answers: what a server sent, read by a reader of its own, and whether it is what the input wanted."""

import json
import re
import xmlrpc.client
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any

from agent.api.calls.methods import Access, Method, table
from agent.errors import LONGEST
from tests.fuzz.input import Ending, Input, Wanted
from tests.fuzz.values import fits

STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) ([ -~]*)\r\n")
FIELD = re.compile(rb"([A-Za-z-]+): ([ -~]*)\r\n")
TYPES = {b"text/xml", b"application/json", b"text/plain; charset=utf-8"}
OF_FORM = frozenset(
    {"FIELD_TYPE_ERROR", "MESSAGE_PARAMETER_COUNT_MISMATCH", "MESSAGE_METHOD_UNKNOWN", "SESSION_INVALID"}
)
NO_FAILURE = re.compile("Invalid Request|Parse error|No async mode")
"""What JSON-RPC 1.0 has no other code for than INTERNAL_ERROR."""


class Wrong(AssertionError):
    """The answer, or what is left behind, is not as it has to be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One of HTTP's.  outcome: `success`, a failure's code, `fault`, or `` where it is not of a call."""

    status: int
    kind: bytes
    body: bytes

    @property
    def outcome(self) -> str:
        if self.kind == b"text/xml":
            return outcome_in_xml(self.body)
        return outcome_in_json(self.body) if self.kind == b"application/json" else ""


def answers(data: bytes) -> Iterator[Answer]:
    """Those in all that a connection was sent; raises Wrong for what is none, or is not whole."""
    while data:
        status = STATUS.match(data)
        head, end, rest = data.partition(b"\r\n\r\n")
        if not status or not end:
            raise Wrong(f"no HTTP: {data[:200]!r}")
        if status[1] == b"100":
            data = rest
            continue
        fields = dict(FIELD.findall(head[status.end() :] + b"\r\n"))
        length = int(fields[b"Content-Length"])
        if HTTPStatus(int(status[1])).phrase != status[2].decode() or fields[b"Content-Type"] not in TYPES:
            raise Wrong(f"a strange head: {head!r}")
        if len(rest) < length and rest:
            raise Wrong(f"half an answer: {data[:200]!r}")
        yield Answer(int(status[1]), fields[b"Content-Type"], rest[:length])
        data = rest[length:]


def outcome_in_xml(body: bytes) -> str:
    """Of an answer in XenAPI's envelope."""
    found: Any
    try:
        ((found,), _) = xmlrpc.client.loads(body)
    except xmlrpc.client.Fault as fault:
        return "fault" if fault.faultCode in (-32700, -32600, -32601) else f"fault {fault.faultCode}"
    if found.keys() == {"Status", "Value"} and found["Status"] == "Success":
        return "success"
    if found.keys() == {"Status", "ErrorDescription"} and found["Status"] == "Failure":
        return code_of(found["ErrorDescription"])
    raise Wrong(f"no envelope: {body[:200]!r}")


def outcome_in_json(body: bytes) -> str:
    """Of an answer of either version."""
    found = json.loads(body.decode("ascii"), parse_constant=no_number)
    if found.keys() == {"jsonrpc", "result", "id"}:
        return "success"
    if found.keys() == {"result", "error", "id"} and None in (found["result"], found["error"]):
        error = found["error"]
        if error is None:
            return "success"
        return "fault" if error[0] == "INTERNAL_ERROR" and NO_FAILURE.match(error[1]) else code_of(error)
    if found.keys() != {"jsonrpc", "error", "id"}:
        raise Wrong(f"no JSON-RPC: {body[:200]!r}")
    error = found["error"]
    return code_of([error["message"], *error["data"]]) if error["code"] == 1 else "fault"


def no_number(text: str) -> float:
    raise Wrong(f"{text} is not a number in JSON")


def code_of(description: list[Any]) -> str:
    """A failure's code; all its parts are text, and none is long."""
    if not all(isinstance(part, str) and len(part) <= LONGEST + 1 for part in description):
        raise Wrong(f"a strange failure: {str(description)[:2000]}")
    return str(description[0])


def check(one: Input, sent: bytes, data: bytes) -> list[Answer]:
    """The answers to an input, if they are as they have to be; raises Wrong."""
    found = list(answers(data))
    if any(answer.outcome == "INTERNAL_ERROR" or answer.status in (500, 503) for answer in found):
        raise Wrong("an internal error")
    if len(found) > one.requests or (not found and one.ending is Ending.STAYS):
        raise Wrong(f"{len(found)} answers to {one.requests} requests")
    if one.wanted is not Wanted.ANY:
        for answer in found or (None,):
            check_outcome(one, sent, answer.outcome if answer else "nothing")
    return found


def check_outcome(one: Input, sent: bytes, outcome: str) -> None:
    """Whether it is the one that is wanted."""
    match one.wanted:
        case Wanted.SUCCESS if outcome != "success":
            raise Wrong(f"{outcome} for a good call")
        case Wanted.FITTING if outcome in OF_FORM or outcome in ("fault", ""):
            raise Wrong(f"{outcome} for a call that fits")
        case Wanted.REFUSED if outcome == "success":
            raise Wrong("a success for a call with a mistake")
        case Wanted.CAREFUL if outcome == "success" and not is_call(sent):
            raise Wrong("a success for what is no call")


def is_call(sent: bytes) -> bool:
    """Whether a request's body is a call that fits, by the readers of the standard library."""
    head, _, body = sent.partition(b"\r\n\r\n")
    try:
        name, params = read_json(body) if b" /jsonrpc " in head else read_xml(body)
    except (ValueError, TypeError, KeyError):
        return False
    method = method_of(name)
    return method is not None and suits(method, params)


def read_json(body: bytes) -> tuple[Any, Any]:
    document = json.loads(body.decode("utf-8"))
    return document["method"], document.get("params", [])


def read_xml(body: bytes) -> tuple[Any, Any]:
    params, name = xmlrpc.client.loads(body)
    return (name or "").strip(), list(params)


def method_of(name: str) -> Method | None:
    """The method of a name, with a point or with an underline."""
    return table().get(name) or next((m for m in table().values() if m.name.replace(".", "_") == name), None)


def suits(method: Method, params: list[Any]) -> bool:
    """Whether the number of the parameters is right, and each fits its type."""
    own = params[method.takes_session :]
    wanted = [parameter for parameter in method.parameters if parameter.required]
    if len(params) < method.takes_session or not len(wanted) <= len(own) <= len(method.parameters):
        return False
    return all(fits(parameter.type, value) for parameter, value in zip(method.parameters, own, strict=False))


def may_change(sent: bytes) -> bool:
    """Whether a request's body may name a method that changes something."""
    return any(name in sent for name in _changing())


@cache
def _changing() -> list[bytes]:
    names = [name for name, method in table().items() if method.access is Access.CHANGE]
    return [spelt.encode() for name in names for spelt in (name, name.replace(".", "_"))]

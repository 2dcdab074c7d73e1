"""XML-RPC as XenAPI speaks it: a call's bytes to a Request, an outcome to bytes in XenAPI's envelope.

Every outcome is HTTP 200 with one struct, {Status: Success, Value} or {Status: Failure, ErrorDescription}.
A fault is for what is no call.  Reading is in agent.api.encodings.xml_call.

Writing is our own: of the standard library's marshaller only arrays would be left, since XenAPI's integers
are strings, and what XML has no way to write must arrive as U+FFFD, in the names of members as well.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from math import isfinite
from typing import Any

from agent.api.encodings.request import Fault, Malformed, Request
from agent.api.encodings.values import Fixed, Value, is_flat, written
from agent.api.encodings.xml_call import decode as decode
from agent.api.encodings.xml_call import decoding as decoding
from agent.errors import Failure

CONTENT_TYPE = "text/xml"
MALFORMED_STATUS = 200  # clients look for a fault in no other answer

HEAD = "<?xml version='1.0'?><methodResponse>"
SUCCESS = (
    f"{HEAD}<params><param><value><struct><member><name>Status</name><value>Success</value></member>"
    "<member><name>Value</name>"
)
FAILURE = (
    f"{HEAD}<params><param><value><struct><member><name>Status</name><value>Failure</value></member>"
    "<member><name>ErrorDescription</name>"
)
TRUE, FALSE = (f"<value><boolean>{number}</boolean></value>" for number in (1, 0))
ARRAYS = (list, tuple)
END = "</member></struct></value></param></params></methodResponse>"

# XML has no way to write the other control characters, halves of surrogate pairs, U+FFFE and U+FFFF: U+FFFD,
# "replacement character", stands for them.  An XML parser takes a bare carriage return for a line feed.
UNWRITABLE = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
SPECIAL = re.compile(f"[&<>\r{UNWRITABLE}]")
ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


def encode_result(value: Value, request: Request) -> bytes:
    """The answer of a call that succeeded."""
    return "".join(result_parts(value, request)).encode()


def result_parts(value: Value, request: Request) -> Iterator[str]:
    """The answer of a call that succeeded, in parts."""
    yield SUCCESS
    yield from _parts(value, Members())
    yield END


def encode_failure(failure: Failure, request: Request) -> bytes:
    """The answer of a call that failed: XenAPI's error code, then its parameters."""
    return f"{FAILURE}{encode_value([failure.code, *failure.parameters])}{END}".encode()


def encode_fault(fault: Fault, request: Request) -> bytes:
    """The answer of a call that could not be one."""
    return _fault(fault.code, fault.text)


def encode_malformed(malformed: Malformed) -> bytes:
    """The answer to what is no call."""
    return _fault(malformed.code, malformed.text)


def _fault(code: int, text: str) -> bytes:
    """The one place where an integer is no string: the code of a fault has its type from XML-RPC."""
    return (
        f"{HEAD}<fault><value><struct><member><name>faultCode</name><value><int>{code}</int></value></member>"
        f"<member><name>faultString</name>{encode_value(text)}</member></struct></value></fault>"
        "</methodResponse>"
    ).encode()


def encode_value(value: Value) -> str:
    """The `<value>` element of a value, as the result of a task has it."""
    return _element(value, Members())


class Members(dict[str, str]):
    """The beginning of a struct's member by its name: thousands of records have the same few dozen names."""

    def __missing__(self, name: str) -> str:
        found = self[name] = f"<member><name>{_escaped(name)}</name>"
        return found


def _element(value: Any, members: Members) -> str:
    """The most frequent types come first.  A string needs no element of its own."""
    if isinstance(value, str):
        return f"<value>{_escaped(value)}</value>" if value else "<value></value>"
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if isinstance(value, Fixed):
        value.in_XML = value.in_XML or _struct(value, members)
        return value.in_XML
    if isinstance(value, dict):
        return _struct(value, members)
    if isinstance(value, ARRAYS):
        items = [_element(item, members) for item in value]
        return f"<value><array><data>{''.join(items)}</data></array></value>"
    return f"<value>{_scalar(value)}</value>"


def _parts(value: Any, members: Members) -> Iterator[str]:
    """The `<value>` element of a value, in parts that are each made quickly."""
    if isinstance(value, dict) and not isinstance(value, Fixed) and not is_flat(value.values()):
        yield "<value><struct>"
        for name, item in value.items():
            yield members[name]
            yield from _parts(item, members)
            yield "</member>"
        yield "</struct></value>"
    elif isinstance(value, ARRAYS) and not is_flat(value):
        yield "<value><array><data>"
        for item in value:
            yield from _parts(item, members)
        yield "</data></array></value>"
    else:
        yield _element(value, members)


def _struct(value: dict[str, Any], members: Members) -> str:
    items = [f"{members[name]}{_element(item, members)}</member>" for name, item in value.items()]
    return f"<value><struct>{''.join(items)}</struct></value>"


def _scalar(value: object) -> str:
    """XenAPI's integers have 64 bits, and travel as strings because XML-RPC's have 32."""
    match value:
        case str():
            return _escaped(value)
        case int():
            return str(value)
        case float() if isfinite(value):
            return f"<double>{value!r}</double>"
        case datetime():
            return f"<dateTime.iso8601>{written(value)}</dateTime.iso8601>"
        case None:
            return "<nil/>"
    raise TypeError(f"{value!r} is no value of XenAPI's")


def _escaped(text: str) -> str:
    # Printable is asked first because it is the quickest to say that most strings have nothing special.
    if text.isprintable() and not ("&" in text or "<" in text or ">" in text):
        return text
    return SPECIAL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return ESCAPES.get(found[0], "\ufffd")

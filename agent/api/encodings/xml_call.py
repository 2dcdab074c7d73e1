"""The reading of an XML-RPC call: strict about its structure, and safe, whatever the XML tries.

No document type, so no entities but XML's own five; no processing instructions; no element that a call does
not have; depth and numbers within bounds.  Attributes and comments say nothing in XML-RPC, and are skipped.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from math import isfinite
from typing import Any, NoReturn
from xml.parsers import expat

from agent.api.encodings.date import read
from agent.api.encodings.echo import shortened
from agent.api.encodings.request import INVALID_REQUEST, PARSE_ERROR, Malformed, Request, Value, integer

DEEPEST = 200
ENCODINGS = frozenset({"utf-8", "utf-16", "us-ascii", "iso-8859-1"})  # expat's own
DOUBLE = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LONGEST_DOUBLE = 400

# The elements inside an element: one each in this order, or any number of the same.
IN_ORDER: Mapping[str, tuple[str, ...]] = {
    "": ("methodCall",),
    "methodCall": ("methodName", "params"),
    "param": ("value",),
    "array": ("data",),
    "member": ("name", "value"),
}
REPEATED: Mapping[str, str] = {"params": "param", "data": "value", "struct": "member"}


def decode(body: bytes) -> Request:
    """The call in a body; raises Malformed with what is wrong."""
    reading = Reading()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    parser.XmlDeclHandler = _check_declaration
    parser.StartDoctypeDeclHandler = _no_doctype
    parser.ProcessingInstructionHandler = _no_instruction
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise Malformed(PARSE_ERROR, f"Parse error: the body is not XML: {error}") from None
    (call,) = reading.root.parts
    assert isinstance(call, Request)
    return call


class Element:
    """An element that is open, with the values of those inside it that are closed, and its text."""

    __slots__ = ("parts", "tag", "texts")

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.parts: list[Any] = []
        self.texts: list[str] = []


class Reading:
    """The elements that are open, outermost first; each leaves its value in the one around it."""

    def __init__(self) -> None:
        self.root = Element("")
        self._open = [self.root]

    def start(self, tag: str, attributes: object) -> None:
        """An element begins."""
        around = self._open[-1]
        if tag == "base64":
            raise _invalid("<base64> is not spoken here: XenAPI has no such type")
        if not _may_come(tag, around):
            raise _invalid(f"<{shortened(tag)}> must not stand here {_place(around)}")
        if len(self._open) > DEEPEST:
            raise _invalid("the XML is nested too deeply")
        self._open.append(Element(tag))

    def text(self, text: str) -> None:
        """Some text of the innermost element, kept where an element can have any."""
        element = self._open[-1]
        if element.tag in IN_ORDER or element.tag in REPEATED:
            if not text.isspace():
                raise _invalid(f"there must be no text {_place(element)}")
        else:
            element.texts.append(text)

    def end(self, tag: str) -> None:
        """An element ends: what it stands for is one more part of the element around it."""
        element = self._open.pop()
        found = VALUE_OF[tag](element)
        self._open[-1].parts.append(found)


def _may_come(tag: str, around: Element) -> bool:
    """Whether the element may follow those that are already there."""
    have = len(around.parts)
    if around.tag in REPEATED:
        return tag == REPEATED[around.tag]
    if around.tag == "value":
        return have == 0 and tag in TYPES
    return tag in IN_ORDER.get(around.tag, ())[have : have + 1]


def _place(around: Element) -> str:
    return f"in <{around.tag}>" if around.tag else "outside of <methodCall>"


def _call(element: Element) -> Request:
    if not element.parts:
        raise _invalid("<methodCall> has no <methodName>")
    name, *params = element.parts
    return Request(name, tuple(*params))


def _only(element: Element) -> Value:
    """The one part of an element that must have one."""
    if not element.parts:
        raise _invalid(f"<{element.tag}> has no <{IN_ORDER[element.tag][0]}>")
    found: Value = element.parts[0]
    return found


def _all(element: Element) -> Value:
    return element.parts


def _member(element: Element) -> tuple[str, Value]:
    if len(element.parts) < 2:
        raise _invalid(f"<member> has no <{IN_ORDER['member'][len(element.parts)]}>")
    name, value = element.parts
    return name, value


def _struct(element: Element) -> Value:
    found: dict[str, Value] = dict(element.parts)
    if len(found) != len(element.parts):
        raise _invalid("two members of a <struct> have the same <name>")
    return found


def _value(element: Element) -> Value:
    """The value that its type makes of it; without a type it is a string."""
    if not element.parts:
        return _string(element)
    if not all(text.isspace() for text in element.texts):
        raise _invalid("a <value> has text beside its type")
    found: Value = element.parts[0]
    return found


def _string(element: Element) -> str:
    return "".join(element.texts)


def _written(element: Element) -> str:
    """The text of a number, date or the like, where space around it says nothing."""
    return _string(element).strip()


def _integer(element: Element) -> int:
    try:
        return integer(_written(element))
    except ValueError as error:
        raise _no_value(element, str(error)) from None


def _double(element: Element) -> float:
    text = _written(element)
    if len(text) > LONGEST_DOUBLE or not DOUBLE.fullmatch(text) or not isfinite(float(text)):
        raise _no_value(element, "a number is finite, and written in decimal digits")
    return float(text)


def _boolean(element: Element) -> bool:
    text = _written(element)
    if text not in ("0", "1"):
        raise _no_value(element, "a boolean is 0 or 1")
    return text == "1"


def _date(element: Element) -> datetime:
    try:
        return read(_written(element))
    except ValueError as error:
        raise _no_value(element, str(error)) from None


def _nil(element: Element) -> None:
    """As JSON's null: read, so that the error can name the parameter that it is not for."""
    if _written(element):
        raise _no_value(element, "it must be empty")


TYPES: Mapping[str, Callable[[Element], Value]] = {
    "string": _string,
    "i4": _integer,
    "int": _integer,
    "i8": _integer,
    "double": _double,
    "boolean": _boolean,
    "dateTime.iso8601": _date,
    "nil": _nil,
    "array": _only,
    "struct": _struct,
}
VALUE_OF: Mapping[str, Callable[[Element], Any]] = {
    **TYPES,
    "methodCall": _call,
    "methodName": _written,
    "params": _all,
    "param": _only,
    "value": _value,
    "data": _all,
    "member": _member,
    "name": _string,
}


def _no_value(element: Element, reason: str) -> Malformed:
    return _invalid(f"<{element.tag}> holds {shortened(_written(element))!r}: {reason}")


def _invalid(reason: str) -> Malformed:
    return Malformed(INVALID_REQUEST, f"Invalid call: {reason}")


def _check_declaration(version: str, encoding: str | None, standalone: int) -> None:
    if encoding is not None and encoding.lower() not in ENCODINGS:
        raise Malformed(PARSE_ERROR, f"Parse error: the encoding {shortened(encoding)!r} is not known here")


def _no_doctype(*declaration: object) -> NoReturn:
    raise Malformed(PARSE_ERROR, "Parse error: a document type declaration is not allowed")


def _no_instruction(target: str, data: str) -> NoReturn:
    raise Malformed(PARSE_ERROR, "Parse error: a processing instruction is not allowed")

"""The reading of an XML-RPC call: expat and the standard library's unmarshaller, held to XML-RPC's rules.

The unmarshaller takes anything for a call.  So before it sees an element, this checks that the element may
stand where it does.  No document type, so no entities but XML's own five; no processing instructions; depth
and numbers within bounds.  Attributes and comments say nothing in XML-RPC, and are skipped.
"""

import re
from collections.abc import Callable, Generator, Mapping
from datetime import datetime
from math import isfinite
from typing import Any, NoReturn, cast
from xml.parsers import expat
from xmlrpc.client import Unmarshaller

from agent.api.encodings.request import INVALID_REQUEST, PARSE_ERROR, Malformed, Request, finished
from agent.api.encodings.values import NoDate, Value, date, integer, shortened

DEEPEST = 200
SLICE = 4 * 1024
"""Bytes that are read in one go: a few milliseconds at the worst."""
LARGER_SLICE = 32 * 1024
"""In the middle of a long comment, which expat begins to read anew with each slice."""
COMMENT = b"<!--"
MOST_MEMBERS = 25_000
"""Of one struct, which is made in one go."""
MOST_ELEMENTS = 1_000_000
"""Of one call: a value takes far more memory than the characters that it is written in."""
ENCODINGS = frozenset({"utf-8", "utf-16", "us-ascii", "iso-8859-1"})  # expat's own
DOUBLE = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LONGEST_DOUBLE = 400
NUMBER = "a number is finite, and written in decimal digits"


def number(text: str) -> float:
    """The number in a text; raises ValueError."""
    if len(text) > LONGEST_DOUBLE or not DOUBLE.fullmatch(text) or not isfinite(float(text)):
        raise ValueError(NUMBER)
    return float(text)


def boolean(text: str) -> bool:
    """0 or 1; raises ValueError."""
    if text not in ("0", "1"):
        raise ValueError("a boolean is 0 or 1")
    return text == "1"


def nil(text: str) -> None:
    """As JSON's null: read, so that the error can name the parameter that it is not for."""
    if text:
        raise ValueError("it must be empty")


def date_or_not(text: str) -> datetime | NoDate:
    """The date in a text, if it is one."""
    try:
        return date(text)
    except ValueError:
        return NoDate(text)


SCALARS: Mapping[str, Callable[[str], Any]] = {
    "i4": integer,
    "int": integer,
    "i8": integer,
    "double": number,
    "boolean": boolean,
    "dateTime.iso8601": date_or_not,
    "nil": nil,
}
"""Types whose text has a value; space around it says nothing."""

# By state, the elements that may come: each with the state that follows it, and the one inside it.
MAY_COME: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "": {"methodCall": ("complete", "methodCall")},
    "methodCall": {"methodName": ("named", "text")},
    "named": {"params": ("complete", "params")},
    "params": {"param": ("params", "param")},
    "param": {"value": ("complete", "value")},
    "value": {
        "string": ("typed", "text"),
        "array": ("typed", "array"),
        "struct": ("typed", "struct"),
        **dict.fromkeys(SCALARS, ("typed", "text")),
    },
    "array": {"data": ("complete", "data")},
    "data": {"value": ("data", "value")},
    "struct": {"member": ("struct", "member")},
    "member": {"name": ("member named", "text")},
    "member named": {"value": ("complete", "value")},
    "typed": {},
    "text": {},
    "complete": {},
}
# The states that an element must not end in, and what it lacks then.
LACKS = {
    "methodCall": "methodName",
    "param": "value",
    "array": "data",
    "member": "name",
    "member named": "value",
}
WITH_TEXT = frozenset({"text", "value"})


def decode(body: bytes) -> Request:
    """The call in a body; raises Malformed."""
    return finished(decoding(body))


def decoding(body: bytes) -> Generator[None, None, Request]:
    """The call in a body; raises Malformed with what is wrong."""
    reading = Reading()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.data
    parser.XmlDeclHandler = _check_declaration
    parser.StartDoctypeDeclHandler = _no_doctype
    parser.ProcessingInstructionHandler = _no_instruction
    try:
        start, size = 0, SLICE
        while start < len(body):
            parser.Parse(body[start : start + size], False)
            start += size
            size = SLICE
            if start - parser.CurrentByteIndex > LARGER_SLICE:
                size = LARGER_SLICE
                if not body.startswith(COMMENT, parser.CurrentByteIndex):
                    raise _invalid(f"a tag has more than {LARGER_SLICE} bytes")
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Malformed(PARSE_ERROR, f"Parse error: the body is not XML: {error}") from None
    method = reading.getmethodname()
    assert method is not None
    return Request(method.strip(), cast(tuple[Value, ...], reading.close()))


class Reading(Unmarshaller):
    """The unmarshaller, with the elements that are open, and the states that they are left in."""

    def __init__(self) -> None:
        super().__init__()
        self._encoding = ""  # the texts are decoded already
        self._state = ""
        self._tags = [""]
        self._states: list[str] = []
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._count += 1
        if self._count > MOST_ELEMENTS:
            raise _invalid(f"there are more than {MOST_ELEMENTS} elements")
        found = MAY_COME[self._state].get(tag)
        if found is None:
            raise _invalid(_misplaced(tag, self._tags[-1]))
        if self._state == "value" and self._data and not "".join(self._data).isspace():
            raise _invalid("a <value> has text beside its type")
        if len(self._tags) > DEEPEST:
            raise _invalid("the XML is nested too deeply")
        self._tags.append(tag)
        self._states.append(found[0])
        self._state = found[1]
        super().start(tag, attributes)

    def data(self, text: str) -> None:
        """Some text of the innermost element, where an element can have any."""
        if self._state in WITH_TEXT:
            self._data.append(text)
        elif not text.isspace():
            is_typed = self._state == "typed"
            place = _place(self._tags[-1])
            raise _invalid(
                "a <value> has text beside its type" if is_typed else f"there must be no text {place}"
            )

    def end(self, tag: str) -> None:
        """An element ends, with all in it that must be there."""
        if self._state in LACKS:
            raise _invalid(f"<{tag}> has no <{LACKS[self._state]}>")
        self._tags.pop()
        self._state = self._states.pop()
        if tag in SCALARS:
            self._read(tag, "".join(self._data).strip())
        elif tag in self.dispatch:
            if tag == "struct":
                self._check_names()
            self.dispatch[tag](self, "".join(self._data))

    def _read(self, tag: str, text: str) -> None:
        try:
            self.append(SCALARS[tag](text))
        except ValueError as error:
            raise _invalid(f"<{tag}> holds {shortened(text)!r}: {error}") from None

    def _check_names(self) -> None:
        names = self._stack[self._marks[-1] :: 2]
        if len(names) > MOST_MEMBERS:
            raise _invalid(f"a <struct> has more than {MOST_MEMBERS} members")
        if len(set(names)) < len(names):
            raise _invalid("two members of a <struct> have the same <name>")


def _misplaced(tag: str, around: str) -> str:
    if tag == "base64":
        return "<base64> is not spoken here: XenAPI has no such type"
    return f"<{shortened(tag)}> must not stand here {_place(around)}"


def _place(around: str) -> str:
    return f"in <{around}>" if around else "outside of <methodCall>"


def _invalid(reason: str) -> Malformed:
    return Malformed(INVALID_REQUEST, f"Invalid call: {reason}")


def _check_declaration(version: str, encoding: str | None, standalone: int) -> None:
    if encoding is not None and encoding.lower() not in ENCODINGS:
        raise Malformed(PARSE_ERROR, f"Parse error: the encoding {shortened(encoding)!r} is not known here")


def _no_doctype(*declaration: object) -> NoReturn:
    raise Malformed(PARSE_ERROR, "Parse error: a document type declaration is not allowed")


def _no_instruction(target: str, data: str) -> NoReturn:
    raise Malformed(PARSE_ERROR, "Parse error: a processing instruction is not allowed")

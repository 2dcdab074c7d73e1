"""JSON of any size, read and written in slices: each is short enough that everybody else can wait for it.

The standard library's reader is many times as fast, but holds everybody up until it is done: a few megabytes
take it a second.  What is short is read by it; the tests hold the two to the same outcome.
"""

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import datetime
from itertools import count
from json.decoder import scanstring  # type: ignore[attr-defined]  # it is not in typeshed
from math import isfinite
from typing import Any

from agent.api.encodings.request import PARSE_ERROR, Malformed
from agent.api.encodings.values import Fixed, Value, integer, is_flat, written

SHORT = 32 * 1024
"""Characters that are read in one go: a few milliseconds at the worst."""
SLICE = 64 * 1024
AT_ONCE = 500
MOST_VALUES = 250_000
"""Of one text: a value takes far more memory than the characters that it is written in."""
LONGEST = 1024 * 1024
"""Characters of one string, as it is written: it is read in one go."""
DEEPEST = 500
SHORT_INTEGER = 19
FEW = 200

BLANKS = frozenset(" \t\n\r")
SPACE = re.compile(r"[ \t\n\r]*")
NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
WORDS: Mapping[str, tuple[str, Value]] = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}
NO_NUMBERS = ("NaN", "Infinity", "-Infinity")
CONTAINERS: Mapping[str, Callable[[], Any]] = {"[": list, "{": dict}
CLOSES: Mapping[type, str] = {list: "]", dict: "}"}

OPEN = object()
"""In the place of a value that has not ended."""


def reading(body: bytes) -> Generator[None, None, Value]:
    """The value in a body.  Raises Malformed, ValueError, UnicodeError, RecursionError."""
    if len(body) > SHORT:
        text = yield from _decoded(body)
        return (yield from _sliced(text))
    text = body.decode("utf-8")
    document: Value = json.loads(text, parse_int=_integer, parse_float=_number, parse_constant=_no_number)
    if SURROGATE.search(text):
        _check_text(json.dumps(document, ensure_ascii=False))
    return document


def _decoded(body: bytes) -> Generator[None, None, str]:
    decoder = getincrementaldecoder("utf-8")()
    parts: list[str] = []
    for start in range(0, len(body), SLICE):
        parts.append(decoder.decode(body[start : start + SLICE], start + SLICE >= len(body)))
        yield
    return "".join(parts)


def _sliced(text: str) -> Generator[None, None, Value]:
    """The standard library's reader as a loop, with a stack of the containers that are open."""
    at = paused_at = _skip(text, 0)
    stack: list[tuple[Any, str]] = []
    for number in count(1):
        if number > MOST_VALUES:
            raise Malformed(PARSE_ERROR, f"Parse error: there are more than {MOST_VALUES} values")
        if number % AT_ONCE == 0 or at - paused_at > SLICE:
            paused_at = at
            yield
        value, at = _begun(text, at, stack)
        if value is not OPEN:
            value, at = _put(text, _skip(text, at), stack, value)
        if value is not OPEN:
            if at < len(text):
                raise json.JSONDecodeError("Extra data", text, at)
            document: Value = value
            return document
    raise AssertionError


def _begun(text: str, at: int, stack: list[tuple[Any, str]]) -> tuple[Any, int]:
    """The value that begins here, and its end; of a container that is not empty OPEN, and its first item."""
    letter = text[at : at + 1]
    if letter not in CONTAINERS:
        return _scalar(text, at)
    container: Any = CONTAINERS[letter]()
    at = _skip(text, at + 1)
    if text[at : at + 1] == CLOSES[type(container)]:
        return container, at + 1
    name, at = _name(text, at) if letter == "{" else ("", at)
    stack.append((container, name))
    if len(stack) > DEEPEST:
        raise RecursionError
    return OPEN, at


def _put(text: str, at: int, stack: list[tuple[Any, str]], value: Any) -> tuple[Any, int]:
    """Put a value into its container, and that, where it ends, into its own; OPEN where another comes."""
    while stack:
        container, name = stack[-1]
        if isinstance(container, list):
            container.append(value)
        else:
            container[name] = value
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
            if isinstance(container, dict):
                name, at = _name(text, at)
                stack[-1] = container, name
            return OPEN, at
        if text[at : at + 1] != CLOSES[type(container)]:
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
        at = _skip(text, at + 1)
        value = stack.pop()[0]
    return value, at


def _name(text: str, at: int) -> tuple[str, int]:
    """The name of a member, and where its value begins."""
    if text[at : at + 1] != '"':
        raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
    name, at = _string(text, at)
    at = _skip(text, at)
    if text[at : at + 1] != ":":
        raise json.JSONDecodeError("Expecting ':' delimiter", text, at)
    return name, _skip(text, at + 1)


def _scalar(text: str, at: int) -> tuple[Value, int]:
    letter = text[at : at + 1]
    if letter == '"':
        return _string(text, at)
    word, value = WORDS.get(letter, ("", None))
    if word and text.startswith(word, at):
        return value, at + len(word)
    for word in NO_NUMBERS:
        if text.startswith(word, at):
            _no_number(word)
    found = NUMBER.match(text, at)
    if found is None:
        raise json.JSONDecodeError("Expecting value", text, at)
    is_whole = found[2] is None and found[3] is None
    return _integer(found[0]) if is_whole else _number(found[0]), found.end()


def _string(text: str, at: int) -> tuple[str, int]:
    if len(text) - at > LONGEST:
        _check_length(text, at + 1)
    value, end = scanstring(text, at + 1, True)
    if not value.isascii():
        _check_text(value)
    return value, end


def _check_length(text: str, at: int) -> None:
    """The string that begins here has an end that is not too far away."""
    size = FEW
    while size < LONGEST:
        size *= 2
        if '"' in text[at : at + size].replace("\\\\", "").replace('\\"', ""):
            return
    raise Malformed(PARSE_ERROR, f"Parse error: a string has more than {LONGEST} characters")


def _skip(text: str, at: int) -> int:
    """The next place that is no space."""
    if text[at : at + 1] not in BLANKS:
        return at
    found = SPACE.match(text, at)
    return found.end() if found is not None else at


def _integer(text: str) -> int:
    """What is this short can only be one that fits: of many of them each is read quickly."""
    return int(text) if len(text) < SHORT_INTEGER else integer(text)


def _number(text: str) -> float:
    if not isfinite(float(text)):
        raise ValueError("a number is out of range")
    return float(text)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number in JSON")


def _check_text(text: str) -> None:
    """Half of a surrogate pair, written as an escape, is no character: it could never be sent or stored."""
    text.encode("utf-8")


def writing(value: Value) -> Iterator[str]:
    """The JSON of a value in parts, all of ASCII.  Raises TypeError and ValueError for what JSON has not."""
    if isinstance(value, Fixed):
        value.in_JSON = value.in_JSON or _whole(value)
        yield value.in_JSON
    elif isinstance(value, dict) and not is_flat(value.values()):
        mark = "{"
        for name, item in value.items():
            yield f"{mark}{_whole(name)}:"
            yield from writing(item)
            mark = ","
        yield "}"
    elif isinstance(value, list | tuple) and not is_flat(value):
        mark = "["
        for item in value:
            yield mark
            yield from writing(item)
            mark = ","
        yield "]"
    else:
        yield _whole(value)


def _other(value: object) -> Value:
    if isinstance(value, datetime):
        return written(value)
    raise TypeError(f"{type(value).__name__} is no value of XenAPI's")


_whole = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_other).encode

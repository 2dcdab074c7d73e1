"""Expression: the language that says which records are wanted, for get_all_records_where (XenAPI, db_filter).

    field "name__label" = "storage" and not (field "MTU" = "1500")

A comparison has on either side a `field` or a text, in double or single quotes; there a backslash before a
quote or a backslash makes that a part of the text, and before anything else is itself.  `and` and `or` bind
alike, from the left, and `not` reaches as far as it can, up to the closing parenthesis or the end: so it is
in XenAPI, and scripts were tried out there.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

DEEPEST = 100
"""Levels of parentheses and nots."""
MOST_TERMS = 1000
"""Comparisons and constants."""

PIECE = re.compile(
    r"""[A-Za-z]+ | [=()] | "(?P<double>(?:[^"\\]|\\.)*)" | '(?P<single>(?:[^'\\]|\\.)*)'""",
    re.DOTALL | re.VERBOSE,
)
BLANK = re.compile(r"\s*")
ESCAPED = re.compile(r"""\\(["'\\])""")
END = "the end"


class Unreadable(Exception):
    """The text is no expression: why, and where, for people to read."""


@dataclass(frozen=True, slots=True)
class Constant:
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """name: as it was written; XenAPI's database has `__` where the wire has `_`."""

    name: str


Operand: TypeAlias = Literal | Field


@dataclass(frozen=True, slots=True)
class Equal:
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Not:
    inner: "Expression"


@dataclass(frozen=True, slots=True)
class Chain:
    """Expressions with `and` or `or` between them: `first`, then each word with what follows it, in turn."""

    first: "Expression"
    rest: tuple[tuple[str, "Expression"], ...]


Expression: TypeAlias = Constant | Equal | Not | Chain


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, a sign or END as it stands; or a text that was quoted, without its quotes."""

    text: str
    quoted: bool
    place: int


def parsed(text: str) -> Expression:
    """The expression that a text is; raises Unreadable."""
    parser = Parser(pieces(text))
    found = parser.expression(0)
    parser.take(END)
    return found


def holds(expression: Expression, fields: Mapping[str, str]) -> bool:
    """Whether a record is wanted whose fields print like this; all that are compared have to be there."""
    if isinstance(expression, Constant):
        return expression.value
    if isinstance(expression, Equal):
        return printed(expression.left, fields) == printed(expression.right, fields)
    if isinstance(expression, Not):
        return not holds(expression.inner, fields)
    found = holds(expression.first, fields)
    for word, other in expression.rest:
        if found == (word == "and"):  # else it is decided already
            found = holds(other, fields)
    return found


def printed(operand: Operand, fields: Mapping[str, str]) -> str:
    return operand.text if isinstance(operand, Literal) else fields[operand.name]


def fields_in(expression: Expression) -> Iterator[str]:
    """The names of the fields that are compared, as they were written."""
    if isinstance(expression, Equal):
        sides = (expression.left, expression.right)
        yield from (side.name for side in sides if isinstance(side, Field))
    elif isinstance(expression, Not):
        yield from fields_in(expression.inner)
    elif isinstance(expression, Chain):
        for inner in (expression.first, *(other for _, other in expression.rest)):
            yield from fields_in(inner)


def pieces(text: str) -> Iterator[Piece]:
    """What a text consists of; raises Unreadable at what is none of it."""
    place = _after_blanks(text, 0)
    while place < len(text):
        found = PIECE.match(text, place)
        if found is None:
            raise Unreadable(f"at character {place + 1}: {_trouble(text[place])}")
        quoted = found["double"] if found["double"] is not None else found["single"]
        if quoted is None:
            yield Piece(found[0], quoted=False, place=place)
        else:
            yield Piece(ESCAPED.sub(r"\1", quoted), quoted=True, place=place)
        place = _after_blanks(text, found.end())
    yield Piece(END, quoted=False, place=place)


def _after_blanks(text: str, place: int) -> int:
    blank = BLANK.match(text, place)
    return blank.end() if blank else place


def _trouble(character: str) -> str:
    return "this quoted text does not end" if character in "\"'" else f"{character!r} means nothing here"


class Parser:
    """Reads the pieces one after the other."""

    def __init__(self, found: Iterator[Piece]) -> None:
        self._pieces = found
        self._next = next(found)
        self._terms = 0

    def expression(self, depth: int) -> Expression:
        """As much as can be read."""
        if depth > DEEPEST:
            raise Unreadable(f"it is nested deeper than {DEEPEST} levels")
        first = self.term(depth)
        rest: list[tuple[str, Expression]] = []
        while word := self.taken("and", "or"):
            rest.append((word, self.term(depth)))
        return Chain(first, tuple(rest)) if rest else first

    def term(self, depth: int) -> Expression:
        """What stands before, between or behind `and` and `or`."""
        if self.taken("not"):
            return Not(self.expression(depth + 1))
        if self.taken("("):
            inner = self.expression(depth + 1)
            self.take(")")
            return inner
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise Unreadable(f"it has more than {MOST_TERMS} comparisons")
        if word := self.taken("true", "false"):
            return Constant(word == "true")
        return self.comparison()

    def comparison(self) -> Expression:
        left = self.operand("'true', 'false', 'not', '(', 'field' or a quoted text")
        self.take("=")
        return Equal(left, self.operand("'field' or a quoted text"))

    def operand(self, wanted: str) -> Operand:
        if self.taken("field"):
            return Field(self.text("the field's name, in quotes"))
        return Literal(self.text(wanted))

    def text(self, wanted: str) -> str:
        if not self._next.quoted:
            raise self._unexpected(wanted)
        return self._advance()

    def taken(self, *words: str) -> str:
        """The next piece, if it is one of these, else ""."""
        return self._advance() if not self._next.quoted and self._next.text in words else ""

    def take(self, word: str) -> None:
        """The next piece has to be this."""
        if not self.taken(word):
            raise self._unexpected(word if word == END else f"'{word}'")

    def _advance(self) -> str:
        text = self._next.text
        self._next = next(self._pieces, self._next)
        return text

    def _unexpected(self, wanted: str) -> Unreadable:
        piece = self._next
        got = "a quoted text" if piece.quoted else END if piece.text == END else f"'{piece.text[:20]}'"
        return Unreadable(f"at character {piece.place + 1}: expected {wanted}, got {got}")

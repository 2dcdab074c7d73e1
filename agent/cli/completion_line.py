"""A line that is being typed: its words without their quotes, and how far the last one has come.

Our own, because bash's words end at every = and :, with which ours are full.
"""

from typing import NamedTuple

ESCAPED_IN_DOUBLE_QUOTES = '$`"\\\n'


class Letter(NamedTuple):
    """A letter of a word; `place` is where it is written, from the beginning of the word as it is written."""

    letter: str
    is_quoted: bool
    place: int


class Line(NamedTuple):
    """The words before the cursor.  The last one is being typed: it may be empty, or have an open quote.

    opened: how many of its letters stand before the open quote.
    """

    before: tuple[str, ...]
    last: tuple[Letter, ...]
    quote: str = ""
    opened: int = 0

    @property
    def word(self) -> str:
        """The word that is being typed, without quotes."""
        return plain(self.last)


def plain(letters: tuple[Letter, ...] | list[Letter]) -> str:
    """The word that letters make."""
    return "".join(one.letter for one in letters)


def line_in(text: str) -> Line:
    """The line in a text that a shell has up to the cursor."""
    words: list[str] = []
    letters: list[Letter] = []
    begun, quote, opened, is_escaped = -1, "", 0, False
    for place, letter in enumerate(text):
        if not (quote or is_escaped) and letter.isspace():
            if begun >= 0:
                words.append(plain(letters))
            letters, begun = [], -1
            continue
        begun = place if begun < 0 else begun
        if is_escaped:
            if quote and letter not in ESCAPED_IN_DOUBLE_QUOTES:
                letters.append(Letter("\\", True, place - 1 - begun))
            letters.append(Letter(letter, True, place - begun))
            is_escaped = False
        elif letter == "\\" and quote != "'":
            is_escaped = True
        elif letter == quote:
            quote = ""
        elif not quote and letter in "'\"":
            quote, opened = letter, len(letters)
        else:
            letters.append(Letter(letter, bool(quote), place - begun))
    return Line(tuple(words), tuple(letters), quote, opened if quote else 0)

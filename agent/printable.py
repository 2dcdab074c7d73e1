"""What others have named, where people look: nothing in it moves a cursor, begins a line or turns text.

Programs get it as it is: in JSON, and over the socket.
"""

import re

# Control characters, lines and directions, what has no width, and halves of surrogate pairs.  The joiners
# stay, which are part of the writing of some languages.
UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    r"""The text with such characters written as \x1b or \u202e."""
    return text if text.isprintable() else UNSEEN.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")

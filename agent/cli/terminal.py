"""The terminal: what it can show, and what a command writes to it while it is still at work."""

import os
from collections.abc import Mapping
from typing import NamedTuple, TextIO

DEFAULT_WIDTH = 100
NARROWEST = 60
BOXES = "─│├└●…"


class Screen(NamedTuple):
    """What stdout can show."""

    width: int = DEFAULT_WIDTH
    has_boxes: bool = True
    has_colour: bool = False


def screen_of(stdout: TextIO, environment: Mapping[str, str]) -> Screen:
    """What this stdout can show.  Only a terminal gets colours, and none when NO_COLOR is set."""
    is_terminal = stdout.isatty()
    has_colour = is_terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return Screen(width_of(stdout, environment), can_show(stdout), has_colour)


def can_show(stdout: TextIO) -> bool:
    """Whether the box characters can be written in stdout's encoding."""
    try:
        BOXES.encode(stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def width_of(stdout: TextIO, environment: Mapping[str, str]) -> int:
    """The columns that there are: COLUMNS, else what the terminal says, else the default."""
    columns = environment.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns) > 0:
        return max(NARROWEST, int(columns))
    try:
        return max(NARROWEST, os.get_terminal_size(stdout.fileno()).columns or DEFAULT_WIDTH)
    except OSError:
        return DEFAULT_WIDTH


def wrote(text: str, stream: TextIO) -> None:
    """Write a text out, whatever the stream's encoding makes of it."""
    encoding = stream.encoding or "ascii"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


class Streams(NamedTuple):
    """stdout and stderr, None where nobody listens; `terminal` is what stderr can show, if it is one."""

    stdout: TextIO | None = None
    stderr: TextIO | None = None
    terminal: Screen | None = None

    def tell(self, text: str) -> None:
        """Write a part of what the command prints."""
        if self.stdout is not None:
            wrote(text, self.stdout)

    def remark(self, text: str) -> None:
        """Write what is said beside it."""
        if self.stderr is not None:
            wrote(text, self.stderr)


NOWHERE = Streams()

"""The shells: what each takes as what can come next."""

from collections.abc import Sequence
from typing import NamedTuple

from agent.cli.completion_line import Line

# What stands for itself on a command line of bash; and = : , as the words here are full of them.
PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,@%+"
# COMP_TYPE when bash puts each candidate into the line as it is: menu-complete, insert-completions.
INSERTING = ("37", "42")


class Candidate(NamedTuple):
    """What can come next, what is to be known of it, and whether more has to follow in the same word."""

    text: str
    about: str = ""
    is_open: bool = False


class Reply(NamedTuple):
    """What can come next: each candidate goes in place of what follows the stem in the last word."""

    stem: str
    candidates: Sequence[Candidate]


def for_bash(reply: Reply, line: Line, kind: str = "", breaks: str = "") -> str:
    """A line for each candidate, as COMPREPLY takes it: what goes in place of the last part of the word.

    bash cannot show what is to be known of a candidate, but where there are several it puts none of them into
    the line, only what they begin with alike; so there it can stand behind them.  Commands and parameters
    stay short: there are many of them, and help tells more.
    """
    start = line.opened if line.quote else after_break(line, breaks)
    is_hint = reply.stem and len(reply.candidates) > 1 and not line.quote and kind not in INSERTING
    lines = []
    for text, about, is_open in reply.candidates:
        end = "" if is_open or line.quote else " "
        hint = f" ({about})" if is_hint and about else ""
        lines.append(quoted((reply.stem + text)[start:], line.quote) + end + hint)
    return "".join(f"{one}\n" for one in lines)


def after_break(line: Line, breaks: str) -> int:
    """How many letters of the last word bash leaves alone: those up to the last one that breaks words."""
    ends = [n for n, one in enumerate(line.last, 1) if one.letter in breaks and not one.is_quoted]
    return ends[-1] if ends else 0


def quoted(text: str, quote: str) -> str:
    """A text as bash takes it, in a quote that has been opened or without one."""
    if quote == "'":
        return text.replace("'", "'\\''")
    if quote:
        return "".join(f"\\{one}" if one in '$`"\\' else one for one in text)
    return "".join(one if one in PLAIN or ord(one) > 127 else f"\\{one}" for one in text)


def for_zsh(reply: Reply, line: Line) -> str:
    """How many letters the stem has as it is written; then mark, text and about of each candidate."""
    written = [one.place for one in line.last] + [line.last[-1].place + 1 if line.last else 0]
    lines = [str(written[len(reply.stem)])]
    for text, about, is_open in reply.candidates:
        lines.append(f"{'+' if is_open else '.'}\t{text}\t{about}")
    return "".join(f"{one}\n" for one in lines)


def for_fish(reply: Reply, line: Line) -> str:
    """The whole word and what is to be known of it; fish compares and quotes by itself."""
    return "".join(f"{reply.stem}{one.text}\t{one.about}\n" for one in reply.candidates)

"""Sessions of a shell as the documents print them: fenced as `console`, below `$ command` what it prints.

`…` stands for what is left out: alone in a line for any lines, in a line for any text.
"""

import re
from dataclasses import dataclass

SESSION_GOES_HERE = "# here goes the session below"
"""The line in README's script of a world by hand at which the sessions are run."""

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DRAWN_MAC = re.compile(r"\b(?!02:00:00:00:00)[0-9a-f]{2}(:[0-9a-f]{2}){5}\b")
"""A MAC that pifd or the kernel has drawn."""


@dataclass(frozen=True)
class Command:
    """A command as printed, and what it prints, with a line break at the end of each line."""

    words: str
    output: str


def blocks(text: str, language: str) -> list[str]:
    """What stands between fences that name a language; none is named by ""."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [body for name, body in fences if name == language]


def session(text: str) -> list[Command]:
    """All commands of a document, in order."""
    found = []
    for block in blocks(text, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            words, _, output = part.partition("\n")
            found.append(Command(words, output.strip("\n") + "\n" if output.strip() else ""))
    return found


def same_but_for_chance(text: str) -> str:
    """With a placeholder for each uuid and each MAC that is drawn anew each time."""
    return DRAWN_MAC.sub("<mac>", UUID.sub("<uuid>", text))


def is_printed(expected: str, printed: str) -> bool:
    """Whether a text is what the document has, but for chance and for what is left out."""
    pattern = "".join(line_pattern(line) for line in same_but_for_chance(expected).splitlines())
    return re.fullmatch(pattern, same_but_for_chance(printed)) is not None


def line_pattern(line: str) -> str:
    if line.strip() == "…":
        return r"(?:.*\n)*?"
    return ".*".join(re.escape(part) for part in line.split("…")) + r"\n"

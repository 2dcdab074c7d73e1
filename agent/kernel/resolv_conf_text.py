"""The text of resolv.conf: which name servers it has, and the same text with others.

The lines that were there before are kept as comments, so that the text can always be given back as it was.
"""

from collections.abc import Sequence

BEGIN, END = "# name servers set by pifd", "# end of pifd's name servers"
BEFORE = "# before pifd: "


def nameservers_of(text: str) -> tuple[str, ...]:
    """The name servers in force, in order."""
    fields = (line.split() for line in text.splitlines())
    return tuple(words[1] for words in fields if len(words) > 1 and words[0] == "nameserver")


def with_nameservers(text: str, servers: Sequence[str]) -> str:
    """The text with these name servers; without any, the text as it was before pifd."""
    original = without_pifd(text)
    if not servers or tuple(servers) == nameservers_of(original):
        return original
    kept = "".join(_hidden(line) for line in original.splitlines(keepends=True))
    ours = "".join(f"{line}\n" for line in (BEGIN, *(f"nameserver {server}" for server in servers), END))
    return ours + kept


def without_pifd(text: str) -> str:
    """The text as it was before pifd."""
    lines: list[str] = []
    ours = False
    for line in text.splitlines(keepends=True):
        if line.rstrip() in (BEGIN, END):
            ours = line.rstrip() == BEGIN
        elif not ours:
            lines.append(line.removeprefix(BEFORE))
    return "".join(lines)


def _hidden(line: str) -> str:
    return f"{BEFORE}{line}" if line.split()[:1] == ["nameserver"] else line

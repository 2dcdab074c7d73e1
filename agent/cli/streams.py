"""The streams of a command: where it writes while it is still at work."""

from typing import NamedTuple, TextIO

from agent.cli.screen import Screen


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

"""A shell on a terminal of its own, in which a test types: what Tab makes of a line."""

import os
import pty
import re
import select
import time

READY = b"READY!"
SHOWN = re.compile(rb"<<([^\n]*?)>>")
SECONDS = 20.0
TAB, CONTROL_T, CONTROL_U = b"\t", b"\x14", b"\x15"

# How each is started, and what it reads first: the script, and a key that shows the line.
SHELLS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        """bind -x '"\\C-t": printf "<<%s>>" "$READLINE_LINE"'; source <(NAME completion bash); """
        """echo REA''DY!\n""",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        """autoload -U compinit; compinit -u -D; source <(NAME completion zsh); """
        """show() { print -rn -- "<<$BUFFER>>" }; zle -N show; bindkey '^T' show; print REA''DY\\!\n""",
    ),
    "fish": (
        ["fish", "--no-config", "-i"],
        """source (NAME completion fish | psub); function show; printf "<<%s>>" (commandline); end; """
        """bind \\ct show; echo REA''DY!\n""",
    ),
}


class TypingShell:
    """A shell that completes the command lines of one program; use it in a `with` statement."""

    def __init__(self, shell: str, name: str, environment: dict[str, str]) -> None:
        words, setting_up = SHELLS[shell]
        child, self._terminal = pty.fork()
        if child == 0:
            os.execvpe(words[0], words, environment)
        self._child = child
        self._type(setting_up.replace("NAME", name).encode())
        self._read(re.compile(READY))

    def __enter__(self) -> "TypingShell":
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._terminal)
        os.kill(self._child, 9)
        os.waitpid(self._child, 0)

    def completed(self, line: str) -> str:
        """What Tab makes of a line; afterwards the line is empty again."""
        self._type(line.encode() + TAB + CONTROL_T)
        found = self._read(SHOWN)
        self._type(CONTROL_U)
        return found.decode()

    def execute(self, line: str) -> None:
        """Enter a line."""
        self._type(line.encode() + b"\r")

    def _type(self, keys: bytes) -> None:
        os.write(self._terminal, keys)

    def _read(self, wanted: re.Pattern[bytes]) -> bytes:
        """What the shell has written that is wanted."""
        seen, end = b"", time.monotonic() + SECONDS
        while not (match := wanted.search(seen)):
            assert time.monotonic() < end, seen
            if select.select([self._terminal], [], [], 0.1)[0]:
                seen += os.read(self._terminal, 4096)
        return match.group(1) if match.groups() else match.group()

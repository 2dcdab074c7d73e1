"""Tail, a pipe of which only the last part is kept, however much is written into it."""

import asyncio
import os
from types import TracebackType

KEPT = 4096
"""Bytes."""


class Tail:
    """entrance: the file descriptor to write into, open while the Tail is.

    The pipe is read as it fills.  Nobody waits for its end: a program that the writer has left behind may
    hold it open for ever.
    """

    def __enter__(self) -> "Tail":
        self._exit, self.entrance = os.pipe()
        os.set_blocking(self._exit, False)
        self._kept = b""
        asyncio.get_running_loop().add_reader(self._exit, self._read)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._exit)
        os.close(self._exit)
        os.close(self.entrance)

    def text(self) -> str:
        """The last part of what has been written so far, `: ` before it; "" for nothing.

        What is no text in UTF-8 or can't be printed is replaced.
        """
        self._read()
        written = self._kept.decode("utf-8", "replace").strip()
        printable = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in written)
        return f": {printable}" if printable else ""

    def _read(self) -> None:
        """Take what is there, but no more than a pipe holds: a writer must not keep the loop busy."""
        for _ in range(16):
            try:
                self._kept = (self._kept + os.read(self._exit, KEPT))[-KEPT:]
            except BlockingIOError:
                return

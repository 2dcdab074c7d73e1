"""The daemon's own log, on its standard error: who reads it slowly, or not at all, holds nobody up."""

import logging
import os
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from threading import Thread
from time import monotonic, sleep
from typing import TypeVar

from agent.errors import Failure, InternalError
from agent.printable import printable

T = TypeVar("T")

LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
"""The time has milliseconds already."""
STDERR = 2
MOST = 5000
"""Lines that wait to be written; the further ones are counted."""
SECONDS_AT_THE_END = 1.0
A_MOMENT = 0.01


def begin(level: str) -> "Writer":
    """Log to standard error from now on."""
    writer = Writer()
    writer.setFormatter(Formatter(LINE))
    logging.basicConfig(level=level.upper(), handlers=[writer])
    return writer


@contextmanager
def going_on(log: logging.Logger, trouble: str) -> Iterator[None]:
    """An edge of what must go on: whatever goes wrong inside is logged with its traceback."""
    try:
        yield
    except Exception:
        log.exception(trouble)


async def only_failing(log: logging.Logger, name: str, work: Awaitable[T], *known: type[Exception]) -> T:
    """What some work gives.  Raises Failure, and what is known; whatever else goes wrong is logged with its
    traceback, and is an INTERNAL_ERROR to the caller."""
    try:
        return await work
    except Exception as error:
        if isinstance(error, (Failure, *known)):
            raise
        log.exception("%s failed", name)
        raise InternalError(f"{type(error).__name__}: {error}") from error


class Formatter(logging.Formatter):
    """One line for a record, and the lines of its traceback, in which nothing moves a terminal's cursor."""

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record."""
        return "\n".join(printable(line) for line in super().format(record).split("\n"))

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The first line: what is between a message's lines is written as an escape."""
        record.message = printable(record.message)
        return super().formatMessage(record)


class Writer(logging.Handler):
    """Writes by a thread of its own, since a pipe that nobody empties would hold up whoever writes to it."""

    def __init__(self, descriptor: int = STDERR) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lines: Queue[str] = Queue(MOST)
        self._left_out = 0
        self._is_writing = False
        Thread(target=self._write_on, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Have a record written, unless too many wait."""
        try:
            self._lines.put_nowait(f"{self.format(record)}\n")
        except Full:
            self._left_out += 1
        except Exception:
            self._lines.put_nowait(f"{record.levelname} {record.name}: a record that can't be written\n")

    def drain(self) -> None:
        """Wait a moment for what is still to be written."""
        end = monotonic() + SECONDS_AT_THE_END
        while (self._is_writing or not self._lines.empty()) and monotonic() < end:
            sleep(A_MOMENT)

    def _write_on(self) -> None:
        while True:
            text = self._lines.get()
            self._is_writing = True
            try:
                while True:
                    text += self._lines.get_nowait()
            except Empty:
                pass
            if self._left_out:
                text += f"WARNING pifd: {self._left_out} lines of this log were left out: nobody read it\n"
                self._left_out = 0
            self._write(text.encode(errors="backslashreplace"))
            self._is_writing = False

    def _write(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                sleep(A_MOMENT)
            except OSError:
                return  # nobody is there to tell

"""Progress: how far a call has come, and whether its caller still wants it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, Protocol


class Progress(Protocol):
    """OnChange between the steps of a call, where it could still be undone."""

    def reached(self, done: int, of: int) -> None:
        """So many steps are done.  Raises TaskCancelled when the call is not wanted any more."""

    def noted(self, words: str) -> None:
        """Something was decided otherwise than the caller may think."""


class Unwatched:
    """Nobody looks, and nobody stops it: an undo, the reconciler."""

    def reached(self, done: int, of: int) -> None:
        """It goes on."""

    def noted(self, words: str) -> None:
        """It is in the log."""


class Stopped(asyncio.CancelledError):
    """The daemon is to end.  As a cancellation it is nobody's failure."""


class Stoppable:
    """A start, which ends between two steps, or while it waits for somebody, once `stop` is set."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def reached(self, done: int, of: int) -> None:
        """Raises Stopped."""
        if self._stop.is_set():
            raise Stopped

    def noted(self, words: str) -> None:
        """It is in the log."""

    async def wait(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait for something that changes nothing.  Raises Stopped at once."""
        stopping, working = asyncio.create_task(self._stop.wait()), asyncio.create_task(work)
        try:
            await asyncio.wait({stopping, working}, return_when=asyncio.FIRST_COMPLETED)
            self.reached(0, 1)
            await working
        finally:
            stopping.cancel()
            working.cancel()
            await asyncio.gather(stopping, working, return_exceptions=True)


UNWATCHED: Final = Unwatched()

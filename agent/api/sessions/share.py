"""Share: what of the daemon one user takes up, so that nobody takes what all the others need."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MEGABYTE = 1024 * 1024
BYTES = 16 * MEGABYTE
"""Of a user's requests: those that are being read, and those that are being answered."""
READS = 4
"""Reading calls of a user that are carried out at once; the further ones wait for their turn."""
ANSWERS = 8
"""Long answers of a user that are being made, or wait to be taken."""


class Room:
    """So many bytes, given to those who ask in their order."""

    def __init__(self, size: int) -> None:
        self._size = self._left = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, size: int) -> int:
        """Wait until there is room, and take it: never more than there is in all.  Gives what was taken."""
        size = min(size, self._size)
        if not self._waiting and size <= self._left:
            self._left -= size
            return size
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(size)
            raise
        return size

    def give(self, size: int) -> None:
        self._left += size
        while self._waiting and (self._waiting[0][1].done() or self._waiting[0][0] <= self._left):
            size, turn = self._waiting.popleft()
            if not turn.done():
                self._left -= size
                turn.set_result(None)


class Share:
    """One user's.  parsing: of one long body at a time.  answers: places for long ones, until sent."""

    def __init__(self, size: int = BYTES) -> None:
        self.requests = Room(size)
        self.parsing = asyncio.Lock()
        self.answers = asyncio.Semaphore(ANSWERS)
        self._reads = asyncio.Semaphore(READS)
        self._trials = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, *, is_trial: bool) -> AsyncIterator[None]:
        """While a call that changes nothing is carried out.  After each, all others have a turn.

        is_trial: a dry run, which takes turns with the changes: a user has one at a time.
        """
        async with self._trials if is_trial else self._reads:
            yield
            await asyncio.sleep(0)

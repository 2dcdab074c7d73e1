"""Waiting: the clients that wait for something to happen, and the one task that looks for all of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from agent.api.events.journal import Journal
from agent.api.events.subscription import Subscription
from agent.engine.notifier import Notifier

PAUSE = 0.02
"""Seconds between two looks: a change in progress notifies of each of its steps."""

Current = Callable[[], Journal]
"""Gives the journal, up to date."""


@dataclass(eq=False, slots=True)
class Waiter:
    """A client's call that waits.  `woken` says no more than that it should look again."""

    session: str
    wanted: Subscription
    woken: asyncio.Future[None]

    def wake(self) -> None:
        if not self.woken.done():
            self.woken.set_result(None)

    def fail(self, error: BaseException) -> None:
        if not self.woken.done():
            self.woken.set_exception(error)


class Waiting:
    """While nothing happens that they wait for, those who wait cost nothing; without them nobody looks."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._waiters: set[Waiter] = set()
        self._watch: asyncio.Task[None] | None = None

    async def wait(
        self,
        current: Current,
        session: str,
        wanted: Subscription,
        gone: asyncio.Event,
        seconds: float | None,
    ) -> None:
        """Until something wanted may have happened, the client or its session is gone, or time is up.

        Nothing is missed that happens after the last look before this call.
        """
        waiter = Waiter(session, wanted, asyncio.get_running_loop().create_future())
        async with self._among_waiters(waiter, current), _told_when(gone, waiter):
            await asyncio.wait([waiter.woken], timeout=seconds)
        if waiter.woken.done():
            waiter.woken.result()

    def wake(self, session: str) -> None:
        """Have those who wait in a session look again."""
        for waiter in self._waiters:
            if waiter.session == session:
                waiter.wake()

    @asynccontextmanager
    async def _among_waiters(self, waiter: Waiter, current: Current) -> AsyncIterator[None]:
        self._waiters.add(waiter)
        if self._watch is None:
            # Taken now: the task begins only later, and by then there may have been a change.
            next_notice, heard = self._notifier.next(), current().generation
            self._watch = asyncio.create_task(self._watch_journal(current, next_notice, heard))
            self._watch.add_done_callback(self._ended)
        try:
            yield
        finally:
            self._waiters.remove(waiter)
            if not self._waiters and self._watch is not None:
                self._watch.cancel()
                self._watch = None

    async def _watch_journal(self, current: Current, next_notice: asyncio.Event, heard: int) -> None:
        """Look after every change, and wake those for whom there is something."""
        while True:
            await next_notice.wait()
            next_notice = self._notifier.next()
            journal = current()
            self._wake(journal, heard)
            heard = journal.generation
            await asyncio.sleep(PAUSE)

    def _wake(self, journal: Journal, heard: int) -> None:
        touched = list(journal.touched_since(heard))
        classes = {kind for kind, _ in touched}
        objects = {f"{kind}/{ref}".lower() for kind, ref in touched}
        for waiter in self._waiters:
            if waiter.wanted.wants_some(classes, objects):
                waiter.wake()

    def _ended(self, watch: asyncio.Task[None]) -> None:
        """Who waits must not wait for ever, when nobody looks any more."""
        error = None if watch.cancelled() else watch.exception()
        if error is not None:
            self._watch = None
            for waiter in self._waiters:
                waiter.fail(error)


@asynccontextmanager
async def _told_when(gone: asyncio.Event, waiter: Waiter) -> AsyncIterator[None]:
    """The waiter is woken when the client has gone."""
    watch = asyncio.create_task(_wake_after(gone, waiter))
    try:
        yield
    finally:
        watch.cancel()


async def _wake_after(gone: asyncio.Event, waiter: Waiter) -> None:
    await gone.wait()
    waiter.wake()

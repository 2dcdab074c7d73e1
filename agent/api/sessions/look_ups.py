"""Look-ups of users and groups, whose database may be a network away, and that network may be broken.

Each has a thread of its own, which nothing waits for: neither a caller, nor another look-up, nor the daemon's
end.  Who repairs the network must not have to wait for it.
"""

import asyncio
import pwd
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from time import monotonic
from typing import TypeVar

T = TypeVar("T")

SECONDS_FOR_A_NAME = 0.5
LASTS = 60.0
"""Seconds after which a name is looked up again."""
MOST_UNDER_WAY = 16


def begun(look_up: Callable[[], T]) -> asyncio.Future[T]:
    """The outcome of a look-up, which goes on by itself."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def deliver(found: T | None, error: Exception | None) -> None:
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(found)  # type: ignore[arg-type]  # one of the two is there

    def work() -> None:
        found, error = None, None
        try:
            found = look_up()
        except Exception as caught:  # whatever it is, it is the outcome
            error = caught
        with suppress(RuntimeError):  # the daemon has ended
            loop.call_soon_threadsafe(deliver, found, error)

    Thread(target=work, name="look-up", daemon=True).start()
    return outcome


async def within(seconds: float, outcome: asyncio.Future[T], otherwise: T) -> T:
    """What a look-up finds; `otherwise` when it takes too long."""
    await asyncio.wait([outcome], timeout=seconds)
    return outcome.result() if outcome.done() else otherwise


class UserNames:
    """The names of users, "" where the look-up takes too long; then nobody waits for the same one again."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[str, float]] = {}
        self._under_way: dict[int, asyncio.Future[str]] = {}

    async def of(self, uid: int) -> str:
        name, found_at = self._known.get(uid, ("", -LASTS))
        if monotonic() - found_at < LASTS:
            return name
        outcome = self.begin(uid)
        return name if outcome is None else await within(SECONDS_FOR_A_NAME, outcome, name)

    def begin(self, uid: int) -> asyncio.Future[str] | None:
        """Look a name up, unless that is under way, or too many others are."""
        if uid in self._under_way or len(self._under_way) >= MOST_UNDER_WAY:
            return None
        outcome = self._under_way[uid] = begun(lambda: name_of_user(uid))
        outcome.add_done_callback(lambda ended: self._keep(uid, ended))
        return outcome

    def _keep(self, uid: int, outcome: asyncio.Future[str]) -> None:
        del self._under_way[uid]
        if not outcome.cancelled() and outcome.exception() is None:
            self._known[uid] = outcome.result(), monotonic()


def name_of_user(uid: int) -> str:
    """The name of a user, "" of one that is in no database."""
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OSError):
        return ""

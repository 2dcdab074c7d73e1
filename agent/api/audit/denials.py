"""Denials: how many lines of the audit log a user can cause who may not change anything."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

MOST = 60
SECONDS = 60.0


@dataclass(slots=True)
class Spell:
    """A time from `begun` on in which there were so many lines of a user, and so many left out."""

    begun: float
    written: int = 0
    left_out: int = 0


class Denials:
    """At most `most` lines of a user in SECONDS.

    Without this, somebody who may only look could fill the disk, and so keep the others from changing
    anything.
    """

    def __init__(self, most: int = MOST, clock: Callable[[], float] = monotonic) -> None:
        self._most = most
        self._clock = clock
        self._by_user: dict[int, Spell] = {}

    def room_for(self, uid: int) -> int | None:
        """How many lines of the user were left out since its last; None when this one is to be, too."""
        now = self._clock()
        spell = self._by_user.setdefault(uid, Spell(now))
        if now - spell.begun >= SECONDS:
            spell.begun, spell.written = now, 0
        if spell.written >= self._most:
            spell.left_out += 1
            return None
        spell.written += 1
        left_out, spell.left_out = spell.left_out, 0
        return left_out

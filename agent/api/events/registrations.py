"""Registrations: what the sessions have registered for, for the events of old (XenAPI, event.next)."""

from collections import OrderedDict
from dataclasses import dataclass

from agent.api.events.subscription import Subscription
from agent.errors import InvalidValue, SessionNotRegistered

MOST_SESSIONS = 1000
MOST_CLASSES = 10_000


@dataclass(slots=True)
class Registration:
    """heard: the generation up to which the session has been told."""

    wanted: Subscription
    heard: int


class Registrations:
    """By session.  The one that was unused for longest goes when there are too many."""

    def __init__(self) -> None:
        self._by_last_use: OrderedDict[str, Registration] = OrderedDict()

    def add(self, session: str, wanted: Subscription, generation: int) -> None:
        """Register for more; who was not registered hears of what happens from now on."""
        known = self._by_last_use.setdefault(session, Registration(Subscription(), generation))
        if (known.wanted | wanted).size > MOST_CLASSES:
            raise InvalidValue("classes", f"a session cannot register for more than {MOST_CLASSES}")
        known.wanted |= wanted
        if len(self._by_last_use) > MOST_SESSIONS:
            self._by_last_use.popitem(last=False)

    def remove(self, session: str, unwanted: Subscription) -> None:
        """Register for less; whoever is registered for nothing is not registered."""
        known = self._by_last_use.get(session)
        if known is not None:
            known.wanted -= unwanted
            if not known.wanted.size:
                self.forget(session)

    def of(self, session: str) -> Registration:
        """A session's; raises SESSION_NOT_REGISTERED."""
        known = self._by_last_use.get(session)
        if known is None:
            raise SessionNotRegistered(session)
        self._by_last_use.move_to_end(session)
        return known

    def forget(self, session: str) -> None:
        """The session is at its end."""
        self._by_last_use.pop(session, None)

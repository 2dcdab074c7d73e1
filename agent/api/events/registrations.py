"""Registrations: what the sessions have registered for, for the events of old (XenAPI, event.next)."""

from dataclasses import dataclass

from agent.api.events.subscription import Subscription
from agent.errors import InvalidValue, SessionNotRegistered

MOST_CLASSES = 10_000
"""Of one session."""
MOST_OF_A_USER = 1024 * 1024
"""Characters of what the sessions of one user have registered for: it is memory that a reader can fill."""


@dataclass(slots=True)
class Registration:
    """heard: the generation up to which the session has been told."""

    wanted: Subscription
    heard: int
    uid: int = 0


class Registrations:
    """By session, as many as there are: a user has a bounded number of those (agent.api.sessions)."""

    def __init__(self) -> None:
        self._by_session: dict[str, Registration] = {}

    def add(self, session: str, wanted: Subscription, generation: int, uid: int = 0) -> None:
        """Register for more; who was not registered hears of what happens from now on."""
        known = self._by_session.get(session) or Registration(Subscription(), generation, uid)
        more = known.wanted | wanted
        if more.size > MOST_CLASSES:
            raise InvalidValue("classes", f"a session cannot register for more than {MOST_CLASSES}")
        others = (one for one in self._by_session.values() if one.uid == uid and one is not known)
        if sum(one.wanted.characters for one in others) + more.characters > MOST_OF_A_USER:
            reason = f"the sessions of a user can register for {MOST_OF_A_USER} characters in all"
            raise InvalidValue("classes", reason)
        known.wanted = more
        self._by_session[session] = known

    def remove(self, session: str, unwanted: Subscription) -> None:
        """Register for less; whoever is registered for nothing is not registered."""
        known = self._by_session.get(session)
        if known is not None:
            known.wanted -= unwanted
            if not known.wanted.size:
                self.forget(session)

    def of(self, session: str) -> Registration:
        """A session's; raises SESSION_NOT_REGISTERED."""
        known = self._by_session.get(session)
        if known is None:
            raise SessionNotRegistered(session)
        return known

    def forget(self, session: str) -> None:
        """The session is at its end."""
        self._by_session.pop(session, None)

"""The sessions that were given out, in memory: the permissions of the socket decide who gets one."""

from collections import OrderedDict

from agent.api.echo import shortened
from agent.errors import SessionInvalid
from agent.record import new_uuid

LIMIT = 500


class Sessions:
    """At most `limit` sessions; the one that was unused for longest goes when a new one needs its place.

    So a client that never logs out costs nothing, and one that was dropped logs in again, as it does after
    a restart (XenAPI, SESSION_INVALID).
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._by_last_use: OrderedDict[str, None] = OrderedDict()

    def login(self) -> str:
        """A new session's reference."""
        session = f"OpaqueRef:{new_uuid()}"
        self._by_last_use[session] = None
        if len(self._by_last_use) > self._limit:
            self._by_last_use.popitem(last=False)
        return session

    def check(self, session: object) -> None:
        """Mark the session as used; raises SESSION_INVALID when it is not one of ours, whatever it is."""
        if not isinstance(session, str) or session not in self._by_last_use:
            raise SessionInvalid(shortened(str(session)))
        self._by_last_use.move_to_end(session)

    def logout(self, session: object) -> None:
        """End a session; raises SESSION_INVALID."""
        self.check(session)
        del self._by_last_use[str(session)]

"""The sessions that were given out, in memory, each for one user alone; they cause no events."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from agent.api.encodings.values import shortened
from agent.api.sessions.caller import Caller
from agent.api.sessions.look_ups import UserNames
from agent.api.sessions.roles import Role
from agent.errors import HandleInvalid, InvalidValue, SessionInvalid
from agent.model.draft import Plan
from agent.model.model import Model
from agent.model.records import Record, Ref

LIMIT = 500
MOST_NOTES = 10_000
"""How many characters the `other_config` of a session may have: it is memory that a reader can fill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(Record):
    """auth_user_sid: the uid, as text.  validation_time: when it was given out.  originator: by what program.

    is_local_superuser: whether it is an operator's.
    """

    class_name = "session"
    auth_user_sid: str
    auth_user_name: str = ""
    originator: str = ""
    is_local_superuser: bool = False
    validation_time: datetime
    last_active: datetime
    other_config: Mapping[str, str] = field(default_factory=dict)


def unheard(session: str) -> None:
    """Where nobody wants to know of a session's end."""


class Sessions:
    """At most `limit` sessions of a user; the one that was unused for longest goes when a new one comes.

    So a client that never logs out costs little, and nobody else anything.  One that was dropped logs in
    again, as it does after a restart (XenAPI, SESSION_INVALID).  forget: told of each session that ends.
    """

    def __init__(self, limit: int = LIMIT, forget: Callable[[str], None] = unheard) -> None:
        self.names = UserNames()
        self._limit = limit
        self._forget = forget
        self._by_user: dict[int, OrderedDict[str, Session]] = {}

    def login(self, caller: Caller, *, user: str = "", originator: str = "", superuser: bool = False) -> str:
        """A new session's reference.  user: the caller's name.  superuser: whether it is an operator."""
        now = datetime.now(UTC)
        session = Session(
            uuid=str(uuid4()),
            auth_user_sid=str(caller.uid),
            auth_user_name=user,
            originator=shortened(originator),
            is_local_superuser=superuser,
            validation_time=now,
            last_active=now,
        )
        own: OrderedDict[str, Session] = self._by_user.setdefault(caller.uid, OrderedDict())
        own[session.ref] = session
        if len(own) > self._limit:
            self._drop(caller.uid, next(iter(own)))
        return str(session.ref)

    def check(self, session: object, caller: Caller) -> Session:
        """Mark the session as used; raises SESSION_INVALID when it is not the caller's, whatever it is."""
        own: OrderedDict[str, Session] = self._by_user.get(caller.uid, OrderedDict())
        if not isinstance(session, str) or session not in own:
            raise SessionInvalid(shortened(str(session)))
        found = own.pop(session)  # to the end: the order is that of their last use
        own[session] = replace(found, last_active=datetime.now(UTC))
        return own[session]

    def logout(self, session: object, caller: Caller, role: Role | None) -> None:
        """End a session of one's own, an operator any; raises SESSION_INVALID."""
        holders = (uid for uid in self._seen_by(caller, role) if session in self._by_user[uid])
        user = next(holders, None) if isinstance(session, str) else None
        if user is None:
            raise SessionInvalid(shortened(str(session)))
        self._drop(user, str(session))

    def find(self, ref: str, caller: Caller, role: Role | None) -> Session:
        """A session of one's own, for an operator any; raises HANDLE_INVALID."""
        own = (self._by_user[uid] for uid in self._seen_by(caller, role))
        found = next((sessions[ref] for sessions in own if ref in sessions), None)
        if found is None:
            raise HandleInvalid(Session.class_name, shortened(ref))
        return found

    def change(self, session: Session, rule: Callable[..., Plan], /, **arguments: Any) -> None:
        """Set a field of a session by the rule that sets one of any class.  Raises its Failure."""
        model = Model({session.ref: session})
        changed = rule(model, **arguments).after.find(Session, Ref(session.ref))
        if sum(len(key) + len(value) for key, value in changed.other_config.items()) > MOST_NOTES:
            raise InvalidValue("other_config", f"a session's has at most {MOST_NOTES} characters")
        self._by_user[int(session.auth_user_sid)][session.ref] = changed

    def _seen_by(self, caller: Caller, role: Role | None) -> Iterator[int]:
        """The users whose sessions a caller may look at and end."""
        return (uid for uid in self._by_user if uid == caller.uid or role is Role.OPERATOR)

    def _drop(self, user: int, session: str) -> None:
        del self._by_user[user][session]
        if not self._by_user[user]:
            del self._by_user[user]
        self._forget(session)

"""A watch: objects as the daemon's events tell of them, from how they are at first on.

Nothing is lost in between.  A daemon that is started again is asked for everything, and what differs by then
counts as having happened.
"""

from collections.abc import Sequence
from time import monotonic, sleep
from typing import Any, NamedTuple

from agent.cli.classes import CLASSES, Record
from agent.cli.errors import APIFailure, CommandError, Lost
from agent.cli.objects import Objects
from agent.cli.session import Session
from agent.cli.terminal import Streams

FOREVER = float("inf")
# One question to the daemon waits for so many seconds at most; if nothing has happened, the next one follows.
LONGEST = 60.0
BETWEEN_ATTEMPTS = 0.5
EVENTS = {
    "events": [{"class": str, "operation": str, "ref": str}],
    "valid_ref_counts": dict,
    "token": str,
}


class Change(NamedTuple):
    """What has become of an object; `before` is None for a new one, `after` for one that is gone."""

    class_name: str
    ref: str
    before: Record | None
    after: Record | None


class Watch(Objects):
    """The objects of some classes, up to date; those of the others are as they were when asked for."""

    def __init__(self, session: Session, streams: Streams, classes: Sequence[str]) -> None:
        super().__init__(session)
        self._streams = streams
        self._watched: dict[str, dict[str, Record]] = {name: {} for name in classes}
        self._token = ""
        self._all()

    def of(self, class_name: str) -> dict[str, Record]:
        """Every object of a class by reference."""
        return self._watched[class_name] if class_name in self._watched else super().of(class_name)

    def changes(self, until: float = FOREVER) -> list[Change]:
        """Wait until something happens, or until this time of the monotonic clock."""
        try:
            return self._next(min(LONGEST, max(0.0, until - monotonic())))
        except Lost:
            return self._regained(until)
        except APIFailure as failed:
            if failed.code != "SESSION_INVALID":
                raise
        self._session.renew()
        return self._all()

    def _next(self, seconds: float) -> list[Change]:
        answer = self._ask(self._token, seconds)
        changes = [change for event in answer["events"] for change in self._told(event)]
        return changes if self._counts(answer) else [*changes, *self._all()]

    def _all(self) -> list[Change]:
        """Look at everything anew; what differs."""
        before = {name: dict(records) for name, records in self._watched.items()}
        answer = self._ask("", 0.0)
        changes = [change for event in answer["events"] for change in self._told(event)]
        there = {event["ref"] for event in answer["events"]}
        lost = [(name, ref) for name, records in before.items() for ref in records if ref not in there]
        return [*changes, *(Change(name, ref, self._watched[name].pop(ref), None) for name, ref in lost)]

    def _ask(self, token: str, seconds: float) -> dict[str, Any]:
        answer: dict[str, Any] = self._session.ask(
            "event.from", list(self._watched), token, seconds, shape=EVENTS
        )
        self._token = answer["token"]
        return answer

    def _told(self, event: dict[str, Any]) -> list[Change]:
        """What an event says; nothing, if that was known."""
        name = next((name for name in self._watched if name.lower() == event["class"].lower()), "")
        if not name:
            return []
        records, ref = self._watched[name], event["ref"]
        before = records.pop(ref, None) if event["operation"] == "del" else records.get(ref)
        if event["operation"] == "del":
            return [Change(name, ref, before, None)] if before else []
        records[ref] = self._session.checked(event.get("snapshot"), {"uuid": str}, "event.from")
        return [Change(name, ref, before, records[ref])] if before != records[ref] else []

    def _counts(self, answer: dict[str, Any]) -> bool:
        """Whether there are as many objects as the daemon says: of those that are gone, it may not tell."""
        counts = {name.lower(): count for name, count in answer["valid_ref_counts"].items()}
        return all(counts.get(name.lower(), len(some)) == len(some) for name, some in self._watched.items())

    def _regained(self, until: float) -> list[Change]:
        """Wait for a daemon that has gone, and log in again; what differs by then."""
        self._streams.remark("pifd has closed the connection.  Waiting for it to come back.\n")
        while True:
            try:
                self._session.renew()
                changes = self._all()
            except Lost:
                if monotonic() >= until:
                    raise
                sleep(BETWEEN_ATTEMPTS)
            else:
                self._streams.remark("pifd is back.\n")
                return changes


def class_called(name: str) -> str:
    """The class with a name, XenAPI's or xe's, in any case."""
    for kind in CLASSES.values():
        if kind.prefix and name.lower() in (kind.name.lower(), kind.prefix.lower()):
            return kind.name
    known = ", ".join(kind.prefix for kind in CLASSES.values() if kind.prefix)
    raise CommandError(f"Error: Unsupported event class: {name}", f"Known are: {known}")

"""Events: the journal, who waits for news in it, and who has registered for it."""

import asyncio

from agent.api.events.journal import Journal
from agent.api.events.registrations import Registrations
from agent.api.events.waiting import Waiting
from agent.engine.notifier import Notifier


class Events:
    """notifier: of anything that may have changed.  tasks_notifier: of tasks alone.

    heard: the counts of both when the journal was brought up to date (agent.api.calls.refresh).  catching_up:
    what brings it up to date with a large change.
    """

    def __init__(self, notifier: Notifier, tasks_notifier: Notifier) -> None:
        self.notifier, self.tasks_notifier = notifier, tasks_notifier
        self.heard = (-1, -1)
        self.catching_up: asyncio.Task[None] | None = None
        self.journal = Journal()
        self.waiting = Waiting(notifier)
        self.registrations = Registrations()

    def forget(self, session: str) -> None:
        """A session has ended: what it has registered for is forgotten, and its calls that wait end."""
        self.registrations.forget(session)
        self.waiting.wake(session)

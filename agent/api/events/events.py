"""Events: the journal, who waits for news in it, and who has registered for it."""

from agent.api.events.journal import Journal
from agent.api.events.registrations import Registrations
from agent.api.events.waiting import Waiting
from agent.engine.notifier import Bell


class Events:
    """bell: rung when anything may have changed.  tasks_bell: rung, besides, when that was a task.

    heard: how often both had been rung when the journal was brought up to date (agent.api.events.look).
    """

    def __init__(self, bell: Bell, tasks_bell: Bell) -> None:
        self.bell, self.tasks_bell = bell, tasks_bell
        self.heard = (-1, -1)
        self.journal = Journal()
        self.waiting = Waiting(bell)
        self.registrations = Registrations()

    def forget(self, session: str) -> None:
        """A session has ended: what it has registered for is forgotten, and its calls that wait end."""
        self.registrations.forget(session)
        self.waiting.wake(session)

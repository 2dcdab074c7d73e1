"""Look: the journal, brought up to date if anything has happened since somebody looked."""

from collections.abc import Mapping
from typing import Any

from agent.api.calls.call import Agent
from agent.api.calls.objects import LIVE
from agent.api.events.journal import Journal
from agent.api.records.computed import View
from agent.api.tasks.task import Task
from agent.api.views.pif_metrics import PIFMetrics
from agent.model.records import CLASSES, Record

OBSERVED: tuple[type[Record], ...] = (*CLASSES, PIFMetrics, Task)
"""The classes that cause events."""


def look(agent: Agent) -> Journal:
    """The journal as things are now.  It takes time only after a change, and little after a task."""
    events = agent.events
    heard = (events.notifier.count, events.tasks_notifier.count)
    if heard != events.heard:
        if _machine(heard) == _machine(events.heard):
            events.journal.update(events.journal.view, {**events.journal.live, Task: agent.tasks.records})
        else:
            view = _view(agent)
            events.journal.update(view, _live(agent, view))
        events.heard = heard
    return events.journal


def _machine(heard: tuple[int, int]) -> int:
    """How many changes there were that were no task; -1 for never yet."""
    notifier, tasks_notifier = heard
    return notifier - tasks_notifier if notifier >= 0 else -1


def _view(agent: Agent) -> View:
    engine = agent.engine
    return View(engine.model, engine.links_up, dict(engine.failures))


def _live(agent: Agent, view: View) -> Mapping[type[Record], Mapping[str, Any]]:
    return {kind: LIVE[kind](agent, view.model) for kind in OBSERVED if kind in LIVE}

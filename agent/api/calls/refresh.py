"""Look: the journal, brought up to date if anything has happened since somebody looked."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from agent.api.calls.call import Agent
from agent.api.calls.objects import LIVE
from agent.api.calls.routing import heard
from agent.api.events.events import Events
from agent.api.events.journal import Journal
from agent.api.records.computed import View
from agent.api.tasks.task import Task
from agent.api.views.pif_metrics import PIFMetrics, metrics_of
from agent.errors import HandleInvalid
from agent.model.messages import Message
from agent.model.records import CLASSES, Bond, Record

OBSERVED: tuple[type[Record], ...] = (*CLASSES, PIFMetrics, Task, Message)
"""The classes that cause events."""


LARGE = 256
"""How many records may be others than before, for a look to be taken at once."""


def current_journal(agent: Agent) -> Journal:
    """The journal as things are now.  It takes time only after a change, and little after a task.

    A large change is looked at in a thread.  Until that has ended, and the change with it (`caught_up`), the
    journal is as it was before.
    """
    events = agent.events
    if events.catching_up is None and _heard(events) != events.heard:
        if events.journal.is_begun and _is_large(agent):
            _catch_up_aside(agent)
        else:
            _update(agent)
    return events.journal


async def caught_up(agent: Agent) -> None:
    """What a large change has made is in the journal: whoever has asked for it reads it from now on."""
    if agent.events.catching_up is None and _is_large(agent):
        _catch_up_aside(agent)
    while agent.events.catching_up is not None:
        await asyncio.wait([agent.events.catching_up])


def _update(agent: Agent) -> None:
    events = agent.events
    heard = _heard(events)
    if _machine(heard) == _machine(events.heard):
        events.journal.update(events.journal.view, {**events.journal.live, Task: agent.tasks.records})
    else:
        view = _view(agent)
        events.journal.update(view, _live(agent, view))
        touch_bonds(agent)
    events.heard = heard


def touch_bonds(agent: Agent) -> None:
    """What a bond does is in no record, and somebody may watch it (Bond.get_status): its metrics tell."""
    model = agent.engine.model
    for ref in agent.engine.bonds_heard_of():
        with suppress(HandleInvalid):  # it is not there any more
            master = model.get(model.find(Bond, ref).master)
            agent.events.journal.touch(PIFMetrics, metrics_of(model, master))


def _is_large(agent: Agent) -> bool:
    """Whether many records are others than in the journal."""
    return len(agent.events.journal.view.model.table.differing(agent.engine.model.table)) > LARGE


def _catch_up_aside(agent: Agent) -> None:
    agent.events.catching_up = asyncio.create_task(_catch_up(agent))


async def _catch_up(agent: Agent) -> None:
    """What happens meanwhile is looked at afterwards."""
    events, heard = agent.events, _heard(agent.events)
    view = _view(agent)
    live = _live(agent, view)
    try:
        seen = await asyncio.to_thread(events.journal.compared, view, live)
        events.journal.take(seen, view, live)
        events.heard = heard
    finally:
        events.catching_up = None
        events.notifier.notify()


def _heard(events: Events) -> tuple[int, int]:
    return events.notifier.count, events.tasks_notifier.count


def _machine(heard: tuple[int, int]) -> int:
    """How many changes there were that were no task; -1 for never yet."""
    notifier, tasks_notifier = heard
    return notifier - tasks_notifier if notifier >= 0 else -1


def _view(agent: Agent) -> View:
    engine = agent.engine
    lacking = dict(engine.condition.deviations)
    failures = dict(engine.failures)
    return View(engine.model, engine.links_up, failures, heard(agent), lacking, engine.ports_up)


def _live(agent: Agent, view: View) -> Mapping[type[Record], Mapping[str, Any]]:
    return {kind: LIVE[kind](agent, view.model) for kind in OBSERVED if kind in LIVE}

"""The objects of a class: those of the model, and the live ones, which are stored nowhere."""

from collections.abc import Callable, Mapping
from typing import Any

from agent.api.calls.call import Agent
from agent.api.tasks.task import Task
from agent.api.views.pif_metrics import PIFMetrics, pif_metrics
from agent.model.messages import Message
from agent.model.model import Model
from agent.model.records import CLASSES, Record


def tasks_by_ref(agent: Agent, model: Model) -> Mapping[str, Task]:
    """The tasks, whatever the model."""
    return agent.tasks.records


def metrics_by_ref(agent: Agent, model: Model) -> Mapping[str, PIFMetrics]:
    """The metrics of the model's NICs and bonds, as the devices are now."""
    engine = agent.engine
    return {found.ref: found for found in pif_metrics(model, engine.links_up, engine.devices)}


def messages_by_ref(agent: Agent, model: Model) -> Mapping[str, Message]:
    """What has happened, whatever the model."""
    return agent.engine.history.messages


LIVE: Mapping[type[Record], Callable[[Agent, Model], Mapping[str, Any]]] = {
    Task: tasks_by_ref,
    PIFMetrics: metrics_by_ref,
    Message: messages_by_ref,
}
"""By class, what gives its objects by reference; the model is the one that is being looked at."""

EVERY_CLASS: tuple[type[Record], ...] = (*CLASSES, *LIVE)

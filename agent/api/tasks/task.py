"""Task, a call that nobody waits for, as a record of XenAPI's class task; it lives as long as the daemon."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from agent.model.records import Record

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class TaskStatus(StrEnum):
    """XenAPI's task_status_type."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


ENDED = frozenset({TaskStatus.SUCCESS, TaskStatus.FAILURE, TaskStatus.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Record):
    """progress: 0 to 1.  result: XML-RPC's `<value>…</value>`, "" for none.  error_info: code, parameters."""

    class_name = "task"
    name_label: str
    name_description: str = ""
    created: datetime
    finished: datetime = NEVER
    status: TaskStatus = TaskStatus.PENDING
    progress: float = 0.0
    result: str = ""
    error_info: tuple[str, ...] = ()
    other_config: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

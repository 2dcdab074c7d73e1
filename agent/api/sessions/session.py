"""Session, a login, as a record of XenAPI's class session; it lives in memory, and causes no events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agent.model.records import Record


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

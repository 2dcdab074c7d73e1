"""Role, what a caller may do: it follows from who the kernel says it is, and from nothing that it says."""

import asyncio
import grp
import logging
import os
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from agent.api.sessions.caller import Caller
from agent.api.sessions.look_ups import begun, within

log = logging.getLogger(__name__)

ROOT = 0
FOR_ITS_GROUP = 0o660
FOR_ALL = 0o666
SECONDS_FOR_A_GROUP = 5.0


class Role(Enum):
    """An operator may do everything, a reader may look at everything."""

    OPERATOR = "operator"
    READER = "reader"


@dataclass(frozen=True, slots=True)
class Roles:
    """Who has which role; who has none is turned away.

    daemon: the uid that the daemon runs as.  operators, readers: the ids of groups; None has no members.
    """

    daemon: int = field(default_factory=os.geteuid)
    operators: int | None = None
    readers: int | None = None

    def role_of(self, caller: Caller) -> Role | None:
        """The role of a caller; of one that is in both groups the greater one."""
        groups = caller.groups | {caller.gid}
        if caller.uid in (ROOT, self.daemon) or self.operators in groups:
            return Role.OPERATOR
        return Role.READER if self.readers in groups else None

    def admits(self, caller: Caller) -> bool:
        """Whether a caller is served at all."""
        return self.role_of(caller) is not None

    @property
    def socket_mode(self) -> int:
        """The permissions of the socket's file, which has one group: the operators'.

        With a second group to let in, everybody may connect, and who is in neither is told so.
        """
        return FOR_ITS_GROUP if self.readers is None else FOR_ALL


async def roles_of(operators: str, readers: str) -> Roles:
    """The roles by the groups' names, "" for none.  They are looked up once: no caller has to wait for it.

    Neither does the network, which the groups' database may be a part of.
    """
    names = (operators, readers)
    look_ups = [begun(partial(group_named, name)) for name in names]
    found = await asyncio.gather(*(within(SECONDS_FOR_A_GROUP, one, None) for one in look_ups))
    for name, look_up in zip(names, look_ups, strict=True):
        if not look_up.done():
            log.error("the group %s can't be looked up: no member of it is let in until the next start", name)
    return Roles(operators=found[0], readers=found[1])


def group_named(name: str) -> int | None:
    """The id of a group; None, and a word in the log, for one that does not exist."""
    if not name:
        return None
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        log.warning("there is no group %s: nobody is let in for being its member", name)
        return None

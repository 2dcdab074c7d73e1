"""Role, what a caller may do: it follows from who the kernel says it is, and from nothing that it says."""

import grp
import logging
import os
from dataclasses import dataclass, field
from enum import Enum

from agent.api.sessions.caller import Caller

log = logging.getLogger(__name__)

ROOT = 0
FOR_ITS_GROUP = 0o660
FOR_ALL = 0o666


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


def roles_of(operators: str, readers: str) -> Roles:
    """The roles by the groups' names, "" for none.

    The groups are looked up once, at the start: their database may be a network away, and a caller must not
    have to wait for it, least of all one that repairs the network.
    """
    return Roles(operators=group_named(operators), readers=group_named(readers))


def group_named(name: str) -> int | None:
    """The id of a group; None, and a word in the log, for one that does not exist."""
    if not name:
        return None
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        log.warning("there is no group %s: nobody is let in for being its member", name)
        return None

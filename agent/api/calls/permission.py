"""Permission: what a method asks of its caller, and the refusal of one who may not."""

import re

from agent.api.calls.call import Call
from agent.api.sessions.roles import Role
from agent.errors import RBACPermissionDenied

ASYNC = re.compile(r"^(Internal)?Async[._]")


def obstacle(call: Call, *, changes: bool) -> RBACPermissionDenied | None:
    """Why the caller may not make this call, if so.  changes: whether the method may change anything."""
    role = call.agent.roles.role_of(call.client.caller)
    if role is Role.OPERATOR or (role is Role.READER and not changes):
        return None
    uid = call.client.caller.uid
    return RBACPermissionDenied(
        permission(call.method), f"user {uid} may {'only look' if role else 'not use pifd'}"
    )


def permission(method: str) -> str:
    """The name of the permission that a method needs: XenAPI's, the same for its async mode."""
    return ASYNC.sub("", method).lower()

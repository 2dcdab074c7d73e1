"""The schema: every class and field of XenAPI that pifd has, as plain data.

Records on the wire, checks, setters, events, docs/api.md, pifctl's columns, its completion and its dry runs
follow from it.  It imports nothing of the daemon's, because pifctl reads it and starts fast.  To add a field,
add a line (agent.schema.field tells the kinds of lines); one that is stored is a line in its record, too.
"""

from agent.schema.field import RW as RW
from agent.schema.field import Class as Class
from agent.schema.field import Field as Field
from agent.schema.guests import VIF, VM, VM_GUEST_METRICS
from agent.schema.hosts import HOST, MESSAGE, POOL, SESSION, TASK
from agent.schema.networks import BOND, NETWORK, PIF, PIF_METRICS, TUNNEL, VLAN

ALL: tuple[Class, ...] = (
    POOL, HOST, NETWORK, PIF, BOND, VLAN, TUNNEL, VM, VIF, TASK, VM_GUEST_METRICS, PIF_METRICS, MESSAGE, SESSION,
)  # fmt: skip
CLASSES = {kind.name: kind for kind in ALL}

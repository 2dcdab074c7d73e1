"""The commands of hosts, of what they are managed through, and of the calls that they carry out."""

from agent.cli.change import CHANGE, as_json, sends, the
from agent.cli.command import Call, Command
from agent.cli.parameter import JSON, required


def localtime(call: Call) -> str:
    """A host's clock, as it shows there: without a zone."""
    asked = "host.get_server_localtime", call.find("host", "uuid")
    shown: str = call.session.ask(*asked, shape=str).removesuffix("Z")
    return as_json(shown) if call.values["json"] else f"{shown}\n"


COMMANDS = (
    Command(
        "host-management-reconfigure",
        sends("host.management_reconfigure", the("PIF", "pif-uuid")),
        (required("pif-uuid", "The PIF: its uuid, the beginning of it, or its device."), *CHANGE),
        "Make a PIF the management interface of its host.",
        examples=("pifctl host-management-reconfigure pif-uuid=bond0 --dry-run",),
        errors=("PIF_HAS_NO_NETWORK_CONFIGURATION", "CANNOT_PLUG_BOND_SLAVE", "PIF_UNMANAGED"),
    ),
    Command(
        "host-management-disable",
        sends("host.management_disable"),
        CHANGE,
        "Leave this host without a management interface.",
        "Nothing is unplugged: the host stays as reachable as it was.  To have one again, use\n"
        "host-management-reconfigure.",
        examples=("pifctl host-management-disable",),
    ),
    Command(
        "pool-management-reconfigure",
        sends("pool.management_reconfigure", the("network", "network-uuid")),
        (required("network-uuid", "The network: uuid, name-label or bridge."), *CHANGE),
        "Make a network the one that the hosts of the pool are managed through.",
        "On each host, its PIF on this network becomes the management interface.",
        examples=("pifctl pool-management-reconfigure network-uuid=xapi0 --dry-run",),
        errors=("PIF_NOT_PRESENT", "PIF_HAS_NO_NETWORK_CONFIGURATION", "CANNOT_PLUG_BOND_SLAVE"),
    ),
    Command(
        "host-get-server-localtime",
        localtime,
        (required("uuid", "The host: its uuid, the beginning of it, or its name-label."), JSON),
        "Print a host's clock, in the time of the place where it is.",
        prints="the date and the time",
        examples=("pifctl host-get-server-localtime uuid=host1",),
        is_hidden=True,
    ),
    Command(
        "host-signal-networking-change",
        sends("host.signal_networking_change"),
        (JSON,),
        "Have everybody who waits for events look again.",
        examples=("pifctl host-signal-networking-change",),
        is_hidden=True,
    ),
    Command(
        "pool-sync-database",
        sends("pool.sync_database"),
        (JSON,),
        "Do nothing: each change is in the store before it is answered.",
        examples=("pifctl pool-sync-database",),
        is_hidden=True,
    ),
    Command(
        "task-cancel",
        sends("task.cancel", the("task")),
        (required("uuid", "The task: its uuid, the beginning of it, or its name-label."),),
        "Ask a call that runs to stop.",
        "It stops between two of its steps, and what it had done by then is undone.  task-list shows how\n"
        "far it is.",
        examples=("pifctl task-list status=pending", "pifctl task-cancel uuid=5f1c"),
        errors=("UUID_INVALID",),
    ),
)

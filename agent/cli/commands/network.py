"""The commands of networks, and of the one that the host is managed through."""

from typing import Any

from agent.cli.change import CHANGE, as_json, sends, the_object
from agent.cli.command import Call, Command
from agent.cli.commands.pif import HOST, host
from agent.cli.parameter import JSON, boolean, integer, mapping, optional, required


def new_network(call: Call) -> list[Any]:
    """network.create's record."""
    values = call.values
    record = {
        "name_label": values["name-label"],
        "name_description": values["name-description"],
        "MTU": values["MTU"],
        "bridge": values["bridge"],
        "managed": values["managed"],
        "other_config": values["other-config"],
        "tags": [],
    }
    return [record]


def management(call: Call) -> list[Any]:
    """host.management_reconfigure's parameters."""
    return [call.find("PIF", "pif-uuid")]


def localtime(call: Call) -> str:
    """A host's clock, as it shows there: without a zone."""
    asked = "host.get_server_localtime", call.find("host", "uuid")
    shown: str = call.session.ask(*asked, shape=str).removesuffix("Z")
    return as_json(shown) if call.values["json"] else f"{shown}\n"


def nothing(call: Call) -> list[Any]:
    """The call has no parameters."""
    return []


def attachment(call: Call) -> list[Any]:
    """network.attach's parameters."""
    return [call.find("network", "uuid"), host(call)]


A_NETWORK = required("uuid", "The network: uuid, the beginning of it, name-label or bridge.")

COMMANDS = (
    Command(
        "network-create",
        sends("network.create", new_network),
        (
            required("name-label", "The network's name."),
            optional("name-description", "What it is for."),
            optional("MTU", "The largest packet in bytes.  The default is 1500.", integer, 1500),
            optional("bridge", "The bridge's device name; without it, pifd picks one."),
            optional("managed", "false: the bridge is somebody else's.  The default is true.", boolean, True),
            mapping("other-config", "More settings, such as other-config:static-routes=…"),
            *CHANGE,
        ),
        "Make a network.",
        "Its bridge comes up when something is plugged into it.",
        "the uuid of the network",
        ("pifctl network-create name-label=storage MTU=9000",),
        ("BRIDGE_NAME_EXISTS", "INVALID_VALUE"),
    ),
    Command(
        "network-destroy",
        sends("network.destroy", the_object("network")),
        (A_NETWORK, *CHANGE),
        "Remove a network that nothing is connected to.",
        examples=("pifctl network-destroy uuid=storage",),
        errors=("NETWORK_CONTAINS_PIF", "NETWORK_CONTAINS_VIF"),
    ),
    Command(
        "host-management-reconfigure",
        sends("host.management_reconfigure", management),
        (required("pif-uuid", "The PIF: its uuid, the beginning of it, or its device."), *CHANGE),
        "Make a PIF the management interface of its host.",
        examples=("pifctl host-management-reconfigure pif-uuid=bond0 --dry-run",),
        errors=("PIF_HAS_NO_NETWORK_CONFIGURATION", "CANNOT_PLUG_BOND_SLAVE", "PIF_UNMANAGED"),
    ),
    Command(
        "host-management-disable",
        sends("host.management_disable", nothing),
        CHANGE,
        "Leave this host without a management interface.",
        "Nothing is unplugged: the host stays as reachable as it was.  To have one again, use\n"
        "host-management-reconfigure.",
        examples=("pifctl host-management-disable",),
    ),
    Command(
        "pool-management-reconfigure",
        sends("pool.management_reconfigure", the_object("network", "network-uuid")),
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
        sends("host.signal_networking_change", nothing),
        (JSON,),
        "Have everybody who waits for events look again.",
        examples=("pifctl host-signal-networking-change",),
        is_hidden=True,
    ),
    Command(
        "pool-sync-database",
        sends("pool.sync_database", nothing),
        (JSON,),
        "Do nothing: each change is in the store before it is answered.",
        examples=("pifctl pool-sync-database",),
        is_hidden=True,
    ),
    Command(
        "network-attach",
        sends("network.attach", attachment),
        (A_NETWORK, HOST, *CHANGE),
        "Bring a network up on a host, as the start of a VM does.",
        "Its PIF is plugged; a network without one gets its bridge when the first VIF is plugged.",
        examples=("pifctl network-attach uuid=storage",),
        errors=("CANNOT_PLUG_BOND_SLAVE",),
        is_hidden=True,
    ),
)

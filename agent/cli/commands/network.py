"""The commands of networks, and of the one that the host is managed through."""

from typing import Any

from agent.cli.change import CHANGE, sends, the_object
from agent.cli.command import Call, Command
from agent.cli.parameter import boolean, integer, mapping, optional, required


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
        (required("uuid", "The network: uuid, the beginning of it, name-label or bridge."), *CHANGE),
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
)

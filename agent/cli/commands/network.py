"""The commands of networks."""

from typing import Any

from agent.cli.change import CHANGE, sends, the
from agent.cli.command import Call, Command
from agent.cli.commands.pif import HOST, host
from agent.cli.parameter import boolean, integer, mapping, optional, required


def new_network(call: Call) -> dict[str, Any]:
    """network.create's record."""
    values = call.values
    return {
        "name_label": values["name-label"],
        "name_description": values["name-description"],
        "MTU": values["MTU"],
        "bridge": values["bridge"],
        "managed": values["managed"],
        "other_config": values["other-config"],
        "tags": [],
    }


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
        sends("network.destroy", the("network")),
        (A_NETWORK, *CHANGE),
        "Remove a network that nothing is connected to.",
        examples=("pifctl network-destroy uuid=storage",),
        errors=("NETWORK_CONTAINS_PIF", "NETWORK_CONTAINS_VIF"),
    ),
    Command(
        "network-attach",
        sends("network.attach", the("network"), host),
        (A_NETWORK, HOST, *CHANGE),
        "Bring a network up on a host, as the start of a VM does.",
        "Its PIF is plugged; a network without one gets its bridge when the first VIF is plugged.",
        examples=("pifctl network-attach uuid=storage",),
        errors=("CANNOT_PLUG_BOND_SLAVE",),
        is_hidden=True,
    ),
)

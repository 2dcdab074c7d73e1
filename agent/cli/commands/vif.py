"""The commands of VIFs."""

from collections.abc import Sequence
from typing import Any

from agent.cli.change import CHANGE, Message, sends, sends_all, the
from agent.cli.command import Call, Command
from agent.cli.parameter import flag, mapping, optional, required

A_VIF = required("uuid", "The VIF: uuid, the beginning of it, <VM>/<device>, or its device on the host.")
A_NETWORK = required("network-uuid", "The network: uuid, name-label or bridge.")
RANDOM = "random"


def new_vif(call: Call) -> dict[str, Any]:
    """VIF.create's record.  The MTU is the network's, as with xe."""
    values = call.values
    return {
        "device": values["device"],
        "network": call.find("network", "network-uuid"),
        "VM": call.find("VM", "vm-uuid"),
        "MAC": "" if values["mac"] == RANDOM else values["mac"],
        "other_config": values["other-config"],
    }


def unplug(call: Call) -> Sequence[Message]:
    """The VM is asked, or with --force told."""
    method = "VIF.unplug_force" if call.values["force"] else "VIF.unplug"
    return [Message(method, [call.find("VIF", "uuid")])]


COMMANDS = (
    Command(
        "vif-create",
        sends("VIF.create", new_vif),
        (
            required("device", "The number of the interface in the VM, from 0."),
            A_NETWORK,
            required("vm-uuid", "The VM: its uuid, the beginning of it, or its name-label."),
            optional("mac", "The MAC address in the VM; without it, or with random, one is made."),
            mapping("other-config", "More settings, such as other-config:host-device=tap7."),
            *CHANGE,
        ),
        "Give a VM an interface on a network.",
        "It is plugged when the VM starts, or by vif-plug.  Its device on the host is made by the\n"
        "toolstack; pifd looks for vif<dom-id>.<device>, or the one that other-config:host-device names.",
        "the uuid of the VIF",
        ("pifctl vif-create vm-uuid=web device=0 network-uuid=xenbr0",),
        ("INVALID_DEVICE", "DEVICE_ALREADY_EXISTS", "MAC_INVALID", "INVALID_VALUE"),
    ),
    Command(
        "vif-destroy",
        sends("VIF.destroy", the("VIF")),
        (A_VIF, *CHANGE),
        "Take an interface from a VM, for good.",
        examples=("pifctl vif-destroy uuid=web/0",),
        errors=("OPERATION_NOT_ALLOWED",),
    ),
    Command(
        "vif-plug",
        sends("VIF.plug", the("VIF")),
        (A_VIF, *CHANGE),
        "Connect the VIF of a running VM to its network.",
        "What the network needs is plugged first.",
        examples=("pifctl vif-plug uuid=web/0",),
        errors=(
            "VM_BAD_POWER_STATE",
            "DEVICE_ALREADY_ATTACHED",
            "CANNOT_PLUG_BOND_SLAVE",
            "VM_MISSING_PV_DRIVERS",
            "DEVICE_ATTACH_REJECTED",
        ),
    ),
    Command(
        "vif-unplug",
        sends_all(unplug),
        (A_VIF, flag("force", "Do not ask the VM."), *CHANGE),
        "Disconnect the VIF of a running VM from its network.",
        examples=("pifctl vif-unplug uuid=web/0", "pifctl vif-unplug uuid=web/0 --force"),
        errors=(
            "VM_BAD_POWER_STATE",
            "DEVICE_ALREADY_DETACHED",
            "VM_MISSING_PV_DRIVERS",
            "DEVICE_DETACH_REJECTED",
        ),
    ),
    Command(
        "vif-move",
        sends("VIF.move", the("VIF"), the("network", "network-uuid")),
        (A_VIF, A_NETWORK, *CHANGE),
        "Put a VIF on another network.",
        "One that is plugged moves while the VM runs, which does not notice.",
        examples=("pifctl vif-move uuid=web/0 network-uuid=storage",),
        errors=("CANNOT_PLUG_BOND_SLAVE", "INVALID_VALUE"),
    ),
)

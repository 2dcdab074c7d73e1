"""The commands of VMs: how a toolstack, or a person in its place, tells pifd of them.

pifd starts and stops no VM.  These commands say what becomes of one, and pifd connects its VIFs.
"""

from collections.abc import Callable, Sequence
from typing import Any

from agent.cli.change import CHANGE, Message, sends, sends_all, the
from agent.cli.command import Call, Command
from agent.cli.parameter import boolean, flag, mapping, optional, required, words
from agent.cli.value import NULL

A_VM = required("uuid", "The VM: its uuid, the beginning of it, or its name-label.")
ON = optional("on", "The host: uuid or name-label; without it, this one.")
PAUSED = flag("paused", "It is paused first, and goes on with vm-unpause.")
BAD_STATE = ("VM_BAD_POWER_STATE",)


def new_vm(call: Call) -> dict[str, Any]:
    """VM.create's record."""
    values = call.values
    return {
        "name_label": values["name-label"],
        "name_description": values["name-description"],
        "affinity": call.find("host", "affinity") if values["affinity"] else NULL,
        "possible_hosts": [call.objects.find("host", host) for host in values["possible-hosts"]],
        "is_a_template": values["is-a-template"],
        "other_config": values["other-config"],
    }


def begins(message: str) -> Callable[[Call], str]:
    """VM.start or VM.resume, or the same on a host that is named; nothing is forced."""

    def messages(call: Call) -> Sequence[Message]:
        vm, last = call.find("VM", "uuid"), [call.values["paused"], False]
        if call.values["on"]:
            return [Message(f"VM.{message}_on", [vm, call.find("host", "on"), *last])]
        return [Message(f"VM.{message}", [vm, *last])]

    return sends_all(messages)


def shutdown(call: Call) -> Sequence[Message]:
    """Clean, or with --force hard."""
    method = "VM.hard_shutdown" if call.values["force"] else "VM.clean_shutdown"
    return [Message(method, [call.find("VM", "uuid")])]


COMMANDS = (
    Command(
        "vm-create",
        sends("VM.create", new_vm),
        (
            required("name-label", "The VM's name."),
            optional("name-description", "What it is for."),
            optional("affinity", "The host that it likes to run on."),
            optional("possible-hosts", "The hosts that it can start on; without them, all.", words, ()),
            optional("is-a-template", "true: it never runs.", boolean, False),
            mapping("other-config", "More settings, such as other-config:mac_seed=<text>."),
            *CHANGE,
        ),
        "Tell pifd of a VM.",
        "It is made and run by a toolstack; pifd has to know it for the sake of its VIFs.",
        "the uuid of the VM",
        ("pifctl vm-create name-label=web",),
    ),
    Command(
        "vm-destroy",
        sends("VM.destroy", the("VM")),
        (A_VM, *CHANGE),
        "Forget a VM that is halted, and its VIFs.",
        examples=("pifctl vm-destroy uuid=web",),
        errors=BAD_STATE,
    ),
    Command(
        "vm-start",
        begins("start"),
        (A_VM, PAUSED, ON, *CHANGE),
        "Tell that a VM starts: its VIFs are connected.",
        "The toolstack has made their devices, and has set dom-id with vm-param-set.  What their networks\n"
        "need is plugged first.",
        examples=("pifctl vm-param-set uuid=web dom-id=7", "pifctl vm-start uuid=web"),
        errors=(*BAD_STATE, "CANNOT_PLUG_BOND_SLAVE", "DEVICE_ATTACH_REJECTED", "VM_IS_TEMPLATE"),
    ),
    Command(
        "vm-shutdown",
        sends_all(shutdown),
        (A_VM, flag("force", "It was not asked."), *CHANGE),
        "Tell that a VM is halted: its VIFs are disconnected.",
        examples=("pifctl vm-shutdown uuid=web",),
        errors=BAD_STATE,
    ),
    Command(
        "vm-suspend",
        sends("VM.suspend", the("VM")),
        (A_VM, *CHANGE),
        "Tell that a VM is suspended: its VIFs have no devices until it is resumed.",
        examples=("pifctl vm-suspend uuid=web",),
        errors=BAD_STATE,
    ),
    Command(
        "vm-resume",
        begins("resume"),
        (A_VM, PAUSED, ON, *CHANGE),
        "Tell that a suspended VM is resumed: its VIFs are connected again.",
        examples=("pifctl vm-resume uuid=web",),
        errors=(*BAD_STATE, "CANNOT_PLUG_BOND_SLAVE", "DEVICE_ATTACH_REJECTED"),
    ),
    Command(
        "vm-pause",
        sends("VM.pause", the("VM")),
        (A_VM, *CHANGE),
        "Tell that a VM is paused.",
        examples=("pifctl vm-pause uuid=web",),
        errors=BAD_STATE,
    ),
    Command(
        "vm-unpause",
        sends("VM.unpause", the("VM")),
        (A_VM, *CHANGE),
        "Tell that a paused VM goes on.",
        examples=("pifctl vm-unpause uuid=web",),
        errors=BAD_STATE,
    ),
)

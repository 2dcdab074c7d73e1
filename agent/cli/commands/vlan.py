"""The commands of VLANs."""

from agent.cli.change import CHANGE, sends, the
from agent.cli.command import Call, Command
from agent.cli.errors import CommandError
from agent.cli.objects import is_uuid
from agent.cli.parameter import integer, required
from agent.cli.value import uuid_of

BELOW, A_NETWORK = the("PIF", "pif-uuid"), the("network", "network-uuid")


def tag(name: str, given: str) -> int:
    """A whole number; the daemon says which ones are tags."""
    try:
        return integer(name, given)
    except CommandError as refusal:
        raise CommandError(*refusal.args, f"Got '{given}'; a VLAN tag is a number from 0 to 4094") from None


def untagged_PIF(call: Call, made: str) -> str:
    """xe prints the PIF on top of a new VLAN, which is what one goes on with."""
    upper: str = call.session.ask("VLAN.get_untagged_PIF", made, shape=str)
    return upper


def the_vlan(call: Call) -> str:
    """The VLAN that uuid= names, by its own uuid or that of the PIF on top of it; they share their name."""
    given = call.values["uuid"]
    if is_uuid(given):
        for ref, vlan in call.objects.of("VLAN").items():
            if uuid_of(vlan.get("untagged_PIF", "")) == given.lower():
                return ref
    return call.find("VLAN", "uuid")


COMMANDS = (
    Command(
        "vlan-create",
        sends("VLAN.create", BELOW, "vlan", A_NETWORK, prints=untagged_PIF),
        (
            required("pif-uuid", "The PIF below, a NIC's or a bond's: uuid or device."),
            required("vlan", "The tag, 0 to 4094.", tag),
            required("network-uuid", "The network of the VLAN: uuid, name-label or bridge."),
            *CHANGE,
        ),
        "Make a VLAN on a PIF, for a network.",
        "The network's MTU may be no larger than that of the PIF below.",
        "the uuid of the PIF on top of the VLAN",
        ("pifctl vlan-create pif-uuid=eth0 vlan=5 network-uuid=storage",),
        (
            "NETWORK_ALREADY_CONNECTED",
            "CANNOT_ADD_VLAN_TO_BOND_SLAVE",
            "PIF_IS_VLAN",
            "VLAN_TAG_INVALID",
            "PIF_VLAN_EXISTS",
            "INVALID_VALUE",
        ),
    ),
    Command(
        "vlan-destroy",
        sends("VLAN.destroy", the_vlan),
        (
            required("uuid", "The VLAN: its uuid, that of the PIF on top of it, or its name, as eth0.5."),
            *CHANGE,
        ),
        "Remove a VLAN and the PIF on top of it.",
        "Its network stays.",
        examples=("pifctl vlan-destroy uuid=eth0.5",),
        errors=("PIF_IS_MANAGEMENT_INTERFACE", "VIF_IN_USE", "PIF_TUNNEL_STILL_EXISTS"),
    ),
    Command(
        "pool-vlan-create",
        sends("pool.create_VLAN_from_PIF", BELOW, A_NETWORK, "vlan"),
        (
            required("pif-uuid", "A PIF below, a NIC's or a bond's: uuid or device."),
            required("vlan", "The tag, 0 to 4094.", tag),
            required("network-uuid", "The network of the VLAN: uuid, name-label or bridge."),
            *CHANGE,
        ),
        "Make a VLAN for a network, on each host of the pool.",
        "On each host it is made on the PIF that is on the same network as the one given.",
        "the uuids of the PIFs on top of the VLANs, one a line",
        ("pifctl pool-vlan-create pif-uuid=eth0 vlan=5 network-uuid=storage",),
        ("NETWORK_ALREADY_CONNECTED", "VLAN_TAG_INVALID", "PIF_VLAN_EXISTS"),
    ),
)

"""The commands of pifctl: what the parser reads, what help prints, and what each does, in one table."""

from agent.cli import change, inspection
from agent.cli.classes import CLASSES, Class
from agent.cli.command import Command
from agent.cli.parameter import (
    DRY_RUN,
    JSON,
    MINIMAL,
    boolean,
    integer,
    mapping,
    one_of,
    optional,
    required,
    words,
)

BOND_MODE = one_of("bond mode", "active-backup", "balance-slb", "lacp")
IP_MODE = one_of("ip configuration mode", "None", "DHCP", "Static")

A_PIF = required("uuid", "The PIF: its uuid, the beginning of it, or its device, such as eth0.")
HOST = optional("host-uuid", "The host.  May be left out when there is only one.")
# JSON here is for the dry run and for the uuid of what was made.
CHANGE = (DRY_RUN, JSON)

CHANGES = (
    Command(
        "bond-create",
        change.sends("Bond.create", change.new_bond),
        (
            required("network-uuid", "The network that the bond is for: uuid, name-label or bridge."),
            required("pif-uuids", "The PIFs to bond, with commas in between: uuids or devices.", words),
            optional("mac", "The bond's MAC address; without it, the primary member's."),
            optional(
                "mode",
                "active-backup (the default); the others are not there yet.",
                BOND_MODE,
                "active-backup",
            ),
            mapping("properties", "Properties of the mode, such as properties:hashing_algorithm=src_mac."),
            *CHANGE,
        ),
        "Put NICs into a new bond.",
        "The primary member is the management interface if it is among the PIFs, else the first with\n"
        "an IP configuration, else the first.  The bond takes over its MAC address, its IP configuration\n"
        "and its being the management interface.",
        "the uuid of the Bond",
        (
            "pifctl bond-create network-uuid=xapi0 pif-uuids=eth0,eth1 --dry-run",
            "pifctl bond-create network-uuid=xapi0 pif-uuids=eth0,eth1 mode=active-backup",
        ),
        (
            "NETWORK_ALREADY_CONNECTED",
            "PIF_ALREADY_BONDED",
            "PIF_BOND_MORE_THAN_ONE_IP",
            "INCOMPATIBLE_PIF_PROPERTIES",
            "INVALID_VALUE",
        ),
    ),
    Command(
        "bond-destroy",
        change.sends("Bond.destroy", change.the_object("Bond")),
        (required("uuid", "The Bond: its uuid, the beginning of it, or its device, such as bond0."), *CHANGE),
        "Take a bond apart.",
        "Its IP configuration and management go back to its primary member.",
        examples=("pifctl bond-destroy uuid=bond0",),
        errors=("UUID_INVALID",),
    ),
    Command(
        "pif-plug",
        change.sends("PIF.plug", change.the_object("PIF")),
        (A_PIF, *CHANGE),
        "Bring a PIF up: its link, its bridge and its IP configuration.",
        examples=("pifctl pif-plug uuid=eth1",),
        errors=("CANNOT_PLUG_BOND_SLAVE", "PIF_UNMANAGED", "PIF_CONFIGURATION_ERROR"),
    ),
    Command(
        "pif-unplug",
        change.sends("PIF.unplug", change.the_object("PIF")),
        (A_PIF, *CHANGE),
        "Take a PIF down.",
        examples=("pifctl pif-unplug uuid=eth1",),
        errors=("PIF_IS_MANAGEMENT_INTERFACE", "PIF_DOES_NOT_ALLOW_UNPLUG", "PIF_UNMANAGED"),
    ),
    Command(
        "pif-reconfigure-ip",
        change.sends("PIF.reconfigure_ip", change.ip_configuration),
        (
            A_PIF,
            required("mode", "None, DHCP or Static, in any case.", IP_MODE),
            optional("IP", "The address, for Static, such as 192.0.2.10."),
            optional("netmask", "The netmask, for Static, such as 255.255.255.0."),
            optional("gateway", "The gateway of the default route, for Static."),
            optional("DNS", "Name servers, with commas in between."),
            *CHANGE,
        ),
        "Change the IPv4 configuration of a PIF.",
        "What is not given becomes empty; nothing is kept of the configuration before.",
        examples=(
            "pifctl pif-reconfigure-ip uuid=eth1 mode=static IP=192.0.2.10 netmask=255.255.255.0",
            "pifctl pif-reconfigure-ip uuid=eth1 mode=none",
        ),
        errors=("INVALID_IP_ADDRESS_SPECIFIED", "PIF_IS_MANAGEMENT_INTERFACE", "PIF_UNMANAGED"),
    ),
    Command(
        "pif-scan",
        change.sends("PIF.scan", change.scan),
        (HOST, *CHANGE),
        "Look for NICs that have no PIF yet, and make PIFs and networks for them.",
        "Nothing is plugged, and the PIF of a NIC that is gone stays.",
        examples=("pifctl pif-scan",),
    ),
    Command(
        "pif-introduce",
        change.sends("PIF.introduce", change.introduction),
        (
            required("device", "The NIC's device, such as eth2."),
            HOST,
            optional("mac", "The NIC's MAC address; without it, the device's is looked up."),
            optional("managed", "false: pifd leaves the NIC alone.  The default is true.", boolean, True),
            *CHANGE,
        ),
        "Make a PIF for one NIC.",
        prints="the uuid of the PIF",
        examples=("pifctl pif-introduce device=eth2",),
        errors=(
            "DUPLICATE_PIF_DEVICE_NAME",
            "COULD_NOT_FIND_NETWORK_INTERFACE_WITH_SPECIFIED_DEVICE_NAME_AND_MAC_ADDRESS",
            "MAC_INVALID",
        ),
    ),
    Command(
        "pif-forget",
        change.sends("PIF.forget", change.the_object("PIF")),
        (A_PIF, *CHANGE),
        "Remove the PIF of a NIC.",
        "The NIC is taken down first, if pifd manages it.  Its network stays.",
        examples=("pifctl pif-forget uuid=eth2",),
        errors=("PIF_IS_MANAGEMENT_INTERFACE", "PIF_ALREADY_BONDED", "PIF_IS_NOT_PHYSICAL"),
    ),
    Command(
        "pif-param-set",
        change.sends("PIF.set_disallow_unplug", change.disallow_unplug),
        (A_PIF, required("disallow-unplug", "true: refuse to unplug this PIF.", boolean), *CHANGE),
        "Set a field of a PIF.",
        examples=("pifctl pif-param-set uuid=eth0 disallow-unplug=true",),
        errors=("PIF_UNMANAGED",),
        class_name="PIF",
    ),
    Command(
        "network-create",
        change.sends("network.create", change.new_network),
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
        change.sends("network.destroy", change.the_object("network")),
        (required("uuid", "The network: uuid, the beginning of it, name-label or bridge."), *CHANGE),
        "Remove a network that nothing is connected to.",
        examples=("pifctl network-destroy uuid=storage",),
        errors=("NETWORK_CONTAINS_PIF",),
    ),
    Command(
        "host-management-reconfigure",
        change.sends("host.management_reconfigure", change.management),
        (required("pif-uuid", "The PIF: its uuid, the beginning of it, or its device."), *CHANGE),
        "Make a PIF the management interface of its host.",
        examples=("pifctl host-management-reconfigure pif-uuid=bond0 --dry-run",),
        errors=("PIF_HAS_NO_NETWORK_CONFIGURATION", "CANNOT_PLUG_BOND_SLAVE", "PIF_UNMANAGED"),
    ),
)

TOPOLOGY = Command(
    "topology",
    inspection.topology,
    (JSON,),
    "Draw what is on top of what: networks, bridges, bonds and NICs, with addresses and link states.",
    prints="a tree",
    examples=("pifctl topology",),
)


def list_command(kind: Class) -> Command:
    """<class>-list."""
    fields = optional("params", "The fields to print, with commas in between, or all.", words, ())
    about = (
        "Any field can be a filter: field=value, map:key=value, set:contains=value.  All have to match.\n"
        f"Without params= it prints: {', '.join(kind.listed)}."
    )
    example = f"pifctl {kind.prefix}-list params=all"
    name, summary = f"{kind.prefix}-list", f"List the {kind.name} objects."
    prints = "the objects, each followed by two empty lines"
    parameters = (fields, MINIMAL, JSON)
    examples = (example, f"pifctl {kind.prefix}-list --minimal")
    return Command(
        name, inspection.list_objects, parameters, summary, about, prints, examples, (), kind.name, True
    )


def field_commands(kind: Class) -> tuple[Command, ...]:
    """<class>-param-list and <class>-param-get."""
    one = required("uuid", f"The {kind.name}: its uuid, the beginning of it, or its name.")
    field = required("param-name", "The field.")
    key = optional("param-key", "For a field that is a map: the key to print.")
    return (
        Command(
            f"{kind.prefix}-param-list",
            inspection.list_fields,
            (one, JSON),
            f"Print all fields of one {kind.name}.",
            prints="the object",
            class_name=kind.name,
        ),
        Command(
            f"{kind.prefix}-param-get",
            inspection.get_field,
            (one, field, key, JSON),
            f"Print one field of one {kind.name}.",
            prints="the bare value",
            class_name=kind.name,
        ),
    )


LISTS = tuple(list_command(kind) for kind in CLASSES.values())
FIELDS = tuple(command for kind in CLASSES.values() for command in field_commands(kind))
COMMANDS = {command.name: command for command in (*CHANGES, TOPOLOGY, *LISTS, *FIELDS)}

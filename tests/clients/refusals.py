"""Refusals: for every declared call wrongs that it is refused for, with the code and its parameters.

A word that begins with @ is a name of an object on the host of the story, see `names_on`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.clients.voices import Voice

NOWHERE = f"OpaqueRef:{'0' * 8}-0000-0000-0000-{'0' * 12}"
NO_FILTER = "frames of VMs are not filtered"
UNTAGGED, NO_QOS = "a VIF carries untagged frames, its network's", "VIFs have no limits of bandwidth"


class Refused(NamedTuple):
    """A call, and the error that it gets."""

    method: str
    params: tuple[Any, ...]
    details: tuple[str, ...]


def refused(method: str, *params: Any, because: tuple[str, ...]) -> Refused:
    return Refused(method, params, because)


BAD_STATE = "VM_BAD_POWER_STATE"
NOT_HALTED = "paused, running, suspended"

REFUSALS = (
    refused("network.create", {"bridge": "xenbr0"}, because=("INVALID_VALUE", "bridge", "xenbr0")),
    refused("network.create", {"bridge": "free"}, because=("BRIDGE_NAME_EXISTS", "free")),
    refused("network.create", {"MTU": 5}, because=("INVALID_VALUE", "MTU", "5")),
    refused("network.destroy", "@xenbr0", because=("NETWORK_CONTAINS_PIF", "@eth0")),
    refused("network.destroy", "@bonded", because=("NETWORK_CONTAINS_VIF", "@web/0")),
    refused("network.attach", "@xenbr1", "@host", because=("CANNOT_PLUG_BOND_SLAVE", "@eth1")),
    refused(
        "network.set_default_locking_mode",
        "@free",
        "disabled",
        because=("INVALID_VALUE", "default_locking_mode", f"disabled: {NO_FILTER}"),
    ),
    refused(
        "network.add_purpose",
        "@free",
        "nbd",
        because=("INVALID_VALUE", "purpose", "nbd: network block devices are not known here"),
    ),
    refused("network.set_purpose", "@free", ["fun"], because=("INVALID_VALUE", "purpose", "fun")),
    refused("network.remove_purpose", "@free", "fun", because=("INVALID_VALUE", "purpose", "fun")),
    refused("PIF.scan", NOWHERE, because=("HANDLE_INVALID", "host", NOWHERE)),
    refused("PIF.introduce", "@host", "", "eth0", because=("DUPLICATE_PIF_DEVICE_NAME", "eth0")),
    refused("PIF.introduce", "@host", "junk", "eth77", because=("MAC_INVALID", "junk")),
    refused("PIF.forget", "@eth0", because=("PIF_IS_MANAGEMENT_INTERFACE", "@eth0")),
    refused("PIF.forget", "@eth1", because=("PIF_ALREADY_BONDED", "@eth1")),
    refused("PIF.replace", NOWHERE, "eth3", because=("HANDLE_INVALID", "PIF", NOWHERE)),
    refused("PIF.plug", "@eth1", because=("CANNOT_PLUG_BOND_SLAVE", "@eth1")),
    refused("PIF.unplug", "@eth0", because=("PIF_IS_MANAGEMENT_INTERFACE", "@eth0")),
    refused("PIF.unplug", "@bond0", because=("VIF_IN_USE", "@bonded", "@web/0")),
    refused("PIF.set_disallow_unplug", "@eth1", True, because=("PIF_ALREADY_BONDED", "@eth1")),
    refused(
        "PIF.set_property", "@eth3", "gro", "maybe", because=("INVALID_VALUE", "properties", "gro = maybe")
    ),
    refused("PIF.set_property", "@eth1", "gro", "on", because=("CANNOT_CHANGE_PIF_PROPERTIES", "@eth1")),
    refused(
        "PIF.reconfigure_ip",
        *("@eth3", "Static", "junk", "255.255.255.0", "", ""),
        because=("INVALID_IP_ADDRESS_SPECIFIED", "IP"),
    ),
    refused("PIF.reconfigure_ip", "@eth3", "x", "", "", "", "", because=("INVALID_VALUE", "mode", "x")),
    refused(
        "PIF.reconfigure_ip",
        *("@eth0", "None", "", "", "", ""),
        because=("PIF_IS_MANAGEMENT_INTERFACE", "@eth0"),
    ),
    refused(
        "PIF.reconfigure_ipv6",
        *("@eth3", "Static", "2001:db8::1", "", ""),
        because=("INVALID_CIDR_ADDRESS_SPECIFIED", "IPv6"),
    ),
    refused(
        "PIF.set_primary_address_type",
        *("@eth3", "IPv5"),
        because=("INVALID_VALUE", "primary_address_type", "IPv5"),
    ),
    refused("PIF.create_VLAN", "eth77", "@free", "@host", 5, because=("INVALID_VALUE", "device", "eth77")),
    refused("PIF.destroy", "@eth0", because=("PIF_IS_PHYSICAL", "@eth0")),
    refused("Bond.create", "@free", [], "", because=("PIF_BOND_NEEDS_MORE_MEMBERS",)),
    refused(
        "Bond.create", "@xenbr0", ["@eth3"], "", because=("NETWORK_ALREADY_CONNECTED", "@xenbr0", "@eth0")
    ),
    refused("Bond.create", "@free", ["@eth3", "@eth1"], "", because=("PIF_ALREADY_BONDED", "@eth1")),
    refused("Bond.create", "@free", ["@eth3", "@bond0/8"], "", because=("PIF_VLAN_EXISTS", "@bond0/8")),
    refused("Bond.create", "@free", ["@eth3", "@tunnel0"], "", because=("IS_TUNNEL_ACCESS_PIF", "@tunnel0")),
    refused("Bond.create", "@free", ["@eth3"], "junk", because=("MAC_INVALID", "junk")),
    refused("Bond.create", "@free", ["@eth3"], "", "best", because=("INVALID_VALUE", "mode", "best")),
    refused("Bond.destroy", NOWHERE, because=("HANDLE_INVALID", "Bond", NOWHERE)),
    refused("Bond.add_member", NOWHERE, "@eth3", because=("HANDLE_INVALID", "Bond", NOWHERE)),
    refused("Bond.remove_member", NOWHERE, "@eth1", because=("HANDLE_INVALID", "Bond", NOWHERE)),
    refused("Bond.set_primary_slave", NOWHERE, "@eth1", because=("HANDLE_INVALID", "Bond", NOWHERE)),
    refused("Bond.set_active_slave", NOWHERE, "@eth1", because=("HANDLE_INVALID", "Bond", NOWHERE)),
    refused("Bond.remove_property", NOWHERE, "miimon", because=("HANDLE_INVALID", "Bond", NOWHERE)),
    refused("Bond.set_mode", "@bond", "best", because=("INVALID_VALUE", "mode", "best")),
    refused(
        "Bond.set_property",
        *("@bond", "colour", "red"),
        because=("INVALID_VALUE", "properties", "colour = red: active-backup has no such property"),
    ),
    refused("VLAN.create", "@eth1", 5, "@free", because=("CANNOT_ADD_VLAN_TO_BOND_SLAVE", "@eth1")),
    refused("VLAN.create", "@eth3", 4095, "@free", because=("VLAN_TAG_INVALID", "4095")),
    refused("VLAN.create", "@bond0", 8, "@free", because=("PIF_VLAN_EXISTS", "@bond0/8")),
    refused("VLAN.create", "@bond0/8", 9, "@free", because=("PIF_IS_VLAN", "@bond0/8")),
    refused("VLAN.destroy", "@bond", because=("HANDLE_INVALID", "VLAN", "@bond")),
    refused("tunnel.create", "@eth1", "@free", because=("CANNOT_ADD_TUNNEL_TO_BOND_SLAVE", "@eth1")),
    refused("tunnel.create", "@eth3", "@free", because=("TRANSPORT_PIF_NOT_CONFIGURED", "@eth3")),
    refused("tunnel.create", "@eth0", "@free", "stt", because=("INVALID_VALUE", "protocol", "stt")),
    refused("tunnel.destroy", "@bond", because=("HANDLE_INVALID", "tunnel", "@bond")),
    refused(
        "VIF.create",
        {"device": "0", "network": "@free", "VM": "@web"},
        because=("DEVICE_ALREADY_EXISTS", "0"),
    ),
    refused(
        "VIF.destroy",
        "@web/0",
        because=("OPERATION_NOT_ALLOWED", "VIF currently attached to a running VM"),
    ),
    refused("VIF.plug", "@web/0", because=("DEVICE_ALREADY_ATTACHED", "@web/0")),
    refused("VIF.plug", "@halted/0", because=(BAD_STATE, "@halted", "running", "halted")),
    refused("VIF.unplug", "@halted/0", because=(BAD_STATE, "@halted", "running", "halted")),
    refused("VIF.unplug_force", "@halted/0", because=(BAD_STATE, "@halted", "running", "halted")),
    refused("VIF.move", "@web/0", NOWHERE, because=("HANDLE_INVALID", "network", NOWHERE)),
    refused("VIF.move", "@web/0", "@xenbr1", because=("CANNOT_PLUG_BOND_SLAVE", "@eth1")),
    refused(
        "VIF.set_locking_mode",
        *("@web/0", "locked"),
        because=("INVALID_VALUE", "locking_mode", f"locked: {NO_FILTER}"),
    ),
    refused(
        "VIF.set_ipv4_allowed",
        *("@web/0", ["10.0.0.1"]),
        because=("INVALID_VALUE", "ipv4_allowed", f"10.0.0.1: {NO_FILTER}"),
    ),
    refused(
        "VIF.set_ipv6_allowed",
        *("@web/0", ["fe80::1"]),
        because=("INVALID_VALUE", "ipv6_allowed", f"fe80::1: {NO_FILTER}"),
    ),
    refused(
        "VIF.add_ipv4_allowed",
        *("@web/0", "10.0.0.0/8"),
        because=("INVALID_VALUE", "ipv4_allowed", f"10.0.0.0/8: {NO_FILTER}"),
    ),
    refused(
        "VIF.add_ipv6_allowed",
        *("@web/0", "fe80::1"),
        because=("INVALID_VALUE", "ipv6_allowed", f"fe80::1: {NO_FILTER}"),
    ),
    *(
        refused(f"VIF.{message}", "@web/0", *value, because=("INVALID_VALUE", field, told))
        for field, told, messages in (
            ("trunks", f"42: {UNTAGGED}", {"set_trunks": ([42],), "add_trunks": (42,)}),
            ("qos_algorithm_type", f"x: {NO_QOS}", {"set_qos_algorithm_type": ("x",)}),
            (
                "qos_algorithm_params",
                f"k: {NO_QOS}",
                {
                    "set_qos_algorithm_params": ({"k": "1"},),
                    "put_in_qos_algorithm_params": ({"k": "1"},),
                    "add_to_qos_algorithm_params": ("k", "1"),
                },
            ),
        )
        for message, value in messages.items()
    ),
    refused("VIF.remove_trunks", NOWHERE, 42, because=("HANDLE_INVALID", "VIF", NOWHERE)),
    refused("VIF.remove_from_qos_algorithm_params", NOWHERE, "k", because=("HANDLE_INVALID", "VIF", NOWHERE)),
    refused("VIF.remove_ipv4_allowed", NOWHERE, "10.0.0.1", because=("HANDLE_INVALID", "VIF", NOWHERE)),
    refused("VIF.remove_ipv6_allowed", NOWHERE, "fe80::1", because=("HANDLE_INVALID", "VIF", NOWHERE)),
    refused("VM.create", {"possible_hosts": [NOWHERE]}, because=("HANDLE_INVALID", "host", NOWHERE)),
    refused("VM.destroy", "@web", because=(BAD_STATE, "@web", "halted", "running")),
    refused("VM.start", "@web", because=(BAD_STATE, "@web", "halted", "running")),
    refused("VM.start_on", "@halted", NOWHERE, because=("HANDLE_INVALID", "host", NOWHERE)),
    refused("VM.clean_shutdown", "@halted", because=(BAD_STATE, "@halted", "running", "halted")),
    refused("VM.hard_shutdown", "@halted", because=(BAD_STATE, "@halted", NOT_HALTED, "halted")),
    refused("VM.shutdown", "@halted", because=(BAD_STATE, "@halted", NOT_HALTED, "halted")),
    refused("VM.suspend", "@halted", because=(BAD_STATE, "@halted", "running", "halted")),
    refused("VM.resume", "@web", because=(BAD_STATE, "@web", "suspended", "running")),
    refused("VM.resume_on", "@web", "@host", because=(BAD_STATE, "@web", "suspended", "running")),
    refused("VM.pause", "@halted", because=(BAD_STATE, "@halted", "running", "halted")),
    refused("VM.unpause", "@web", because=(BAD_STATE, "@web", "paused", "running")),
    refused("VM.set_domid", "@web", 8, because=(BAD_STATE, "@web", "halted, suspended", "running")),
    refused("VM.set_PV_drivers_detected", NOWHERE, True, because=("HANDLE_INVALID", "VM", NOWHERE)),
    refused("host.management_reconfigure", "@eth3", because=("PIF_HAS_NO_NETWORK_CONFIGURATION", "@eth3")),
    refused("host.management_reconfigure", "@eth1", because=("CANNOT_PLUG_BOND_SLAVE", "@eth1")),
    refused("host.local_management_reconfigure", "eth0", because=("NOT_IN_EMERGENCY_MODE",)),
    refused(
        "pool.create_VLAN_from_PIF",
        "@eth3",
        "@xenbr0",
        5,
        because=("NETWORK_ALREADY_CONNECTED", "@xenbr0", "@eth0"),
    ),
    refused("pool.create_VLAN", "eth77", "@free", 5, because=("INVALID_VALUE", "device", "eth77")),
    refused("pool.designate_new_master", NOWHERE, because=("HANDLE_INVALID", "host", NOWHERE)),
    refused("pool.management_reconfigure", "@free", because=("PIF_NOT_PRESENT", "@host", "@free")),
)

OTHERS = (
    refused(
        "network.create",
        {"MTU": "mine"},
        because=("FIELD_TYPE_ERROR", "MTU", 'expected an integer, got "mine"'),
    ),
    refused(
        "VIF.create", {"device": "0", "network": "@free"}, because=("FIELD_TYPE_ERROR", "VM", "is missing")
    ),
    refused("host.get_management_interface", NOWHERE, because=("HANDLE_INVALID", "host", NOWHERE)),
    refused("task.cancel", "@bond", because=("HANDLE_INVALID", "task", "@bond")),
    refused("task.destroy", NOWHERE, because=("HANDLE_INVALID", "task", NOWHERE)),
    refused("event.from", ["a b"], "", 0.0, because=("EVENT_SUBSCRIPTION_PARSE_FAILURE", "a b")),
    refused("event.from", ["*"], "junk", 0.0, because=("EVENT_FROM_TOKEN_PARSE_FAILURE", "junk")),
    refused("event.register", ["a/b/c"], because=("EVENT_SUBSCRIPTION_PARSE_FAILURE", "a/b/c")),
    refused("event.unregister", [""], because=("EVENT_SUBSCRIPTION_PARSE_FAILURE", "")),
    refused("event.inject", "toaster", NOWHERE, because=("HANDLE_INVALID", "toaster", NOWHERE)),
    refused("event.inject", "PIF", NOWHERE, because=("HANDLE_INVALID", "PIF", NOWHERE)),
)
"""Refusals before there is a task, and those of calls that change nothing."""


def names_on(voice: Voice) -> Mapping[str, str]:
    """Objects by their names: bridges or labels, devices (of VLANs `bond0/8`), of VIFs `web/0`."""
    found = {"@host": voice("host.get_all")[0], "@bond": voice("Bond.get_all")[0]}
    for ref, network in voice("network.get_all_records").items():
        found |= {f"@{network['bridge']}": ref, f"@{network['name_label']}": ref}
    for ref, pif in voice("PIF.get_all_records").items():
        tag = int(pif["VLAN"])
        found[f"@{pif['device']}" + (f"/{tag}" if tag >= 0 else "")] = ref
    for ref, vm in voice("VM.get_all_records").items():
        found[f"@{vm['name_label']}"] = ref
        found |= {f"@{vm['name_label']}/0": vif for vif in vm["VIFs"]}
    return found


def resolved(value: Any, names: Mapping[str, str]) -> Any:
    """A value with references in the place of names."""
    if isinstance(value, dict):
        return {key: resolved(item, names) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolved(item, names) for item in value]
    return names[value] if isinstance(value, str) and value.startswith("@") else value

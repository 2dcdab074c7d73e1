"""The classes of objects: what each has for fields, in xe's order, under xe's names and marks.

A new class is a new entry in CLASSES; its -list, -param-list and -param-get commands follow from it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

Record = dict[str, Any]
Lookup = Callable[[str, str], Record | None]

SET, SET_RW, MAP, MAP_RW, RW = "SRO", "SRW", "MRO", "MRW", " RW"


class Field(NamedTuple):
    """One field: its name in xe, its key in the record, its mark; for references, what is shown of them."""

    name: str
    source: str
    mark: str = " RO"
    refers: str = ""
    shows: str = "uuid"
    ignores_case: bool = False
    joiner: str = "; "


class Class(NamedTuple):
    """One class.  `prefix` begins its commands, `listed` are the fields that -list prints unless told."""

    name: str
    prefix: str
    listed: tuple[str, ...]
    fields: tuple[Field, ...]
    names: Callable[[Record, Lookup], tuple[str, ...]]


def names_of_labelled(record: Record, lookup: Lookup) -> tuple[str, ...]:
    """A host or a pool goes by its name-label."""
    return (record.get("name_label", ""),)


def names_of_network(record: Record, lookup: Lookup) -> tuple[str, ...]:
    """A network goes by its name-label or its bridge."""
    return (record.get("name_label", ""), record.get("bridge", ""))


def names_of_PIF(record: Record, lookup: Lookup) -> tuple[str, ...]:
    """A PIF goes by its device; a VLAN's has its parent's device, so it goes by that and the tag."""
    tag = record.get("VLAN", -1)
    device = record.get("device", "")
    return (f"{device}.{tag}" if tag >= 0 else device,)


def names_of_Bond(record: Record, lookup: Lookup) -> tuple[str, ...]:
    """A Bond goes by its master's device."""
    master = lookup("PIF", record.get("master", ""))
    return names_of_PIF(master, lookup) if master else ()


def label_fields(mark: str) -> tuple[Field, ...]:
    """The fields that network, host and pool begin with."""
    return (
        Field("uuid", "uuid"),
        Field("name-label", "name_label", mark),
        Field("name-description", "name_description", mark),
    )


POOL = Class(
    "pool",
    "pool",
    ("uuid", "name-label", "name-description", "master", "default-SR"),
    (
        *label_fields(RW),
        Field("master", "master", refers="host"),
        Field("default-SR", "default_SR", RW, refers="SR"),
        Field("other-config", "other_config", MAP_RW),
    ),
    names_of_labelled,
)

HOST = Class(
    "host",
    "host",
    ("uuid", "name-label", "name-description"),
    (
        *label_fields(RW),
        Field("enabled", "enabled"),
        Field("software-version", "software_version", MAP),
        Field("other-config", "other_config", MAP_RW),
        Field("hostname", "hostname"),
        Field("address", "address"),
    ),
    names_of_labelled,
)

NETWORK = Class(
    "network",
    "network",
    ("uuid", "name-label", "name-description", "bridge"),
    (
        *label_fields(RW),
        Field("VIF-uuids", "VIFs", SET, refers="VIF"),
        Field("PIF-uuids", "PIFs", SET, refers="PIF"),
        Field("MTU", "MTU", RW),
        Field("bridge", "bridge"),
        Field("managed", "managed"),
        Field("other-config", "other_config", MAP_RW),
        Field("blobs", "blobs"),
        Field("tags", "tags", SET_RW, joiner=", "),
        Field("default-locking-mode", "default_locking_mode", RW),
        Field("purpose", "purpose", SET_RW, joiner=", "),
    ),
    names_of_network,
)

PIF = Class(
    "PIF",
    "pif",
    ("uuid", "device", "VLAN", "MAC", "network-uuid", "currently-attached", "host-uuid"),
    (
        Field("uuid", "uuid"),
        Field("device", "device"),
        Field("MAC", "MAC", ignores_case=True),
        Field("physical", "physical"),
        Field("managed", "managed"),
        Field("currently-attached", "currently_attached"),
        Field("MTU", "MTU"),
        Field("VLAN", "VLAN"),
        Field("vlan-master-of", "VLAN_master_of", refers="VLAN"),
        Field("vlan-slave-of", "VLAN_slave_of", refers="VLAN"),
        Field("bond-master-of", "bond_master_of", refers="Bond"),
        Field("bond-slave-of", "bond_slave_of", refers="Bond"),
        Field("sriov-physical-PIF-of", "sriov_physical_PIF_of", refers="network_sriov"),
        Field("sriov-logical-PIF-of", "sriov_logical_PIF_of", refers="network_sriov"),
        Field("tunnel-access-PIF-of", "tunnel_access_PIF_of", refers="tunnel"),
        Field("tunnel-transport-PIF-of", "tunnel_transport_PIF_of", refers="tunnel"),
        Field("management", "management"),
        Field("network-uuid", "network", refers="network"),
        Field("network-name-label", "network", refers="network", shows="name_label"),
        Field("host-uuid", "host", refers="host"),
        Field("host-name-label", "host", refers="host", shows="name_label"),
        Field("IP-configuration-mode", "ip_configuration_mode"),
        Field("IP", "IP"),
        Field("netmask", "netmask"),
        Field("gateway", "gateway"),
        Field("IPv6-configuration-mode", "ipv6_configuration_mode"),
        Field("IPv6", "IPv6"),
        Field("IPv6-gateway", "ipv6_gateway"),
        Field("primary-address-type", "primary_address_type"),
        Field("DNS", "DNS"),
        Field("properties", "properties", MAP),
        Field("capabilities", "capabilities", SET),
        Field("disallow-unplug", "disallow_unplug", RW),
        Field("other-config", "other_config", MAP_RW),
        Field("igmp-snooping-status", "igmp_snooping_status"),
    ),
    names_of_PIF,
)

BOND = Class(
    "Bond",
    "bond",
    ("uuid", "master", "slaves"),
    (
        Field("uuid", "uuid"),
        Field("master", "master", refers="PIF"),
        Field("slaves", "slaves", refers="PIF"),
        Field("mode", "mode"),
        Field("properties", "properties", MAP),
        Field("primary-slave", "primary_slave", refers="PIF"),
        Field("links-up", "links_up"),
        Field("auto-update-mac", "auto_update_mac"),
    ),
    names_of_Bond,
)

CLASSES = {kind.name: kind for kind in (POOL, HOST, NETWORK, PIF, BOND)}

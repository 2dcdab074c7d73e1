"""Networks, PIFs, and what connects PIFs: bonds, VLANs and tunnels."""

from agent.schema.field import (
    MAP,
    OTHER_CONFIG,
    RW,
    STATIC,
    UUID,
    Class,
    always,
    back,
    computed,
    labels,
    shown,
    stored,
)

# One field a line, however long.
# fmt: off

CURRENT_OPERATIONS = always("current_operations", "", MAP, {}, "what is under way is told by its task")
NO_SRIOV = "SR-IOV is not known here"
NO_COUNTERS = "XenAPI has removed it: counters are no part of records"

NETWORK = Class(
    "network",
    "network",
    ("uuid", "name-label", "name-description", "bridge"),
    (
        *labels(RW),
        back("VIFs", "VIF-uuids", "VIF ref set", "VIF.network"),
        back("PIFs", "PIF-uuids", "PIF ref set", "PIF.network"),
        stored("MTU", "MTU", "int", RW),
        stored("bridge", "bridge", "string", STATIC),
        stored("managed", "managed", "bool", STATIC),
        OTHER_CONFIG._replace(keys={"static-routes": (), "tunnel-key": ()}),
        always("blobs", "blobs", "(string -> blob ref) map", {}, "nothing is stored beside the records", is_one=True),
        stored("tags", "tags", "string set", RW, joiner=", "),
        always("default_locking_mode", "default-locking-mode", "string", "unlocked", "frames of VMs are not filtered", setter="set_default_locking_mode"),
        always("purpose", "purpose", "string set", (), "network block devices are not known here", joiner=", ", setter="set_purpose"),
        always("allowed_operations", "", "string set", (), "XenAPI's only one, attaching, is no call of its own"),
        CURRENT_OPERATIONS,
        always("assigned_ips", "", "(VIF ref -> string) map", {}, "there is no host-internal management network"),
    ),
)

PIF = Class(
    "PIF",
    "pif",
    ("uuid", "device", "VLAN", "MAC", "network-uuid", "currently-attached", "host-uuid"),
    (
        UUID,
        stored("device", "device", "string"),
        stored("MAC", "MAC", "string", ignores_case=True),
        stored("physical", "physical", "bool"),
        stored("managed", "managed", "bool", STATIC),
        computed("currently_attached", "currently-attached", "bool"),
        computed("MTU", "MTU", "int", "network.inside", "PIF.inside"),
        stored("VLAN", "VLAN", "int"),
        back("VLAN_master_of", "vlan-master-of", "VLAN ref", "VLAN.untagged_PIF"),
        back("VLAN_slave_of", "vlan-slave-of", "VLAN ref set", "VLAN.tagged_PIF", is_one=True),
        back("bond_master_of", "bond-master-of", "Bond ref set", "Bond.master", is_one=True),
        stored("bond_slave_of", "bond-slave-of", "Bond ref"),
        always("sriov_physical_PIF_of", "sriov-physical-PIF-of", "network_sriov ref set", (), NO_SRIOV, is_one=True),
        always("sriov_logical_PIF_of", "sriov-logical-PIF-of", "network_sriov ref set", (), NO_SRIOV, is_one=True),
        back("tunnel_access_PIF_of", "tunnel-access-PIF-of", "tunnel ref set", "tunnel.access_PIF", is_one=True),
        back("tunnel_transport_PIF_of", "tunnel-transport-PIF-of", "tunnel ref set", "tunnel.transport_PIF", is_one=True),
        stored("management", "management", "bool"),
        stored("network", "network-uuid", "network ref"),
        shown("network-name-label", "network", "name_label", "network"),
        stored("host", "host-uuid", "host ref"),
        shown("host-name-label", "host", "name_label", "host"),
        stored("ip_configuration_mode", "IP-configuration-mode", "enum"),
        stored("IP", "IP", "string"),
        stored("netmask", "netmask", "string"),
        stored("gateway", "gateway", "string"),
        stored("ipv6_configuration_mode", "IPv6-configuration-mode", "enum"),
        stored("IPv6", "IPv6", "string set", is_one=True),
        stored("ipv6_gateway", "IPv6-gateway", "string"),
        stored("primary_address_type", "primary-address-type", "enum"),
        stored("DNS", "DNS", "string"),
        stored("properties", "properties", MAP, key_setter="set_property", keys={"gro": ("on", "off")}),
        always("capabilities", "capabilities", "string set", (), "FCoE and SR-IOV are not known here"),
        shown("io_read_kbs", "device", "io_read_kbs", "", format="unknown", is_costly=True),
        shown("io_write_kbs", "device", "io_write_kbs", "", format="unknown", is_costly=True),
        shown("carrier", "metrics", "carrier", "PIF_metrics"),
        shown("vendor-id", "metrics", "vendor_id", "PIF_metrics"),
        shown("vendor-name", "metrics", "vendor_name", "PIF_metrics"),
        shown("device-id", "metrics", "device_id", "PIF_metrics"),
        shown("device-name", "metrics", "device_name", "PIF_metrics"),
        shown("speed", "metrics", "speed", "PIF_metrics", format="Mbit/s"),
        shown("duplex", "metrics", "duplex", "PIF_metrics", format="duplex"),
        stored("disallow_unplug", "disallow-unplug", "bool", setter="set_disallow_unplug"),
        shown("pci-bus-path", "metrics", "pci_bus_path", "PIF_metrics"),
        OTHER_CONFIG._replace(keys={"mtu": (), "defaultroute": ("true", "false"), "peerdns": ("true", "false")}),
        always("igmp_snooping_status", "igmp-snooping-status", "string", "unknown", "XenAPI's default: it is not read"),
        computed("metrics", "", "PIF_metrics ref", "VLAN.above", "tunnel.above", is_followed=True),
        always("PCI", "", "PCI ref", None, "there are no PCI objects"),
        computed("status_detail", "status-detail", "string"),  # pifd's own: why it is not as it should be
    ),
)

BOND_PROPERTIES = {"hashing_algorithm": ("src_mac", "tcpudp_ports"), "lacp-time": ("slow", "fast"), "lacp-aggregation-key": (), "lacp-fallback-ab": ("true", "false")}

BOND = Class(
    "Bond",
    "bond",
    ("uuid", "master", "slaves"),
    (
        UUID,
        stored("master", "master", "PIF ref", STATIC),
        computed("slaves", "slaves", "PIF ref set", "PIF.bond_slave_of", is_one=True),
        stored("mode", "mode", "enum"),
        stored("properties", "properties", MAP, key_setter="set_property", keys=BOND_PROPERTIES),
        stored("primary_slave", "primary-slave", "PIF ref"),
        computed("links_up", "links-up", "int", "PIF.bond_slave_of", is_followed=True),
        stored("auto_update_mac", "auto-update-mac", "bool"),
        OTHER_CONFIG._replace(xe=""),
    ),
)

VLAN = Class(
    "VLAN",
    "vlan",
    ("uuid", "tagged-PIF", "untagged-PIF", "tag"),
    (
        UUID,
        stored("tagged_PIF", "tagged-PIF", "PIF ref", STATIC),
        stored("untagged_PIF", "untagged-PIF", "PIF ref"),
        stored("tag", "tag", "int", STATIC),
        OTHER_CONFIG._replace(xe=""),
    ),
)

TUNNEL = Class(
    "tunnel",
    "tunnel",
    ("uuid", "transport-PIF", "access-PIF", "status"),
    (
        UUID,
        stored("access_PIF", "access-PIF", "PIF ref", STATIC),
        stored("transport_PIF", "transport-PIF", "PIF ref", STATIC),
        computed("status", "status", MAP, "PIF.tunnel_access_PIF_of", is_one=True),
        OTHER_CONFIG._replace(keys={"remote-ips": ()}),
        stored("protocol", "protocol", "enum", STATIC),
    ),
)

PIF_METRICS = Class(
    "PIF_metrics",
    "",
    (),
    (
        UUID,
        stored("carrier", "", "bool"),
        stored("vendor_id", "", "string"),
        stored("vendor_name", "", "string"),
        stored("device_id", "", "string"),
        stored("device_name", "", "string"),
        stored("speed", "", "int"),
        stored("duplex", "", "bool"),
        stored("pci_bus_path", "", "string"),
        stored("last_updated", "", "datetime"),
        always("io_read_kbs", "", "float", 0.0, NO_COUNTERS),
        always("io_write_kbs", "", "float", 0.0, NO_COUNTERS),
        always("other_config", "", MAP, {}, "it follows from the devices and is not stored: keep it in the PIF's"),
    ),
    is_live=True,
)

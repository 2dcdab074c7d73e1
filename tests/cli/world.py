"""A tiny world: a pool, a host, a NIC on the management network, and a bond of two NICs on another."""

from typing import Any

NULL = "OpaqueRef:NULL"
Record = dict[str, Any]

POOL = "10000000-0000-4000-8000-000000000001"
HOST = "20000000-0000-4000-8000-000000000001"
MANAGEMENT = "3a000000-0000-4000-8000-000000000001"
STORAGE = "3b000000-0000-4000-8000-000000000002"
ETH0 = "4a000000-0000-4000-8000-000000000001"
ETH1 = "4b000000-0000-4000-8000-000000000002"
ETH2 = "4c000000-0000-4000-8000-000000000003"
BOND0 = "4d000000-0000-4000-8000-000000000004"
BOND = "50000000-0000-4000-8000-000000000001"
FIVE = "3c000000-0000-4000-8000-000000000003"
PRIVATE = "3d000000-0000-4000-8000-000000000004"
ETH0_5 = "4e000000-0000-4000-8000-000000000005"
TUNNEL0 = "4f000000-0000-4000-8000-000000000006"
VLAN = "70000000-0000-4000-8000-000000000001"
TUNNEL = "71000000-0000-4000-8000-000000000001"
VM = "72000000-0000-4000-8000-000000000001"
METRICS = "73000000-0000-4000-8000-000000000001"
PIF_METRICS = "75000000-0000-4000-8000-000000000001"
TASK = "76000000-0000-4000-8000-000000000001"
VIF = "74000000-0000-4000-8000-000000000001"
MADE = "60000000-0000-4000-8000-000000000001"


def ref(uuid: str) -> str:
    """The reference of an object."""
    return f"OpaqueRef:{uuid}"


def network(uuid: str, label: str, bridge: str, *pifs: str) -> Record:
    """A network's record."""
    return {
        "uuid": uuid,
        "name_label": label,
        "name_description": "",
        "PIFs": [ref(pif) for pif in pifs],
        "MTU": 1500,
        "bridge": bridge,
        "managed": True,
        "other_config": {},
        "tags": ["blue", "fast"],
    }


def pif(uuid: str, device: str, MAC: str, **more: Any) -> Record:
    """A PIF's record."""
    plain: Record = {
        "uuid": uuid,
        "device": device,
        "network": ref(MANAGEMENT),
        "host": ref(HOST),
        "MAC": MAC,
        "MTU": 1500,
        "VLAN": -1,
        "physical": True,
        "currently_attached": True,
        "bond_slave_of": NULL,
        "bond_master_of": [],
        "management": False,
        "other_config": {},
        "disallow_unplug": False,
        "properties": {"gro": "on"},
        "metrics": ref(PIF_METRICS) if device == "eth0" else NULL,
    }
    return plain | more


def PIF_metrics() -> Record:
    """eth0's metrics."""
    return {
        "uuid": PIF_METRICS,
        "io_read_kbs": 0.0,
        "io_write_kbs": 0.0,
        "carrier": True,
        "vendor_id": "0x8086",
        "vendor_name": "Intel",
        "device_id": "0x1533",
        "device_name": "I210",
        "speed": 1000,
        "duplex": True,
        "pci_bus_path": "0000:01:00.0",
        "last_updated": "20260821T10:00:00Z",
        "other_config": {},
    }


def task() -> Record:
    """The record of a call that is half done."""
    return {
        "uuid": TASK,
        "name_label": "Async.Bond.create",
        "name_description": "",
        "subtask_of": NULL,
        "subtasks": [],
        "resident_on": ref(HOST),
        "status": "pending",
        "progress": 0.5,
        "type": "<none/>",
        "result": "",
        "created": "20260821T10:00:00Z",
        "finished": "19700101T00:00:00Z",
        "error_info": [],
        "allowed_operations": ["cancel"],
        "current_operations": {},
        "other_config": {},
    }


def world() -> dict[str, dict[str, Record]]:
    """Every record, by class and reference."""
    label: Record = {"name_label": "", "name_description": "", "other_config": {}}
    slave: Record = {"network": ref(STORAGE), "bond_slave_of": ref(BOND), "currently_attached": False}
    pool = {"uuid": POOL, "master": ref(HOST)} | label
    host = {"uuid": HOST, "hostname": "ant", "enabled": True} | label | {"name_label": "ant"}
    bond = {
        "uuid": BOND,
        "master": ref(BOND0),
        "slaves": [ref(ETH1), ref(ETH2)],
        "mode": "active-backup",
        "properties": {},
        "primary_slave": ref(ETH1),
        "links_up": 2,
        "auto_update_mac": True,
    }
    pifs = [
        pif(ETH0, "eth0", "00:16:3e:00:00:0a", management=True),
        pif(ETH1, "eth1", "00:16:3e:00:00:0b", **slave),
        pif(ETH2, "eth2", "00:16:3e:00:00:0c", **slave),
        pif(BOND0, "bond0", "00:16:3e:00:00:0b", network=ref(STORAGE), physical=False),
    ]
    networks = [
        network(MANAGEMENT, "Management network", "xenbr0", ETH0),
        network(STORAGE, "storage", "xapi0", BOND0),
    ]
    records: dict[str, list[Record]] = {
        "pool": [pool],
        "host": [host],
        "network": networks,
        "PIF": pifs,
        "Bond": [bond],
        "VLAN": [],
        "tunnel": [],
        "VM": [],
        "VM_guest_metrics": [],
        "VIF": [],
        "task": [],
        "PIF_metrics": [PIF_metrics()],
    }
    return {name: {ref(one["uuid"]): one for one in some} for name, some in records.items()}


def guests() -> dict[str, dict[str, Record]]:
    """More records: a VLAN and a tunnel on eth0, and a VM with a VIF on the VLAN's network."""
    upper = pif(ETH0_5, "eth0", "fe:ff:ff:ff:ff:ff", VLAN=5, network=ref(FIVE), physical=False)
    access = pif(TUNNEL0, "tunnel0", "02:16:3e:00:00:0d", network=ref(PRIVATE), physical=False)
    vlan = {"uuid": VLAN, "tagged_PIF": ref(ETH0), "untagged_PIF": ref(ETH0_5), "tag": 5, "other_config": {}}
    tunnel: Record = {
        "uuid": TUNNEL,
        "access_PIF": ref(TUNNEL0),
        "transport_PIF": ref(ETH0),
        "status": {"active": "true", "key": "1"},
        "other_config": {"remote-ips": "192.0.2.7", "colour": "red"},
        "protocol": "gre",
    }
    vm: Record = {
        "uuid": VM,
        "name_label": "web",
        "name_description": "",
        "is_a_template": False,
        "is_control_domain": False,
        "power_state": "Running",
        "possible_hosts": [ref(HOST)],
        "resident_on": ref(HOST),
        "affinity": NULL,
        "other_config": {},
        "domid": 7,
        "guest_metrics": ref(METRICS),
    }
    vif: Record = {
        "uuid": VIF,
        "device": "0",
        "network": ref(FIVE),
        "VM": ref(VM),
        "MAC": "02:16:3e:00:00:0e",
        "MAC_autogenerated": True,
        "MTU": 1500,
        "currently_attached": True,
        "other_config": {},
    }
    records: dict[str, list[Record]] = {
        "network": [
            network(FIVE, "five", "xapi5", ETH0_5),
            network(PRIVATE, "private", "xapi6", TUNNEL0),
        ],
        "PIF": [upper, access],
        "VLAN": [vlan],
        "tunnel": [tunnel],
        "VM": [vm],
        "VM_guest_metrics": [{"uuid": METRICS, "PV_drivers_detected": True, "other_config": {}}],
        "VIF": [vif],
        "task": [task()],
    }
    return {name: {ref(one["uuid"]): one for one in some} for name, some in records.items()}


TOPOLOGY = {
    "host": {"uuid": HOST, "name_label": "ant"},
    "trees": [
        {
            "kind": "network",
            "name": "Management network",
            "uuid": MANAGEMENT,
            "state": "up",
            "MAC": "",
            "MTU": 1500,
            "addresses": [],
            "notes": [],
            "children": [
                {
                    "kind": "bridge",
                    "name": "xenbr0",
                    "uuid": "",
                    "state": "up",
                    "MAC": "00:16:3e:00:00:0a",
                    "MTU": 1500,
                    "addresses": ["192.0.2.10/24"],
                    "notes": ["management", "default route via 192.0.2.1"],
                    "children": [
                        {
                            "kind": "NIC",
                            "name": "eth0",
                            "uuid": ETH0,
                            "state": "no carrier",
                            "MAC": "00:16:3e:00:00:0a",
                            "MTU": 1500,
                            "addresses": [],
                            "notes": [],
                            "children": [],
                        }
                    ],
                }
            ],
        },
        {
            "kind": "network",
            "name": "storage",
            "uuid": STORAGE,
            "state": "unplugged",
            "MAC": "",
            "MTU": 9000,
            "addresses": [],
            "notes": ["mode active-backup"],
            "children": [],
        },
    ],
}

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
    }
    return plain | more


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

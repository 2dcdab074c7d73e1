"""What records are found by without a search."""

import re
from collections.abc import Hashable, Mapping
from typing import Any

from agent.model.records import (
    PIF,
    VIF,
    VLAN,
    VM,
    Bond,
    Host,
    IPConfiguration,
    Network,
    Pool,
    Record,
    Tunnel,
    VMGuestMetrics,
)

FOUND_BY: Mapping[type[Record], tuple[str, ...]] = {
    Pool: (),
    Host: (),
    Network: ("bridge",),
    PIF: ("network", "bond_slave_of", "device", "physical", "management"),
    Bond: ("master",),
    VLAN: ("tagged_PIF", "untagged_PIF"),
    Tunnel: ("access_PIF", "transport_PIF", "key"),
    VM: ("domid",),
    VMGuestMetrics: (),
    VIF: ("network", "VM", "currently_attached", "released"),
}
"""The fields by whose values records are found without a search; what is empty is not found."""

OWN_BRIDGE = re.compile("xapi(0|[1-9][0-9]{0,8})")
"""The bridges that are called by a number of pifd's own."""
BLOCK = 64
"""So many of these numbers are looked at as one, to find the smallest that is free."""

NO_IP = IPConfiguration()


def keys_of(record: Record) -> tuple[Hashable, ...]:
    """What a record is found by: its class, its fields, and of a PIF with something of IP, that."""
    kind = type(record)
    keys: list[Any] = [kind]
    keys += [(kind, name, value) for name in FOUND_BY.get(kind, ()) if (value := getattr(record, name))]
    if isinstance(record, PIF) and (record.ip_configuration != NO_IP or record.other_config):
        keys.append((PIF, "has IP"))
    if isinstance(record, PIF) and record.VLAN >= 0:
        keys.append((PIF, "VLAN", (record.device, record.VLAN)))
    if isinstance(record, Network) and OWN_BRIDGE.fullmatch(record.bridge):
        keys.append((Network, "block", int(record.bridge[4:]) // BLOCK))
    if isinstance(record, VLAN):
        keys.append((VLAN, "tag", record.tagged_PIF, record.tag))
    return tuple(keys)

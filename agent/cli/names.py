"""Names: what objects go by on the command line, beside their uuids; the first is for people to read."""

from collections.abc import Callable, Mapping

from agent.cli.classes import Lookup, Record
from agent.schema import Class


def of_labelled(record: Record, lookup: Lookup) -> tuple[str, ...]:
    """A host, a pool or a VM goes by its name-label."""
    return (record.get("name_label", ""),)


def of_network(record: Record, lookup: Lookup) -> tuple[str, ...]:
    """A network goes by its name-label or its bridge."""
    return (record.get("name_label", ""), record.get("bridge", ""))


def of_pif(record: Record, lookup: Lookup) -> tuple[str, ...]:
    """A PIF goes by its device; a VLAN's has its parent's device, so it goes by that and the tag."""
    tag = record.get("VLAN", -1)
    device = record.get("device", "")
    return (f"{device}.{tag}" if tag >= 0 else device,)


def of_bond(record: Record, lookup: Lookup) -> tuple[str, ...]:
    """A Bond goes by its master's device."""
    master = lookup("PIF", record.get("master", ""))
    return of_pif(master, lookup) if master else ()


def of_vlan(record: Record, lookup: Lookup) -> tuple[str, ...]:
    """A VLAN goes by its upper PIF's name, such as eth0.5."""
    upper = lookup("PIF", record.get("untagged_PIF", ""))
    return of_pif(upper, lookup) if upper else ()


def of_tunnel(record: Record, lookup: Lookup) -> tuple[str, ...]:
    """A tunnel goes by its access PIF's device."""
    access = lookup("PIF", record.get("access_PIF", ""))
    return of_pif(access, lookup) if access else ()


def of_vif(record: Record, lookup: Lookup) -> tuple[str, ...]:
    """A VIF goes by `<its VM's name-label>/<device>`, or by its device on the host."""
    vm = lookup("VM", record.get("VM", "")) or {}
    device, domid = record.get("device", ""), vm.get("domid", -1)
    host_device = record.get("other_config", {}).get("host-device", "")
    given = f"vif{domid}.{device}" if domid >= 0 else ""
    return (f"{vm.get('name_label', '')}/{device}", host_device or given)


BY_CLASS: Mapping[str, Callable[[Record, Lookup], tuple[str, ...]]] = {
    "network": of_network,
    "PIF": of_pif,
    "Bond": of_bond,
    "VLAN": of_vlan,
    "tunnel": of_tunnel,
    "VIF": of_vif,
}


def names_of(kind: Class, record: Record, lookup: Lookup) -> tuple[str, ...]:
    """What an object of a class goes by."""
    return BY_CLASS.get(kind.name, of_labelled)(record, lookup)

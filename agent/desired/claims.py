"""Claims: which records ask for which device, brought up to date where records changed.

What a record means for Linux is looked at when the record changed, or one that it refers to.  Among four
thousand VLANs, one more costs what one costs.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from agent.model.device_names import tunnel_devices, vlan_device
from agent.model.layering import bridge_of, is_attached, place_of
from agent.model.model import (
    Model,
    bond_of_master,
    pifs_on,
    slaves,
    tunnel_over,
    tunnels_on,
    vifs_of,
    vifs_on,
    vlan_over,
    vlans_on,
)
from agent.model.records import PIF, VIF, VLAN, VM, Bond, Network, Record, Ref, Tunnel
from agent.model.vifs import device_of, is_plugged


class Kind(IntEnum):
    """What a device is asked for as.  Where one name is asked for as several, the greatest counts."""

    BRIDGE = 1
    UPPER = 2
    INTERNAL_BRIDGE = 3
    BOND = 4
    FREE_NIC = 5
    NIC = 6
    VIF = 7


@dataclass(frozen=True, slots=True)
class Claim:
    """A record asks for a device; nic: for which NIC it does, which may be a bond's slave."""

    kind: Kind
    by: Ref[Any]
    nic: Ref[PIF] | None = None


MOST = 4
"""The part of the records from which on all are looked at."""

NOTHING: Mapping[Claim, None] = {}


class Claims:
    """Those of one model; `follow` goes on to another, by way of the records that differ."""

    def __init__(self) -> None:
        self.model = Model()
        self._by_record: dict[str, tuple[tuple[str, Claim], ...]] = {}
        self._by_name: dict[str, dict[Claim, None]] = {}

    def on(self, name: str, kinds: Iterable[Kind]) -> Claim | None:
        """The claim on a device that counts among those of some kinds: of two alike, the later record's."""
        found = [claim for claim in self._by_name.get(name, NOTHING) if claim.kind in kinds]
        if len(found) < 2:
            return found[0] if found else None
        places = {ref: n for n, ref in enumerate(self.model.table.in_order(claim.by for claim in found))}
        return max(found, key=lambda claim: (claim.kind, places[claim.by]))

    def in_order(self, names: Collection[str], kinds: Collection[Kind]) -> list[str]:
        """Those of the devices that are asked for as one of some kinds, in the order of the records."""
        claims = [claim for name in names if (claim := self.on(name, kinds)) is not None]
        records = self.model.table.in_order({claim.by for claim in claims})
        asked = dict.fromkeys(name for ref in records for name, _ in self._by_record[ref])
        return [name for name in asked if name in names]

    def follow(self, model: Model) -> set[str]:
        """The devices for which it is not the same now."""
        changed = self.model.table.differing(model.table)
        if len(changed) * MOST > len(model.records):
            touched = {*self._by_record, *model.records}
        else:
            touched = {ref for one in (self.model, model) for ref in touching(one, changed)}
        self.model = model
        names: set[str] = set()
        for ref in touched:
            for name, claim in self._by_record.pop(ref, ()):
                names.add(name)
                del self._by_name[name][claim]
        for ref in model.table.in_order(touched):
            found = tuple(claims_of(model, model.records[ref]))
            if found:
                self._by_record[ref] = found
            for name, claim in found:
                names.add(name)
                self._by_name.setdefault(name, {})[claim] = None
        for name in names:
            if not self._by_name.get(name, True):
                del self._by_name[name]
        return names


def claims_of(model: Model, record: Record) -> Iterator[tuple[str, Claim]]:
    """The devices that a record asks for."""
    if isinstance(record, PIF):
        yield from _of_pif(model, record)
    elif isinstance(record, Network) and record.managed and is_internal(model, record):
        yield record.bridge, Claim(Kind.INTERNAL_BRIDGE, record.ref)
    elif isinstance(record, VIF) and is_plugged(model, record):
        yield device_of(model, record), Claim(Kind.VIF, record.ref)


def is_internal(model: Model, network: Network) -> bool:
    """A network without an attached PIF has a bridge while VMs are on it: they see one another."""
    if any(is_attached(pif) for pif in pifs_on(model, network.ref)):
        return False
    return any(is_plugged(model, vif) for vif in vifs_on(model, network.ref))


def _of_pif(model: Model, pif: PIF) -> Iterator[tuple[str, Claim]]:
    if is_attached(pif):
        yield bridge_of(model, pif), Claim(Kind.BRIDGE, pif.ref)
        yield from ((name, Claim(Kind.UPPER, pif.ref)) for name in upper_devices(model, pif))
    if pif.physical:
        yield pif.device, Claim(Kind.FREE_NIC, pif.ref)
    if place_of(model, pif) is None:
        return
    bond = bond_of_master(model, pif)
    if bond is None:
        yield pif.device, Claim(Kind.NIC, pif.ref, pif.ref)
    else:
        yield pif.device, Claim(Kind.BOND, pif.ref)
        yield from ((nic.device, Claim(Kind.NIC, pif.ref, nic.ref)) for nic in slaves(model, bond))


def upper_devices(model: Model, pif: PIF) -> tuple[str, ...]:
    """The devices by which a VLAN's or a tunnel's bridge reaches the outside."""
    vlan, tunnel = vlan_over(model, pif), tunnel_over(model, pif)
    if vlan is not None:
        return (vlan_device(model.get(vlan.tagged_PIF).device, vlan.tag),)
    return () if tunnel is None else tunnel_devices(pif.device, tunnel)


def touching(model: Model, changed: Iterable[str]) -> set[str]:
    """The records that ask for something else when these have changed."""
    found: set[str] = set()
    for ref in changed:
        record = model.records.get(ref)
        if record is not None:
            found |= {ref, *_touched_by(model, record)}
    return found


def _touched_by(model: Model, record: Record) -> Iterator[str]:
    match record:
        case Network():
            yield from (vif.ref for vif in vifs_on(model, record.ref))
            for pif in pifs_on(model, record.ref):
                yield from _around(model, pif)
        case PIF():
            yield from _around(model, record)
        case Bond():
            yield from _around(model, model.get(record.master))
            yield from (slave.ref for slave in slaves(model, record))
        case VLAN():
            yield record.tagged_PIF
            yield from _around(model, model.get(record.untagged_PIF))
        case Tunnel():
            yield from _around(model, model.get(record.access_PIF))
        case VIF():
            yield record.network
        case VM():
            for vif in vifs_of(model, record.ref):
                yield from (vif.ref, vif.network)


def _around(model: Model, pif: PIF) -> Iterator[str]:
    """The PIF, its network with what is plugged into it, the PIFs below, and all those above."""
    yield from (pif.ref, pif.network)
    yield from (vif.ref for vif in vifs_on(model, pif.network))
    vlan = vlan_over(model, pif)
    if vlan is not None:
        yield vlan.tagged_PIF
    if pif.bond_slave_of is not None:
        yield model.get(pif.bond_slave_of).master
    for above in vlans_on(model, pif.ref):
        yield from _around_upper(model, above.untagged_PIF)
    for tunnel in tunnels_on(model, pif.ref):
        yield from _around(model, model.get(tunnel.access_PIF))


def _around_upper(model: Model, ref: Ref[PIF]) -> Iterator[str]:
    """A VLAN's PIF, the VIFs that have its MTU, and the tunnels that it carries."""
    upper = model.get(ref)
    yield ref
    yield from (vif.ref for vif in vifs_on(model, upper.network))
    for tunnel in tunnels_on(model, ref):
        yield from _around(model, model.get(tunnel.access_PIF))

"""Model, an immutable snapshot of all records, and what follows from it: who belongs to whom."""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar, cast

from agent.errors import HandleInvalid
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
    R,
    Record,
    Ref,
    Tunnel,
    VMGuestMetrics,
)
from agent.table import Table

T = TypeVar("T")

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
    if isinstance(record, Network) and OWN_BRIDGE.fullmatch(record.bridge):
        keys.append((Network, "block", int(record.bridge[4:]) // BLOCK))
    if isinstance(record, VLAN):
        keys.append((VLAN, "tag", record.tagged_PIF, record.tag))
    return tuple(keys)


@dataclass(frozen=True)
class Model:
    """All records by reference.  Immutable: a Draft makes the next one.

    seed: what the next uuids and MACs are drawn from.  It is handed in, so that a rule decides the same each
    time: a dry run and the call that follows make the same objects.
    """

    records: Mapping[str, Record] = field(default_factory=dict)
    seed: bytes = field(default=b"", compare=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.records, Table):
            object.__setattr__(self, "records", Table(self.records, keys_of))

    @property
    def table(self) -> Table[Record]:
        """The records, as what they are kept in."""
        return cast(Table[Record], self.records)

    def get(self, ref: Ref[R]) -> R:
        """The record behind a reference of ours, which is there by the model's invariants."""
        return cast(R, self.records[ref])

    def find(self, kind: type[R], ref: str) -> R:
        """The record behind a reference that a caller gave; HANDLE_INVALID when it is not of this class."""
        record = self.records.get(ref)
        if not isinstance(record, kind):
            raise HandleInvalid(kind.class_name, ref)
        return record

    def all(self, kind: type[R]) -> tuple[R, ...]:
        """Every record of a class, oldest first."""
        return cast(tuple[R, ...], tuple(self.table.values_having(cast(Hashable, kind))))

    def by(self, kind: type[R], name: str, value: object) -> tuple[R, ...]:
        """The records of a class that have a value in a field of FOUND_BY, oldest first."""
        return cast(tuple[R, ...], tuple(self.table.values_having((kind, name, value))))

    def any_by(self, kind: type[R], name: str, value: object) -> Iterator[R]:
        """As `by`, in no order: for who stops at the first that will do."""
        return (cast(R, self.records[ref]) for ref in self.table.each_having((kind, name, value)))

    def one_by(self, kind: type[R], name: str, value: object) -> R | None:
        """The only one of them, where there can be only one; the latest, should there be several."""
        found = self.by(kind, name, value)
        return found[-1] if found else None

    def once(self, function: Callable[["Model"], T]) -> T:
        """What a function of the model gives, which is called the first time only."""
        known: dict[object, Any] = self.__dict__.setdefault("known", {})
        if function not in known:
            known[function] = function(self)
        return cast(T, known[function])

    def with_ip(self) -> tuple[PIF, ...]:
        """The PIFs that have any IP configuration, or other_config: few, among thousands of VLANs."""
        return cast(tuple[PIF, ...], tuple(self.table.values_having((PIF, "has IP"))))


def free_bridge_number(model: Model) -> int:
    """The smallest number N for which nothing in the model is called `xapi<N>`."""
    block = next(n for n in count() if model.table.number_having((Network, "block", n)) < BLOCK)
    return next(n for n in count(BLOCK * block) if not _is_taken(model, f"xapi{n}"))


def _is_taken(model: Model, name: str) -> bool:
    return bool(model.by(Network, "bridge", name) or model.by(PIF, "device", name))


def bond_of_master(model: Model, pif: PIF) -> Bond | None:
    """The bond whose master this PIF is (PIF.bond_master_of)."""
    return model.one_by(Bond, "master", pif.ref)


def slaves(model: Model, bond: Bond) -> tuple[PIF, ...]:
    """The slaves of a bond, the first-made PIF first (Bond.slaves)."""
    return model.by(PIF, "bond_slave_of", bond.ref)


def primary_slave_of(model: Model, bond: Bond) -> PIF:
    """The primary slave; of a bond that names none of its slaves (an older program's) the first."""
    own = slaves(model, bond)
    return next((slave for slave in own if slave.ref == bond.primary_slave), own[0])


def pifs_on(model: Model, network: Ref[Network]) -> tuple[PIF, ...]:
    """The PIFs on a network (network.PIFs), at most one per host."""
    return model.by(PIF, "network", network)


def management_of(model: Model, host: Ref[Host]) -> PIF | None:
    """The host's management interface."""
    return next((pif for pif in model.by(PIF, "management", True) if pif.host == host), None)


def management(model: Model) -> PIF | None:
    """The management interface of the one host."""
    hosts = model.all(Host)
    return management_of(model, hosts[0].ref) if hosts else None


def pifs_of(model: Model, host: Ref[Host]) -> Iterator[PIF]:
    """The PIFs of a host (host.PIFs)."""
    return (pif for pif in model.all(PIF) if pif.host == host)


def vlan_over(model: Model, pif: PIF) -> VLAN | None:
    """The VLAN whose upper side this PIF is (PIF.VLAN_master_of)."""
    return model.one_by(VLAN, "untagged_PIF", pif.ref)


def vlans_on(model: Model, pif: Ref[PIF]) -> tuple[VLAN, ...]:
    """The VLANs on top of a PIF (PIF.VLAN_slave_of)."""
    return model.by(VLAN, "tagged_PIF", pif)


def vlan_with_tag(model: Model, pif: Ref[PIF], tag: int) -> VLAN | None:
    """The VLAN of this tag on top of a PIF."""
    found = model.table.each_having((VLAN, "tag", pif, tag))
    return next((model.get(Ref[VLAN](ref)) for ref in found), None)


def tunnel_over(model: Model, pif: PIF) -> Tunnel | None:
    """The tunnel whose upper side this PIF is (PIF.tunnel_access_PIF_of)."""
    return model.one_by(Tunnel, "access_PIF", pif.ref)


def tunnels_on(model: Model, pif: Ref[PIF]) -> tuple[Tunnel, ...]:
    """The tunnels that a PIF carries (PIF.tunnel_transport_PIF_of)."""
    return model.by(Tunnel, "transport_PIF", pif)


def vifs_on(model: Model, network: Ref[Network]) -> tuple[VIF, ...]:
    """The VIFs on a network (network.VIFs)."""
    return model.by(VIF, "network", network)


def vifs_of(model: Model, vm: Ref[VM]) -> tuple[VIF, ...]:
    """The VIFs of a VM (VM.VIFs)."""
    return model.by(VIF, "VM", vm)

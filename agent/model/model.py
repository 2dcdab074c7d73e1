"""Model, an immutable snapshot of all records, and what follows from it: who belongs to whom."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from agent.errors import HandleInvalid
from agent.model.keys import keys_of
from agent.model.records import (
    PIF,
    VIF,
    VLAN,
    VM,
    Bond,
    Host,
    Network,
    R,
    Record,
    Ref,
    Tunnel,
)
from agent.table import Table

T = TypeVar("T")


@dataclass(frozen=True)
class Model:
    """All records by reference.  Immutable: a Draft makes the next one.

    seed: what the next uuids and MACs are drawn from.  It is handed in, so that a rule decides the same each
    time: a dry run and the call that follows make the same objects.  seen: how a host saw an earlier one.
    """

    records: Mapping[str, Record] = field(default_factory=dict)
    seed: bytes = field(default=b"", compare=False, repr=False)
    seen: "Seen | None" = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.records, Table):
            object.__setattr__(self, "records", Table(self.records, keys_of))

    @property
    def table(self) -> Table[Record]:
        """The records, as what they are kept in."""
        return self.records  # type: ignore[return-value]

    def get(self, ref: Ref[R]) -> R:
        """The record behind a reference of ours, which is there by the model's invariants."""
        return self.records[ref]  # type: ignore[return-value]

    def find(self, kind: type[R], ref: str) -> R:
        """The record behind a reference that a caller gave; HANDLE_INVALID when it is not of this class."""
        record = self.records.get(ref)
        if not isinstance(record, kind):
            raise HandleInvalid(kind.class_name, ref)
        return record

    def all(self, kind: type[R]) -> tuple[R, ...]:
        """Every record of a class, oldest first."""
        return tuple(self.table.values_having(kind))  # type: ignore[arg-type]

    def by(self, kind: type[R], name: str, value: object) -> tuple[R, ...]:
        """The records of a class that have a value in a field of FOUND_BY, oldest first."""
        return tuple(self.table.values_having((kind, name, value)))  # type: ignore[arg-type]

    def has_by(self, kind: type[R], name: str, value: object) -> bool:
        """Whether there is any of them."""
        return self.table.has((kind, name, value))

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

    def then(self, table: Table[Record], seed: bytes | None = None) -> "Model":
        """The next model, with other records, or another seed."""
        return Model(table, self.seed if seed is None else seed, self.seen)

    def on(self, host: "Ref[Host]") -> "Model":
        """The model without what is another host's: PIFs with all that is on them, live VMs with their VIFs.

        This is what means something for the host's own kernel.  Networks, the pool and the hosts stay.
        """
        if self.table.number_having(Host) < 2:
            return self
        if self.seen is None or self.seen.host != host or self.seen.whole is not self.table:
            object.__setattr__(self, "seen", seen_from(host, self))
        assert self.seen is not None
        model = self.seen.model
        return model if model.seed == self.seed else _as_seen(host, Model(model.table, self.seed))

    def with_changes(self, before: "Model", after: "Model") -> "Model":
        """The model with what differs between two models of a part of it."""
        table, changed = self.table, before.table.differing(after.table)
        for ref in changed - after.records.keys():
            table = table.without(ref)
        for ref in after.table.in_order(changed):
            table = table.with_value(ref, after.records[ref])
        return self.then(table, after.seed)

    def with_ip(self) -> tuple[PIF, ...]:
        """The PIFs that have any IP configuration, or other_config: few, among thousands of VLANs."""
        return cast(tuple[PIF, ...], tuple(self.table.values_having((PIF, "has IP"))))


@dataclass(frozen=True)
class Seen:
    """whole: the records of a model.  model: what a host sees of it."""

    host: Ref[Host]
    whole: Table[Record]
    model: Model


def seen_from(host: Ref[Host], model: Model) -> Seen:
    """What a host sees, from what it saw of an earlier model if there is one: few records differ."""
    seen = None if model.seen is None or model.seen.host != host else _seen_next(model.seen, model)
    if seen is not None:
        return seen
    own = {ref: record for ref, record in model.records.items() if is_seen(model, record, host)}
    return Seen(host, model.table, _as_seen(host, Model(own, model.seed)))


def _as_seen(host: Ref[Host], model: Model) -> Model:
    """The model, of which the host sees all."""
    object.__setattr__(model, "seen", Seen(host, model.table, model))
    return model


def _seen_next(last: Seen, model: Model) -> Seen | None:
    """None where something that was there is another host's now, or no longer."""
    changed = last.whole.differing(model.table)
    changed |= {vif.ref for ref in changed for vif in vifs_of(model, Ref[VM](ref))}
    own = last.model.table
    for ref in changed - model.records.keys():
        own = own.without(ref)
    for ref in model.table.in_order(changed):
        record = model.records[ref]
        is_own = is_seen(model, record, last.host)
        if ref in last.whole and (ref in own) != is_own:
            return None
        own = own.with_value(ref, record) if is_own else own
    return Seen(last.host, model.table, _as_seen(last.host, Model(own, model.seed)))


def is_seen(model: Model, record: Record, host: Ref[Host]) -> bool:
    """Whether a record means something on a host: it is not that of another one that is there."""
    if isinstance(record, VM | VIF):
        vm = model.records.get(record.VM) if isinstance(record, VIF) else record
        return not isinstance(vm, VM) or vm.resident_on in (None, host)
    owner = host_of(model, record)
    return isinstance(record, Host) or owner == host or owner not in model.records


def host_of(model: Model, record: Record) -> Ref[Host] | None:
    """Whose a record is: that of a PIF, and of what has made one; None for what all hosts share, and VMs."""
    match record:
        case Host():
            return record.ref
        case PIF():
            return record.host
        case Bond():
            upper = model.records.get(record.master)
        case VLAN():
            upper = model.records.get(record.untagged_PIF)
        case Tunnel():
            upper = model.records.get(record.access_PIF)
        case _:
            return None
    return upper.host if isinstance(upper, PIF) else None


def this_host(model: Model) -> Host | None:
    """The host that this program runs on: the first that is not elsewhere."""
    return next((host for host in model.all(Host) if not host.elsewhere), None)


def is_here(model: Model, pif: PIF) -> bool:
    """Whether it is this host's."""
    host = model.records.get(pif.host)
    return not (isinstance(host, Host) and host.elsewhere)


def here(model: Model) -> Model:
    """The model as this host sees it."""
    host = this_host(model)
    return model if host is None else model.on(host.ref)


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


def pif_on(model: Model, network: Ref[Network], host: Ref[Host]) -> PIF | None:
    return next((pif for pif in pifs_on(model, network) if pif.host == host), None)


def management_of(model: Model, host: Ref[Host]) -> PIF | None:
    """The host's management interface."""
    return next((pif for pif in model.by(PIF, "management", True) if pif.host == host), None)


def management(model: Model) -> PIF | None:
    """The management interface of this host."""
    host = this_host(model)
    return None if host is None else management_of(model, host.ref)


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
    found = model.table.each_having((VLAN, "tag", pif, tag))
    return next((model.get(Ref[VLAN](ref)) for ref in found), None)


def has_vlan(model: Model, device: str, tag: int) -> bool:
    """Whether there is a VLAN of this tag on a NIC, or on the master of a bond."""
    return model.has_by(PIF, "VLAN", (device, tag))


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

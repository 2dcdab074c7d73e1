"""Model, an immutable snapshot of all records, and what follows from it: who belongs to whom."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from agent.errors import HandleInvalid
from agent.model.records import PIF, VIF, VLAN, VM, Bond, Host, Network, R, Record, Ref, Tunnel


@dataclass(frozen=True)
class Model:
    """All records by reference.  Immutable: a Draft makes the next one.

    seed: what the next uuids and MACs are drawn from.  It is handed in, so that a rule decides the same each
    time: a dry run and the call that follows make the same objects.
    """

    records: Mapping[str, Record] = field(default_factory=dict)
    seed: bytes = field(default=b"", compare=False, repr=False)

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
        return cast(tuple[R, ...], self._by_class.get(kind, ()))

    @cached_property
    def _by_class(self) -> Mapping[type[Record], tuple[Record, ...]]:
        found: dict[type[Record], list[Record]] = {}
        for record in self.records.values():
            found.setdefault(type(record), []).append(record)
        return {kind: tuple(records) for kind, records in found.items()}

    @cached_property
    def bonds_by_master(self) -> Mapping[str, Bond]:
        return {bond.master: bond for bond in self.all(Bond)}

    @cached_property
    def slaves_by_bond(self) -> Mapping[str, tuple[PIF, ...]]:
        return _grouped((pif.bond_slave_of, pif) for pif in self.all(PIF))

    @cached_property
    def pifs_by_network(self) -> Mapping[str, tuple[PIF, ...]]:
        return _grouped((pif.network, pif) for pif in self.all(PIF))

    @cached_property
    def vlans_by_upper(self) -> Mapping[str, VLAN]:
        return {vlan.untagged_PIF: vlan for vlan in self.all(VLAN)}

    @cached_property
    def vlans_by_lower(self) -> Mapping[str, tuple[VLAN, ...]]:
        return _grouped((vlan.tagged_PIF, vlan) for vlan in self.all(VLAN))

    @cached_property
    def tunnels_by_access(self) -> Mapping[str, Tunnel]:
        return {tunnel.access_PIF: tunnel for tunnel in self.all(Tunnel)}

    @cached_property
    def tunnels_by_transport(self) -> Mapping[str, tuple[Tunnel, ...]]:
        return _grouped((tunnel.transport_PIF, tunnel) for tunnel in self.all(Tunnel))

    @cached_property
    def vifs_by_network(self) -> Mapping[str, tuple[VIF, ...]]:
        return _grouped((vif.network, vif) for vif in self.all(VIF))

    @cached_property
    def vifs_by_vm(self) -> Mapping[str, tuple[VIF, ...]]:
        return _grouped((vif.VM, vif) for vif in self.all(VIF))


def _grouped(pairs: Iterable[tuple[str | None, R]]) -> Mapping[str, tuple[R, ...]]:
    """The records of each key; those without one are left out."""
    found: dict[str, list[R]] = {}
    for key, record in pairs:
        if key is not None:
            found.setdefault(key, []).append(record)
    return {key: tuple(records) for key, records in found.items()}


def bond_of_master(model: Model, pif: PIF) -> Bond | None:
    """The bond whose master this PIF is (PIF.bond_master_of)."""
    return model.bonds_by_master.get(pif.ref)


def slaves(model: Model, bond: Bond) -> tuple[PIF, ...]:
    """The slaves of a bond, the first-made PIF first (Bond.slaves)."""
    return model.slaves_by_bond.get(bond.ref, ())


def primary_slave_of(model: Model, bond: Bond) -> PIF:
    """The primary slave; of a bond that names none of its slaves (an older program's) the first."""
    own = slaves(model, bond)
    return next((slave for slave in own if slave.ref == bond.primary_slave), own[0])


def pifs_on(model: Model, network: Ref[Network]) -> tuple[PIF, ...]:
    """The PIFs on a network (network.PIFs), at most one per host."""
    return model.pifs_by_network.get(network, ())


def management_of(model: Model, host: Ref[Host]) -> PIF | None:
    """The host's management interface."""
    return next((pif for pif in model.all(PIF) if pif.management and pif.host == host), None)


def management(model: Model) -> PIF | None:
    """The management interface of the one host."""
    hosts = model.all(Host)
    return management_of(model, hosts[0].ref) if hosts else None


def pifs_of(model: Model, host: Ref[Host]) -> Iterator[PIF]:
    """The PIFs of a host (host.PIFs)."""
    return (pif for pif in model.all(PIF) if pif.host == host)


def vlan_over(model: Model, pif: PIF) -> VLAN | None:
    """The VLAN whose upper side this PIF is (PIF.VLAN_master_of)."""
    return model.vlans_by_upper.get(pif.ref)


def vlans_on(model: Model, pif: Ref[PIF]) -> tuple[VLAN, ...]:
    """The VLANs on top of a PIF (PIF.VLAN_slave_of)."""
    return model.vlans_by_lower.get(pif, ())


def tunnel_over(model: Model, pif: PIF) -> Tunnel | None:
    """The tunnel whose upper side this PIF is (PIF.tunnel_access_PIF_of)."""
    return model.tunnels_by_access.get(pif.ref)


def tunnels_on(model: Model, pif: Ref[PIF]) -> tuple[Tunnel, ...]:
    """The tunnels that a PIF carries (PIF.tunnel_transport_PIF_of)."""
    return model.tunnels_by_transport.get(pif, ())


def vifs_on(model: Model, network: Ref[Network]) -> tuple[VIF, ...]:
    """The VIFs on a network (network.VIFs)."""
    return model.vifs_by_network.get(network, ())


def vifs_of(model: Model, vm: Ref[VM]) -> tuple[VIF, ...]:
    """The VIFs of a VM (VM.VIFs)."""
    return model.vifs_by_vm.get(vm, ())

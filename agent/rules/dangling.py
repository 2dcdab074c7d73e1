"""Records that refer to nothing, or to what makes no sense: each rule puts one kind right, and says so.

Nothing in such a model can be relied on, so the rules look with `found`.  Every rule frees or removes, or
fills in what was missing, so they come to an end.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from agent.model.draft import Draft
from agent.model.model import Model, bond_of_master, slaves, tunnel_over, vlan_over
from agent.model.records import (
    PIF,
    VIF,
    VLAN,
    VM,
    Bond,
    Host,
    Network,
    Pool,
    R,
    Record,
    Ref,
    Tunnel,
    VMGuestMetrics,
)
from agent.model.vifs import is_live
from agent.rules.network import free_bridge
from agent.rules.vlan import TAGS

Rule = Callable[[Draft], Iterator[str]]
"""Puts things right in a draft; yields a line for a person for each, and none if all was right."""


def pools_without_master(draft: Draft) -> Iterator[str]:
    """The master is a host of the model's."""
    for pool in draft.model.all(Pool):
        if found(draft.model, Host, pool.master) is None:
            host = next(iter(draft.model.all(Host)), None)
            if host is None:
                draft.remove(pool.ref)
            else:
                draft.put(replace(pool, master=host.ref))
            yield f"{word(pool)} had no master: {host.name_label if host else 'removed'}"


def homeless_pifs(draft: Draft) -> Iterator[str]:
    """A PIF without its host or network goes, but for those that the host is reached over."""
    model, needed = draft.model, under_management(draft.model)
    for pif in model.all(PIF):
        if found(model, Host, pif.host) is None:
            draft.remove(pif.ref)
            yield f"{word(pif)} was of a host that is not there: removed"
        elif found(model, Network, pif.network) is None and pif.ref in needed:
            network = give_own_network(draft, pif)
            yield f"{word(pif)}, which management needs, was on no network: put on {word(network)}"
        elif found(model, Network, pif.network) is None:
            draft.remove(pif.ref)
            yield f"{word(pif)} was on a network that is not there: removed"


def slaves_of_nothing(draft: Draft) -> Iterator[str]:
    """A slave's bond is there, on its host, and a slave is no VLAN, tunnel or bond itself."""
    for pif in draft.model.all(PIF):
        if pif.bond_slave_of is None:
            continue
        bond = found(draft.model, Bond, pif.bond_slave_of)
        master = found(draft.model, PIF, bond.master) if bond else None
        if bond is None or has_role(draft.model, pif) or (master and master.host != pif.host):
            draft.put(replace(pif, bond_slave_of=None))
            yield f"{word(pif)} could not be a slave of {pif.bond_slave_of}: freed"


def broken_bonds(draft: Draft) -> Iterator[str]:
    """A bond has a master of its own, and a slave; else it goes, and its slaves are free."""
    model, masters = draft.model, set[str]()
    for bond in model.all(Bond):
        master = found(model, PIF, bond.master)
        own = master is not None and is_made(master) and master.VLAN < 0 and not tunnel_over(model, master)
        if own and bond.master not in masters and slaves(model, bond):
            masters.add(bond.master)
            continue
        for slave in slaves(model, bond):
            draft.put(replace(slave, bond_slave_of=None))
        draft.remove(bond.ref)
        yield f"{word(bond)} had no master of its own, or no slaves: removed"


def broken_vlans(draft: Draft) -> Iterator[str]:
    """A VLAN has a NIC or a bond below and an upper PIF of its own; else it goes with the upper PIF."""
    model, taken = draft.model, set[str]()
    for vlan in model.all(VLAN):
        lower, upper = found(model, PIF, vlan.tagged_PIF), found(model, PIF, vlan.untagged_PIF)
        own = upper is not None and is_made(upper) and vlan.tag == upper.VLAN and upper.ref not in taken
        below = lower is not None and lower.VLAN < 0 and not tunnel_over(model, lower)
        if own and below and upper and lower and upper.host == lower.host and vlan.tag in TAGS:
            taken.add(upper.ref)
            continue
        draft.remove(vlan.ref)
        if own and upper:
            taken.add(upper.ref)
            draft.remove(upper.ref)
        yield f"{word(vlan)}, tag {vlan.tag}, had no PIF below it or above it: removed"


def broken_tunnels(draft: Draft) -> Iterator[str]:
    """A tunnel runs from a PIF that is no tunnel's, to an access PIF of its own; else it goes with that."""
    model, taken = draft.model, set[str]()
    for tunnel in model.all(Tunnel):
        access, transport = found(model, PIF, tunnel.access_PIF), found(model, PIF, tunnel.transport_PIF)
        own = access is not None and is_access(model, access) and access.ref not in taken
        below = transport is not None and not tunnel_over(model, transport)
        if own and below and access and transport and access.host == transport.host:
            taken.add(access.ref)
            continue
        draft.remove(tunnel.ref)
        if own and access:
            taken.add(access.ref)
            draft.remove(access.ref)
        yield f"{word(tunnel)}, key {tunnel.key}, had no transport PIF or no access PIF: removed"


def leftover_pifs(draft: Draft) -> Iterator[str]:
    """A PIF that is no NIC belongs to a bond, a VLAN or a tunnel."""
    for pif in draft.model.all(PIF):
        if is_made(pif) and not has_role(draft.model, pif):
            draft.remove(pif.ref)
            yield f"{word(pif)} belonged to no bond, VLAN or tunnel: removed"


def missing_primary_slaves(draft: Draft) -> Iterator[str]:
    """The primary slave is one of the slaves."""
    for bond in draft.model.all(Bond):
        own = slaves(draft.model, bond)
        if own and bond.primary_slave not in {slave.ref for slave in own}:
            draft.put(replace(bond, primary_slave=own[0].ref))
            yield f"{word(bond)} had no primary slave: now {word(own[0])}"


def vms_of_nowhere(draft: Draft) -> Iterator[str]:
    """A VM's hosts and guest metrics are there.

    One that has a domain has it here: so far there is one host, and its devices are to be in our bridges.
    """
    for vm in draft.model.all(VM):
        here = next((host.ref for host in draft.model.all(Host)), None)
        known = replace(
            vm,
            resident_on=known_or(draft.model, Host, vm.resident_on, here if is_live(vm) else None),
            affinity=known_or(draft.model, Host, vm.affinity),
            possible_hosts=tuple(ref for ref in vm.possible_hosts if found(draft.model, Host, ref)),
            guest_metrics=known_or(draft.model, VMGuestMetrics, vm.guest_metrics),
        )
        if known != vm:
            draft.put(known)
            yield f"{word(vm)} referred to a host or to guest metrics that are not there: forgotten"


def vifs_of_nothing(draft: Draft) -> Iterator[str]:
    """A VIF has a VM and a network, or goes."""
    for vif in draft.model.all(VIF):
        if found(draft.model, VM, vif.VM) is None or found(draft.model, Network, vif.network) is None:
            draft.remove(vif.ref)
            yield f"{word(vif)} had no VM or no network: removed"


RULES: tuple[Rule, ...] = (
    pools_without_master, homeless_pifs, slaves_of_nothing, broken_bonds, broken_vlans, broken_tunnels,
    leftover_pifs, missing_primary_slaves, vms_of_nowhere, vifs_of_nothing,
)  # fmt: skip


def found(model: Model, kind: type[R], ref: Ref[R] | None) -> R | None:
    """The record behind a reference, if there is one of this class."""
    record = model.records.get(ref) if ref is not None else None
    return record if isinstance(record, kind) else None


def known_or(model: Model, kind: type[R], ref: Ref[R] | None, other: Ref[R] | None = None) -> Ref[R] | None:
    """A reference that leads somewhere, else the other one."""
    return ref if found(model, kind, ref) is not None else other


def give_own_network(draft: Draft, pif: PIF) -> Network:
    """Put a PIF that can't stay where it is on a new network of its own; gives that back."""
    label, bridge = f"Network of {pif.device}", free_bridge(draft.model)
    network = draft.put(Network(uuid=draft.new_uuid(), name_label=label, MTU=pif.MTU, bridge=bridge))
    draft.put(replace(pif, network=network.ref))
    return network


def is_made(pif: PIF) -> bool:
    """Whether the PIF is no NIC, and so somebody's master, upper or access PIF."""
    return not pif.physical


def is_access(model: Model, pif: PIF) -> bool:
    """Whether the PIF can be a tunnel's access PIF."""
    return is_made(pif) and pif.VLAN < 0 and bond_of_master(model, pif) is None


def has_role(model: Model, pif: PIF) -> bool:
    """Whether a bond, a VLAN or a tunnel has made the PIF."""
    return bool(bond_of_master(model, pif) or vlan_over(model, pif) or tunnel_over(model, pif))


def under_management(model: Model) -> frozenset[str]:
    """The management interfaces and all PIFs that they stand on: without them the host is out of reach."""
    reached, todo = set[str](), [pif.ref for pif in model.all(PIF) if pif.management]
    while todo:
        pif = found(model, PIF, todo.pop())
        if pif is not None and pif.ref not in reached:
            reached.add(pif.ref)
            todo.extend(below(model, pif))
    return frozenset(reached)


def below(model: Model, pif: PIF) -> Iterable[Ref[PIF]]:
    """The PIFs that a PIF directly stands on."""
    vlan, tunnel, bond = vlan_over(model, pif), tunnel_over(model, pif), bond_of_master(model, pif)
    if vlan is not None:
        return [vlan.tagged_PIF]
    if tunnel is not None:
        return [tunnel.transport_PIF]
    return [slave.ref for slave in slaves(model, bond)] if bond is not None else []


def word(record: Record) -> str:
    """A record as a person reads it: class, device, bridge or name, uuid."""
    names = [getattr(record, field, "") for field in ("device", "bridge", "name_label")]
    tag = f".{record.VLAN}" if isinstance(record, PIF) and record.VLAN >= 0 else ""
    name = next(filter(None, names), "")
    return (
        f"{record.class_name} {name}{tag} ({record.uuid})" if name else f"{record.class_name} {record.uuid}"
    )

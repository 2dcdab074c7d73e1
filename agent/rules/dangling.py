"""Records of the store that refer to nothing, or to what they do not fit, are left out, with a line each.

One rule for all classes: a reference that a record can do without is forgotten, and a record that needs it is
left out; what that leaves behind is found in the next round.  The engine keeps the store as it was beside the
new one.  Nothing in such a model can be relied on, so this looks with `found`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from agent.model.draft import Draft
from agent.model.model import Model, bond_of_master, slaves, this_host, tunnel_over, vlan_over
from agent.model.records import PIF, VLAN, VM, Bond, Host, Network, Pool, R, Record, Ref, Tunnel
from agent.model.vifs import is_live
from agent.rules.management import under_management
from agent.rules.network import free_bridge
from agent.rules.vlan import TAGS

Rule = Callable[[Draft], Iterator[str]]
"""Puts things right in a draft; yields a line for a person for each, and none if all was right."""


def forgotten_references(draft: Draft) -> Iterator[str]:
    """A reference that may be null and leads nowhere becomes null; a member of a set goes."""
    for record in draft.model.records.values():
        own: Any = type(record)
        known = {name: kept(draft.model, record, name, kind) for name, kind in dispensable(own).items()}
        lost = [name for name, value in known.items() if value != getattr(record, name)]
        if lost:
            draft.put(replace(record, **known))
            yield f"{word(record)} forgets its {', '.join(lost)}: not there, or it does not fit"


def kept(model: Model, record: Any, name: str, kind: Any) -> Any:
    """What stays of a reference, or of a set of them."""
    value = getattr(record, name)
    if isinstance(value, tuple):
        return tuple(ref for ref in value if found(model, kind, ref))
    if isinstance(record, VM) and name == "resident_on" and is_live(record):
        return value if found(model, Host, value) else this_host_of(model)  # its devices are here
    if isinstance(record, PIF) and name == "bond_slave_of":
        return value if can_be_slave(model, record) else None
    return value if found(model, kind, value) else None


def pools_without_master(draft: Draft) -> Iterator[str]:
    """The master is this host, if it is none that is there."""
    host = this_host(draft.model)
    for pool in draft.model.all(Pool):
        if host and not found(draft.model, Host, pool.master):
            draft.put(replace(pool, master=host.ref))
            yield f"{word(pool)} had no master: now it is this host"


def management_without_network(draft: Draft) -> Iterator[str]:
    """A PIF that the host is reached over stays, on a network of its own."""
    needed = under_management(draft.model)
    for pif in draft.model.all(PIF):
        if pif.ref in needed and not found(draft.model, Network, pif.network):
            network = give_own_network(draft, pif)
            yield f"{word(pif)}, which management needs, was on no network: put on {word(network)}"


def left_out_records(draft: Draft) -> Iterator[str]:
    """A record whose reference leads nowhere, or that does not fit the others, goes."""
    model = draft.model
    claims = claims_of(model)
    for record in model.records.values():
        reason = trouble(model, record, claims)
        if reason:
            draft.remove(record.ref)
            yield f"{word(record)} is left out: {reason}"


def missing_primary_slaves(draft: Draft) -> Iterator[str]:
    """The primary slave is one of the slaves."""
    for bond in draft.model.all(Bond):
        own = slaves(draft.model, bond)
        if own and bond.primary_slave not in {slave.ref for slave in own}:
            draft.put(replace(bond, primary_slave=own[0].ref))
            yield f"{word(bond)} had no primary slave: now {word(own[0])}"


RULES: tuple[Rule, ...] = (
    pools_without_master, management_without_network, forgotten_references, left_out_records,
    missing_primary_slaves,
)  # fmt: skip


def trouble(model: Model, record: Any, claims: Mapping[str, Record]) -> str:
    """Why a record can't stay; "" if it can."""
    own: Any = type(record)
    for name, kind in needed(own).items():
        if not found(model, kind, getattr(record, name)):
            return f"its {name} is not there"
    if isinstance(record, PIF) and not record.physical and record.ref not in claims:
        return "it belongs to no bond, VLAN or tunnel"
    if not isinstance(record, Bond | VLAN | Tunnel):
        return ""
    if claims.get(upper_of(record)) is not record:
        return "the PIF on top of it is none of its own"
    if isinstance(record, Bond):
        return "" if slaves(model, record) else "it has no slaves"
    lower = model.get(record.tagged_PIF if isinstance(record, VLAN) else record.transport_PIF)
    fits = lower.host == model.get(upper_of(record)).host and not tunnel_over(model, lower)
    if isinstance(record, VLAN):
        fits = fits and lower.VLAN < 0 and record.tag in TAGS
    return "" if fits else "it can't be on the PIF below it"


def claims_of(model: Model) -> Mapping[str, Record]:
    """By the PIF on top, the first bond, VLAN or tunnel that it can be of."""
    found_so_far: dict[str, Record] = {}
    made: tuple[Bond | VLAN | Tunnel, ...] = (*model.all(Bond), *model.all(VLAN), *model.all(Tunnel))
    for record in made:
        upper = found(model, PIF, upper_of(record))
        tag = record.tag if isinstance(record, VLAN) else -1
        if upper is not None and not upper.physical and tag == upper.VLAN:
            found_so_far.setdefault(upper.ref, record)
    return found_so_far


def upper_of(record: Bond | VLAN | Tunnel) -> Ref[PIF]:
    """The PIF that a bond, a VLAN or a tunnel has made."""
    if isinstance(record, Bond):
        return record.master
    return record.untagged_PIF if isinstance(record, VLAN) else record.access_PIF


def can_be_slave(model: Model, pif: PIF) -> bool:
    """Whether a PIF fits the bond that it is a slave of: it is a NIC, of the same host."""
    bond = found(model, Bond, pif.bond_slave_of)
    master = found(model, PIF, bond.master) if bond else None
    has_role = bond_of_master(model, pif) or vlan_over(model, pif) or tunnel_over(model, pif)
    return bond is not None and not has_role and (master is None or master.host == pif.host)


@cache
def references(kind: Any) -> Mapping[str, Any]:
    """The fields of a class that refer to others, with the classes of those."""
    hints = {name: referred_class(hint) for name, hint in get_type_hints(kind).items()}
    return {name: hint for name, hint in hints.items() if hint is not None}


def referred_class(hint: Any) -> Any:
    """The class that a reference, one that may be null, or a set of them refers to; None for other types."""
    if get_origin(hint) is Ref:
        return get_args(hint)[0]
    return next((inner for argument in get_args(hint) if (inner := referred_class(argument))), None)


@cache
def needed(kind: Any) -> Mapping[str, Any]:
    """Those that a record of a class can't do without."""
    hints = get_type_hints(kind)
    return {name: other for name, other in references(kind).items() if get_origin(hints[name]) is Ref}


@cache
def dispensable(kind: Any) -> Mapping[str, Any]:
    """The others."""
    return {name: other for name, other in references(kind).items() if name not in needed(kind)}


def found(model: Model, kind: type[R], ref: Ref[R] | None) -> R | None:
    """The record behind a reference, if there is one of this class."""
    record = model.records.get(ref) if ref is not None else None
    return record if isinstance(record, kind) else None


def this_host_of(model: Model) -> Ref[Host] | None:
    """This host, if it is there."""
    host = this_host(model)
    return None if host is None else host.ref


def give_own_network(draft: Draft, pif: PIF) -> Network:
    """Put a PIF that can't stay where it is on a new network of its own; gives that back."""
    label, bridge = f"Network of {pif.device}", free_bridge(draft.model)
    network = draft.put(Network(uuid=draft.new_uuid(), name_label=label, MTU=pif.MTU, bridge=bridge))
    draft.put(replace(pif, network=network.ref))
    return network


def word(record: Record) -> str:
    """A record as a person reads it: class, device, bridge or name, uuid."""
    names = [getattr(record, field, "") for field in ("device", "bridge", "name_label")]
    tag = f".{record.VLAN}" if isinstance(record, PIF) and record.VLAN >= 0 else ""
    name = next(filter(None, names), "")
    return (
        f"{record.class_name} {name}{tag} ({record.uuid})" if name else f"{record.class_name} {record.uuid}"
    )

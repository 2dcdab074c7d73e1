"""A member's bonds follow its master's: the NICs that it has of them, the mode, the properties, the MAC."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agent.errors import NoCorrespondingNIC
from agent.model.bond_options import OLD_PREFIX, defaults, effective_mode, usable, with_old_keys
from agent.model.draft import Draft, Plan, then
from agent.model.facts import NO_FACTS, Facts
from agent.model.model import Model, bond_of_master, pif_on, slaves
from agent.model.records import PIF, Bond, BondMode, Host, Network, Ref
from agent.rules import bond as bonds
from agent.rules.corresponding_nics import Correspondence, mac_like, nics_like, place_of


def is_like(model: Model, theirs: Bond, ours: Bond | None, member: Ref[Host], by: Correspondence) -> bool:
    """The NICs that correspond, as far as they are there, the same mode, the same properties."""
    if ours is None:
        return False
    has = with_old_keys(ours.properties, model.get(ours.master).other_config)
    return has_nics(model, ours, nics_like(model, theirs, member, by)) and settings_like(
        model, theirs, member, by
    ) == (effective_mode(model, ours), has)


def copy_bond(
    model: Model, bond: Ref[Bond], member: Ref[Host], by: Correspondence, *, facts: Facts = NO_FACTS
) -> Plan:
    """The master's bond, of those of its NICs that the member has: a partial one, where it has not all.

    Bonds that are in the way go first.  It is one plan: if the new one can't be made, the old ones stay.
    """
    theirs = model.find(Bond, bond)
    network, nics = model.get(theirs.master).network, nics_like(model, theirs, member, by)
    ours = bond_on(model, network, member)
    if not nics:
        raise NoCorrespondingNIC(member, theirs.ref)
    if ours is not None and has_nics(model, ours, nics):
        return with_settings_like(model, ours, theirs, member, by, facts)
    plan = Plan(model, model)
    for old in in_the_way(model, ours, nics):
        plan = then(plan, bonds.destroy(plan.after, old))
    members = [plan.after.get(pif.ref) for pif in nics]
    mode, properties = settings_like(model, theirs, member, by)
    MAC = mac_like(model, theirs, members, by)
    made = bonds.create(plan.after, network, [pif.ref for pif in members], MAC, mode, properties, facts=facts)
    return then(plan, made)


def has_nics(model: Model, ours: Bond, nics: Sequence[PIF]) -> bool:
    return {pif.ref for pif in slaves(model, ours)} == {pif.ref for pif in nics}


def in_the_way(model: Model, ours: Bond | None, nics: Sequence[PIF]) -> list[Ref[Bond]]:
    """The bond on the network, and those that the NICs are in, each once."""
    found = [] if ours is None else [ours.ref]
    return list(
        dict.fromkeys([*found, *(pif.bond_slave_of for pif in nics if pif.bond_slave_of is not None)])
    )


def with_settings_like(
    model: Model, ours: Bond, theirs: Bond, member: Ref[Host], by: Correspondence, facts: Facts
) -> Plan:
    """Mode and properties follow the master's; an old key of the master PIF's, which would override, goes."""
    mode, properties = settings_like(model, theirs, member, by)
    master, draft = model.get(ours.master), Draft(model)
    other = {key: value for key, value in master.other_config.items() if not key.startswith(OLD_PREFIX)}
    draft.put(replace(master, other_config=other))
    return bonds.with_properties(model, draft, replace(ours, mode=mode), properties, facts)


def settings_like(
    model: Model, theirs: Bond, member: Ref[Host], by: Correspondence
) -> tuple[BondMode, Mapping[str, str]]:
    """The mode and the properties that the member's bond is to have: the master's, with the member's devices.

    Of a NIC that the member has not, nothing is said.
    """
    mode, master = effective_mode(model, theirs), model.get(theirs.master)
    known = {place_of(model, pif, by): pif.device for pif in nics_like(model, theirs, member, by)}
    names = {pif.device: known.get(place_of(model, pif, by), "") for pif in slaves(model, theirs)}
    wanted = with_old_keys(theirs.properties, master.other_config)
    renamed = dict(one for name, value in wanted.items() if (one := renamed_property(name, value, names)))
    return mode, {**defaults(mode), **usable(mode, renamed, [name for name in names.values() if name])}


def renamed_property(name: str, value: str, names: Mapping[str, str]) -> tuple[str, str] | None:
    """A property with the member's device in the place of the master's; None where the member has none."""
    device, dot, option = name.rpartition(".")
    if dot and device in names:
        return (f"{names[device]}.{option}", value) if names[device] else None
    if name == "primary" and value in names:
        return (name, names[value]) if names[value] else None
    return name, value


def bond_on(model: Model, network: Ref[Network], host: Ref[Host]) -> Bond | None:
    """The host's bond whose master is on a network."""
    pif = pif_on(model, network, host)
    return None if pif is None else bond_of_master(model, pif)

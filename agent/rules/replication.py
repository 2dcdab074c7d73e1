"""A member takes over what its pool's master has: bonds, VLANs and tunnels (design, Actions on Start-up).

Objects correspond as in XAPI (sync_networking.ml): a bond by its network, a VLAN by its network, its tag and
the network below, a tunnel by its network.  What only the member has stays.  Each object is one plan, made by
the rules of the calls: one that is refused, or fails on the kernel, leaves what was in its place and stops no
other.  Bonds come first, because VLANs stand on them, and tunnels on both.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from agent.errors import Failure, NoCorrespondingNIC, PIFNotPresent
from agent.model.bond_options import (
    OLD_PREFIX,
    defaults,
    effective_mode,
    usable,
    with_old_keys,
)
from agent.model.draft import Draft, Plan
from agent.model.facts import NO_FACTS, Facts
from agent.model.model import (
    Model,
    bond_of_master,
    pifs_of,
    pifs_on,
    slaves,
    tunnel_over,
)
from agent.model.records import PIF, VLAN, Bond, BondMode, Host, Network, Pool, Ref, Tunnel
from agent.rules import bond as bonds
from agent.rules import tunnel as tunnels
from agent.rules import vlan as vlans
from agent.rules.members import primary_slave

Correspondence = Literal["device", "position"]
"""By what a NIC finds its like on another host: its name, or its place among the NICs."""

NO_SYNC = "nosync"
OPT_OUTS: Mapping[type[Any], str] = {Bond: "sync_bonds", VLAN: "sync_vlans", Tunnel: "sync_tunnels"}
"""The other_config key of a member that, with the value `nosync`, has nothing of the class copied (XAPI)."""


@dataclass(frozen=True)
class Copy:
    """One object that the member is to have.  name: in words; plan: decides it, on a model of then."""

    name: str
    plan: Callable[[Model, Facts], Plan]


@dataclass(frozen=True)
class Foreseen:
    """What all copies come to: one plan, and a line for each that is done or refused."""

    plan: Plan
    lines: tuple[str, ...] = ()


def foreseen(
    model: Model, member: Ref[Host], by: Correspondence = "device", *, facts: Facts = NO_FACTS
) -> Foreseen:
    """All of it on paper: what a dry run shows."""
    whole, lines = Plan(model, model), list[str]()
    for phase in PHASES:
        found = together(whole.after, tuple(phase(whole.after, member, by)), facts)
        whole = then(whole, found.plan)
        lines += found.lines
    return Foreseen(whole, tuple(lines))


def together(model: Model, copies: Sequence[Copy], facts: Facts) -> Foreseen:
    """Several copies in one plan, without those that are refused."""
    whole, lines = Plan(model, model), list[str]()
    for copy in copies:
        try:
            whole = then(whole, copy.plan(whole.after, facts))
            lines.append(done(copy))
        except Failure as failure:
            lines.append(not_done(copy, failure))
    return Foreseen(whole, tuple(lines))


def done(copy: Copy) -> str:
    return f"{copy.name}: as the master's"


def not_done(copy: Copy, why: Exception) -> str:
    """What people read of a copy that can't be had."""
    words = f"{why.__doc__} {', '.join(why.parameters)}" if isinstance(why, Failure) else str(why)
    return f"{copy.name}: not done: {words}"


def master_elsewhere(model: Model, member: Ref[Host], kind: type[Any]) -> Ref[Host] | None:
    """The master, if a member is to have its objects of a class."""
    master = next((pool.master for pool in model.all(Pool)), None)
    opted_out = model.get(member).other_config.get(OPT_OUTS[kind]) == NO_SYNC
    return None if master == member or opted_out or master not in model.records else master


def then(first: Plan, second: Plan) -> Plan:
    """Two plans as one: what is between them is never on the host."""
    return Plan(
        first.before,
        second.after,
        second.result,
        unplug=tuple(dict.fromkeys([*first.unplug, *second.unplug])),
        plug=tuple(dict.fromkeys([*first.plug, *second.plug])),
    )


# --- bonds ----------------------------------------------------------------------------------------


def missing_bonds(model: Model, member: Ref[Host], by: Correspondence) -> Iterator[Copy]:
    """The master's bonds that the member has not, or has of other NICs, or in another mode."""
    master = master_elsewhere(model, member, Bond)
    for theirs in model.all(Bond) if master else ():
        pif = model.get(theirs.master)
        if pif.host == master and not is_like(model, theirs, bond_on(model, pif.network, member), member, by):
            yield Copy(f"bond on {label(model, pif.network)}", _copying_bond(theirs.ref, member, by))


def _copying_bond(ref: Ref[Bond], member: Ref[Host], by: Correspondence) -> Callable[[Model, Facts], Plan]:
    return lambda model, facts: copy_bond(model, ref, member, by, facts=facts)


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

    Bonds that are in the way go first.  It is one plan: if the new one can't be had, the old ones stay.
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


# --- NICs -----------------------------------------------------------------------------------------


def nics_like(model: Model, theirs: Bond, member: Ref[Host], by: Correspondence) -> list[PIF]:
    """The member's NICs that correspond to the bond's; first the one whose like gave the bond its MAC."""
    given = giver_of_mac(model, theirs)
    ordered = sorted(slaves(model, theirs), key=lambda pif: pif != given)
    here = {place_of(model, pif, by): pif for pif in pifs_of(model, member) if pif.physical}
    return [here[place] for place in (place_of(model, pif, by) for pif in ordered) if place in here]


def giver_of_mac(model: Model, bond: Bond) -> PIF | None:
    """The slave whose MAC the bond has; None where none has, or several."""
    found = [pif for pif in slaves(model, bond) if pif.MAC == model.get(bond.master).MAC]
    return found[0] if len(found) == 1 else None


def mac_like(model: Model, theirs: Bond, members: Sequence[PIF], by: Correspondence) -> str:
    """The MAC of the NIC that corresponds to the one with the bond's, "" for that which a new bond gets."""
    given = giver_of_mac(model, theirs)
    if given is None or place_of(model, members[0], by) != place_of(model, given, by):
        return ""
    return "" if primary_slave(members) == members[0] else members[0].MAC


def place_of(model: Model, pif: PIF, by: Correspondence) -> str | int:
    """What a NIC has in common with its like on another host.

    Its position is the number in its bridge's name, xenbr<N> (XAPI); where that has none, its place among the
    host's NICs, in the order of their names.
    """
    if by == "device":
        return pif.device
    number = XENBR.fullmatch(model.get(pif.network).bridge)
    return int(number[1]) if number else ordered_nics(model, pif.host).index(pif.ref)


XENBR = re.compile("xenbr([0-9]{1,3})")


def ordered_nics(model: Model, host: Ref[Host]) -> list[Ref[PIF]]:
    """The host's NICs, eth2 before eth10."""
    nics = [pif for pif in pifs_of(model, host) if pif.physical]
    return [pif.ref for pif in sorted(nics, key=lambda pif: _by_number(pif.device))]


def _by_number(name: str) -> list[tuple[bool, int, str]]:
    parts = re.split("([0-9]+)", name)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


# --- VLANs and tunnels ----------------------------------------------------------------------------


def missing_vlans(model: Model, member: Ref[Host], by: Correspondence) -> Iterator[Copy]:
    """The master's VLANs that the member has not."""
    master = master_elsewhere(model, member, VLAN)
    uppers = [(vlan, model.get(vlan.untagged_PIF)) for vlan in model.all(VLAN)] if master else []
    there = {identity(model, vlan) for vlan, upper in uppers if upper.host == member}
    for vlan, upper in uppers:
        if upper.host == master and identity(model, vlan) not in there:
            name = f"VLAN {vlan.tag} on {label(model, upper.network)}"
            yield Copy(name, _copying(copy_vlan, vlan.ref, member))


def identity(model: Model, vlan: VLAN) -> tuple[Ref[Network], int, Ref[Network]]:
    return model.get(vlan.untagged_PIF).network, vlan.tag, model.get(vlan.tagged_PIF).network


def copy_vlan(model: Model, ref: Ref[VLAN], member: Ref[Host]) -> Plan:
    """The VLAN on the member's PIF of the same network, not plugged: VIFs do that when they come (XAPI)."""
    theirs = model.find(VLAN, ref)
    below, network = like_of(model, theirs.tagged_PIF, member), model.get(theirs.untagged_PIF).network
    draft = Draft(model)
    vlan = vlans.add(draft, below, theirs.tag, model.get(network), plugged=False)
    return Plan(model, draft.model, vlan.ref)


def missing_tunnels(model: Model, member: Ref[Host], by: Correspondence) -> Iterator[Copy]:
    """The master's tunnels that the member has not."""
    master = master_elsewhere(model, member, Tunnel)
    for theirs in model.all(Tunnel) if master else ():
        access = model.get(theirs.access_PIF)
        ours = pif_on(model, access.network, member)
        if access.host == master and (ours is None or tunnel_over(model, ours) is None):
            yield Copy(f"tunnel on {label(model, access.network)}", _copying(copy_tunnel, theirs.ref, member))


def copy_tunnel(model: Model, ref: Ref[Tunnel], member: Ref[Host]) -> Plan:
    """The tunnel over the member's PIF of the same network, not plugged, of the same protocol and key."""
    theirs = model.find(Tunnel, ref)
    below, network = like_of(model, theirs.transport_PIF, member), model.get(theirs.access_PIF).network
    draft = Draft(model)
    tunnel = tunnels.add(draft, below, model.get(network), theirs.protocol, plugged=False)
    return Plan(model, draft.model, tunnel.ref)


def _copying(
    rule: Callable[[Model, Ref[Any], Ref[Host]], Plan], ref: Ref[Any], member: Ref[Host]
) -> Callable[[Model, Facts], Plan]:
    return lambda model, facts: rule(model, ref, member)


def like_of(model: Model, theirs: Ref[PIF], member: Ref[Host]) -> PIF:
    """The member's PIF on the network of one of the master's."""
    network = model.get(theirs).network
    found = pif_on(model, network, member)
    if found is None:
        raise PIFNotPresent(member, network)
    return found


# --- what all need --------------------------------------------------------------------------------


def pif_on(model: Model, network: Ref[Network], host: Ref[Host]) -> PIF | None:
    """The host's PIF on a network."""
    return next((pif for pif in pifs_on(model, network) if pif.host == host), None)


def bond_on(model: Model, network: Ref[Network], host: Ref[Host]) -> Bond | None:
    """The host's bond whose master is on a network."""
    pif = pif_on(model, network, host)
    return None if pif is None else bond_of_master(model, pif)


def label(model: Model, network: Ref[Network]) -> str:
    """A network as people know it."""
    found = model.get(network)
    return found.name_label or found.bridge


PHASES: tuple[Callable[[Model, Ref[Host], Correspondence], Iterator[Copy]], ...] = (
    missing_bonds, missing_vlans, missing_tunnels,
)  # fmt: skip
"""What is copied, in this order; each looks at the model after the ones before."""

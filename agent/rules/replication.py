"""A member takes over what its pool's master has: bonds, VLANs and tunnels (design, Actions on Start-up).

Objects correspond as in XAPI (sync_networking.ml): a bond by its network, a VLAN by its network, its tag and
the network below, a tunnel by its network.  What only the member has stays.  Each object is one plan, made by
the rules of the calls: one that is refused, or fails on the kernel, leaves what was in its place and stops no
other.  Bonds come first, because VLANs stand on them, and tunnels on both.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.errors import Failure, PIFNotPresent
from agent.model.draft import Draft, Plan, then
from agent.model.facts import NO_FACTS, Facts
from agent.model.model import Model, pif_on, tunnel_over
from agent.model.records import PIF, VLAN, Bond, Host, Network, Pool, Ref, Tunnel
from agent.rules import tunnel as tunnels
from agent.rules import vlan as vlans
from agent.rules.corresponding_nics import Correspondence
from agent.rules.replicated_bonds import bond_on, copy_bond, is_like

NO_SYNC = "nosync"
OPT_OUTS: Mapping[type[Any], str] = {Bond: "sync_bonds", VLAN: "sync_vlans", Tunnel: "sync_tunnels"}
"""The other_config key of a member that, with the value `nosync`, has nothing of the class copied (XAPI)."""


@dataclass(frozen=True)
class Copy:
    """One object that the member is to have.  name: in words; plan: decides it, on a model of then."""

    name: str
    plan: Callable[[Model, Facts], Plan]


@dataclass(frozen=True)
class Preview:
    """What all copies come to: one plan, and a line for each that is done or refused."""

    plan: Plan
    lines: tuple[str, ...] = ()


def preview(
    model: Model, member: Ref[Host], by: Correspondence = "device", *, facts: Facts = NO_FACTS
) -> Preview:
    """All of it on paper: what a dry run shows."""
    whole, lines = Plan(model, model), list[str]()
    for phase in PHASES:
        found = together(whole.after, tuple(phase(whole.after, member, by)), facts)
        whole = then(whole, found.plan)
        lines += found.lines
    return Preview(whole, tuple(lines))


def together(model: Model, copies: Sequence[Copy], facts: Facts) -> Preview:
    """Several copies in one plan, without those that are refused."""
    whole, lines = Plan(model, model), list[str]()
    for copy in copies:
        try:
            whole = then(whole, copy.plan(whole.after, facts))
            lines.append(done(copy))
        except Failure as failure:
            lines.append(not_done(copy, failure))
    return Preview(whole, tuple(lines))


def done(copy: Copy) -> str:
    return f"{copy.name}: as the master's"


def not_done(copy: Copy, why: Failure) -> str:
    """What people read of a copy that can't be made."""
    return f"{copy.name}{NOT_DONE}{why.__doc__} {', '.join(why.parameters)}"


def is_refused(line: str) -> bool:
    return NOT_DONE in line


NOT_DONE = ": not done: "


def master_elsewhere(model: Model, member: Ref[Host], kind: type[Any]) -> Ref[Host] | None:
    """The master, if a member is to have its objects of a class."""
    master = next((pool.master for pool in model.all(Pool)), None)
    opted_out = model.get(member).other_config.get(OPT_OUTS[kind]) == NO_SYNC
    return None if master == member or opted_out or master not in model.records else master


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


def label(model: Model, network: Ref[Network]) -> str:
    """A network as people know it."""
    found = model.get(network)
    return found.name_label or found.bridge


PHASES: tuple[Callable[[Model, Ref[Host], Correspondence], Iterator[Copy]], ...] = (
    missing_bonds, missing_vlans, missing_tunnels,
)  # fmt: skip
"""What is copied, in this order; each looks at the model after the ones before."""

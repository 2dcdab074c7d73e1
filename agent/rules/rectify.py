"""rectify: a stored model that breaks the rules is put right at start-up (design, Actions on Start-up).

What the design says of bonds comes last; before it, references that lead nowhere go, and what no model may
have.  Each rule only takes away, moves up, plugs or lowers, so that a round comes in which none has anything
to say.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from agent.model.draft import Draft
from agent.model.model import Model, pifs_on, slaves, tunnels_on, vlans_on
from agent.model.mtu import MTU_KEY, mtu_of
from agent.model.records import PIF, VIF, VLAN, Bond, Tunnel
from agent.model.vifs import is_plugged
from agent.rules import dangling
from agent.rules.dangling import Rule, give_own_network, word
from agent.rules.ip_merging import FAMILIES, in_words, is_configured, takes
from agent.rules.members import reset_slaves, unplug_slaves
from agent.rules.moving import (
    losing_vlans,
    move_own_vifs,
    move_tunnels,
    move_vlans,
    taking_over,
    vlans_by_tag,
)
from agent.rules.vif import vifs_to_move


@dataclass(frozen=True)
class Rectified:
    """A model that keeps the rules, and what had to be put right for it, a line each."""

    model: Model
    log: tuple[str, ...]


def rectify(model: Model) -> Rectified:
    """The model with every violation put right; the same model and no log when there is none."""
    draft = Draft(model)
    log: list[str] = []
    while lines := [*rectified_by(draft, dangling.RULES), *said(draft, RULES)]:
        log += lines
    return Rectified(draft.model, tuple(log))


def rectified_by(draft: Draft, rules: Sequence[Rule]) -> list[str]:
    """Apply the rules until none has anything to say; what they said."""
    log: list[str] = []
    while lines := said(draft, rules):
        log += lines
    return log


def said(draft: Draft, rules: Sequence[Rule]) -> list[str]:
    """Apply the rules once; what they said."""
    return [line for rule in rules for line in rule(draft)]


def crowded_networks(draft: Draft) -> Iterator[str]:
    """A network has one PIF of a host: management's, else the oldest; the others get their own, unplugged."""
    seen: set[tuple[str, str]] = set()
    for pif in sorted(draft.model.all(PIF), key=lambda pif: not pif.management):
        if (pif.network, pif.host) in seen:
            other = give_own_network(draft, replace(pif, currently_attached=pif.management))
            yield f"{word(pif)} shared its network with another PIF: put on {word(other)}"
        seen.add((pif.network, pif.host))


def rival_managements(draft: Draft) -> Iterator[str]:
    """A host has one management interface, the oldest that is no slave, and it is plugged."""
    first: dict[str, PIF] = {}
    for pif in sorted(draft.model.all(PIF), key=lambda pif: pif.bond_slave_of is not None):
        if pif.management and first.setdefault(pif.host, pif) != pif:
            draft.put(replace(pif, management=False))
            yield f"{word(pif)} was management beside {word(first[pif.host])}: not any more"
    for pif in first.values():
        if not pif.currently_attached:
            draft.put(replace(pif, currently_attached=True))
            yield f"{word(pif)}, the management interface, was not plugged: plugged"


def vlans_with_one_tag(draft: Draft) -> Iterator[str]:
    """A PIF has one VLAN of a tag; the VIFs-to-move of the others join its network (create, step 8)."""
    for pif in draft.model.all(PIF):
        if losing_vlans(draft.model, [pif]):
            yield from told_collisions(draft.model, [pif])
            move_vlans(draft, [pif], pif)


def misnamed_vlans(draft: Draft) -> Iterator[str]:
    """A VLAN's upper PIF bears the name of the device below."""
    model = draft.model
    for vlan in model.all(VLAN):
        lower, upper = model.get(vlan.tagged_PIF), model.get(vlan.untagged_PIF)
        if upper.device != lower.device:
            draft.put(replace(upper, device=lower.device))
            yield f"{word(upper)} is a VLAN on {word(lower)}: named after it"


def burdened_slaves(draft: Draft) -> Iterator[str]:
    """What is on a slave moves up to its bond (design, Actions on Start-up; create, steps 8 to 12).

    The primary slave counts first, and the slave that was management is it (create, step 4).
    """
    for bond in draft.model.all(Bond):
        managing = [slave.ref for slave in slaves(draft.model, bond) if slave.management]
        primary = next(iter(managing), bond.primary_slave)
        if primary != bond.primary_slave:
            draft.put(replace(bond, primary_slave=primary))
        for step in STEPS:
            model = draft.model
            own = sorted(slaves(model, bond), key=lambda slave: slave.ref != primary)
            yield from step(draft, model.get(bond.master), own)


def vlans_up(draft: Draft, master: PIF, own: Sequence[PIF]) -> Iterator[str]:
    """VLANs, with their networks, and of several with one tag the first."""
    moving = [(slave, vlan) for slave in own for vlan in vlans_on(draft.model, slave.ref)]
    for slave, vlan in moving:
        yield f"{word(vlan)}, tag {vlan.tag}, was on slave {word(slave)}: moved up to {word(master)}"
    if moving:
        yield from told_collisions(draft.model, [master, *own])
        move_vlans(draft, own, master)


def tunnels_up(draft: Draft, master: PIF, own: Sequence[PIF]) -> Iterator[str]:
    """Tunnels, with their networks."""
    for slave in own:
        for tunnel in tunnels_on(draft.model, slave.ref):
            yield f"{word(tunnel)} ran from slave {word(slave)}: moved up to {word(master)}"
    move_tunnels(draft, own, master)


def vifs_up(draft: Draft, master: PIF, own: Sequence[PIF]) -> Iterator[str]:
    """The VIFs-to-move on the slaves' own networks."""
    for slave in own:
        for vif in vifs_to_move(draft.model, slave.network, slave.host):
            yield f"{word(vif)} was on the network of slave {word(slave)}: moved to that of {word(master)}"
    move_own_vifs(draft, own, master)


def configuration_up(draft: Draft, master: PIF, own: Sequence[PIF]) -> Iterator[str]:
    """Management, IP configuration, disallow_unplug, and being plugged."""
    for slave in own:
        above = draft.model.get(master.ref)
        moved, lost = burdens(above, slave), [*told_loss(above, slave)]
        if moved:
            yield f"{word(slave)} is a slave: {', '.join(moved)} moved up to {word(above)}"
        if moved or lost:
            yield from lost
            draft.put(taking_over(above, slave))
            unplug_slaves(draft, [slave])
            reset_slaves(draft, [slave])


STEPS: tuple[Callable[[Draft, PIF, Sequence[PIF]], Iterator[str]], ...] = (
    vlans_up, tunnels_up, vifs_up, configuration_up,
)  # fmt: skip


def burdens(master: PIF, slave: PIF) -> list[str]:
    """What a slave has that is its master's, and for which the master has room, in words."""
    having = {
        "management": slave.management,
        **{f"the IPv{version} configuration": takes(master, slave, version) for version in FAMILIES},
        "disallow_unplug": slave.disallow_unplug,
        "being plugged": slave.currently_attached,
    }
    return [words for words, has in having.items() if has]


def told_collisions(model: Model, pifs: Sequence[PIF]) -> Iterator[str]:
    """What is lost where several VLANs of one tag become one."""
    for winner, *losers in vlans_by_tag(model, pifs).values():
        upper = model.get(winner.untagged_PIF)
        for loser in losers:
            gone = model.get(loser.untagged_PIF)
            yield f"{word(loser)}, tag {loser.tag}, joined {word(winner)}: {word(gone)} removed"
            yield from told_loss(upper, gone)
            upper = taking_over(upper, gone)


def told_loss(winner: PIF, loser: PIF) -> Iterator[str]:
    """The addresses that can't be kept where two become one, a line for each family."""
    for version in FAMILIES:
        if is_configured(winner, version) and is_configured(loser, version):
            lost, kept = (winner, loser) if takes(winner, loser, version) else (loser, winner)
            yield (
                f"the IPv{version} configuration of {word(lost)} ({in_words(lost, version)}) was dropped: "
                f"that of {word(kept)} ({in_words(kept, version)}) stays, there can be one only"
            )


def large_vlans(draft: Draft) -> Iterator[str]:
    """A VLAN's MTU is no larger than that of the PIF below, which may have become another."""
    for vlan in draft.model.all(VLAN):
        lower, upper = draft.model.get(vlan.tagged_PIF), draft.model.get(vlan.untagged_PIF)
        room, network = mtu_of(draft.model, lower), draft.model.get(upper.network)
        if room < network.MTU:
            draft.put(replace(network, MTU=room))
            yield f"{word(network)} had an MTU of {network.MTU}, which does not fit: now {room}"
        if mtu_of(draft.model, upper) > room:
            draft.put(replace(upper, other_config={**upper.other_config, MTU_KEY: str(room)}))
            yield f"{word(upper)} had an MTU that does not fit: now {room}"


def unplugged_below(draft: Draft) -> Iterator[str]:
    """What something plugged stands on is plugged: the network of a VIF, the transport PIF of a tunnel."""
    model = draft.model
    needed = [
        pif
        for vif in model.all(VIF)
        if is_plugged(model, vif)
        for pif in pifs_on(model, vif.network)
        if pif.host == model.get(vif.VM).resident_on
    ]
    needed += [
        model.get(tunnel.transport_PIF)
        for tunnel in model.all(Tunnel)
        if model.get(tunnel.access_PIF).currently_attached
    ]
    for pif in {pif.ref: pif for pif in needed if not pif.currently_attached}.values():
        draft.put(replace(pif, currently_attached=True))
        yield f"{word(pif)} was not plugged, but something on it is: plugged"


RULES: tuple[Rule, ...] = (
    crowded_networks, rival_managements, misnamed_vlans, burdened_slaves, vlans_with_one_tag, large_vlans,
    unplugged_below,
)  # fmt: skip

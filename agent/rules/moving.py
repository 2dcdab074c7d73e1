"""What moves from one PIF to another, as a bond is made, taken apart or put right: VLANs, tunnels, VIFs.

To move is to refer to another PIF, or to another network: uuid, other_config, IP configuration and status
stay.  (The design re-creates and destroys, and so would lose them.)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce

from agent.model.draft import Draft
from agent.model.model import Model, tunnels_on, vlans_on
from agent.model.records import PIF, VIF, VLAN, Network, Ref
from agent.model.vifs import is_plugged
from agent.rules.ip_merging import with_ip_of
from agent.rules.vif import vifs_to_move


def move_vlans(draft: Draft, sources: Sequence[PIF], target: PIF) -> None:
    """Every VLAN moves to the target, with its network (create, step 8; destroy, step 3).

    Of several with one tag the first stays; the VIFs-to-move on the others join its network.
    """
    model = draft.model
    for winner, *losers in vlans_by_tag(model, [target, *sources]).values():
        uppers = [model.get(loser.untagged_PIF) for loser in losers]
        upper = reduce(taking_over, uppers, model.get(winner.untagged_PIF))
        draft.put(replace(winner, tagged_PIF=target.ref))
        draft.put(replace(upper, device=target.device))
        for loser in losers:
            dissolve(draft, model, loser, upper)


def vlans_by_tag(model: Model, pifs: Sequence[PIF]) -> Mapping[int, Sequence[VLAN]]:
    """The VLANs on some PIFs by their tags, those of the first-named PIF first."""
    found: dict[int, list[VLAN]] = {}
    for pif in dict.fromkeys(pif.ref for pif in pifs):
        for vlan in vlans_on(model, pif):
            found.setdefault(vlan.tag, []).append(vlan)
    return found


def losing_vlans(model: Model, pifs: Sequence[PIF]) -> tuple[VLAN, ...]:
    """The VLANs whose tag an earlier one has too (create, step 8)."""
    return tuple(loser for _, *losers in vlans_by_tag(model, pifs).values() for loser in losers)


def taking_over(winner: PIF, loser: PIF) -> PIF:
    """A PIF with what another leaves behind: its IP configuration where there is room, management, status."""
    return replace(
        with_ip_of(winner, loser),
        management=winner.management or loser.management,
        disallow_unplug=winner.disallow_unplug or loser.disallow_unplug,
        currently_attached=winner.currently_attached or loser.currently_attached or loser.management,
    )


def dissolve(draft: Draft, model: Model, loser: VLAN, winner: PIF) -> None:
    """A VLAN and its upper PIF go; what is on it joins the winner, and its network stays (create, step 8)."""
    upper = model.get(loser.untagged_PIF)
    move_vifs(draft, vifs_to_move(model, upper.network, upper.host), winner.network)
    for tunnel in tunnels_on(model, upper.ref):
        draft.put(replace(tunnel, transport_PIF=winner.ref))
    draft.remove(loser.ref)
    draft.remove(upper.ref)


def move_tunnels(draft: Draft, sources: Sequence[PIF], target: PIF) -> None:
    """Every tunnel runs from the target, with its network (create, step 9; destroy, step 4)."""
    model = draft.model
    for source in sources:
        for tunnel in tunnels_on(model, source.ref):
            draft.put(replace(tunnel, transport_PIF=target.ref))


def move_own_vifs(draft: Draft, sources: Sequence[PIF], target: PIF) -> None:
    """The VIFs-to-move on the sources' own networks join the target's (create, step 10; destroy, step 5)."""
    model = draft.model
    for source in sources:
        move_vifs(draft, vifs_to_move(model, source.network, source.host), target.network)


def move_vifs(draft: Draft, vifs: Iterable[VIF], network: Ref[Network]) -> None:
    """VIFs join another network; a suspended VM's stays attached, for when its VM is resumed."""
    for vif in vifs:
        draft.put(replace(vif, network=network))


def vifs_to_ask(model: Model, sources: Sequence[PIF]) -> tuple[Ref[VIF], ...]:
    """The plugged ones among the VIFs that will change their network (create, step 3; destroy, step 1).

    They are those on the sources' own networks, and on those of the VLANs that lose their tag to another.
    """
    lost = [model.get(vlan.untagged_PIF) for vlan in losing_vlans(model, sources)]
    moving = [vif for pif in (*sources, *lost) for vif in vifs_to_move(model, pif.network, pif.host)]
    return tuple(vif.ref for vif in moving if is_plugged(model, vif))

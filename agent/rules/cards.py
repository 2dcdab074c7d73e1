"""A PIF is its card first, and its name second: names change when a card is added, or at any reboot.

A card is known by its permanent MAC, then by its place on the PCI bus.  What has neither (a virtual device)
is known by its MAC and its name together, or by one of them where only one device has it.
"""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.errors import InvalidValue, NoSuchNIC, PIFIsNotPhysical
from agent.model.bond_options import OLD_PREFIX, with_names
from agent.model.device_names import digest
from agent.model.draft import Draft, Plan
from agent.model.facts import NIC, Facts
from agent.model.model import Model, pifs_of, slaves, this_host, vlans_on
from agent.model.records import PIF, Bond, Ref
from agent.rules.pif import check_lone_nic
from agent.rules.plugging import check_managed, check_no_vif_in_use, check_not_management

GONE = "gone-"
"""How the device of a PIF is called whose card is gone, and whose name another card has."""


@dataclass(frozen=True)
class Followed:
    """The model with the names that the cards have now; what has become of them, a line each; and the PIFs
    whose card is gone or can't be told from another, with the reason."""

    model: Model
    log: tuple[str, ...] = ()
    unclear: Mapping[Ref[Any], str] = field(default_factory=dict)


Sign = tuple[Callable[[PIF], Hashable], Callable[[NIC], Hashable]]
"""By what a PIF and a NIC are held to be the same, of each; a false one is none."""

SIGNS: Sequence[Sign] = (
    (
        lambda pif: pif.permanent_MAC and pif.card and (pif.permanent_MAC, pif.card),
        lambda nic: nic.permanent_MAC and nic.card and (nic.permanent_MAC, nic.card),
    ),
    (lambda pif: pif.permanent_MAC, lambda nic: nic.permanent_MAC),
    (
        lambda pif: pif.permanent_MAC and (pif.permanent_MAC, pif.device),
        lambda nic: nic.permanent_MAC and (nic.permanent_MAC, nic.device),
    ),
    # What an older pifd has written, or is still without a card: its MAC was the card's then.
    (lambda pif: not pif.permanent_MAC and pif.MAC, lambda nic: nic.permanent_MAC),
    # Another card in the same place.
    (lambda pif: pif.card and (pif.card, pif.device), lambda nic: nic.card and (nic.card, nic.device)),
    (lambda pif: pif.card, lambda nic: nic.card),
    # Virtual devices: the MAC counts while nobody has changed it, and no two have the same.
    (
        lambda pif: not pif.permanent_MAC and (pif.MAC, pif.device),
        lambda nic: not nic.permanent_MAC and (nic.MAC, nic.device),
    ),
)
"""From sure to less sure."""
BY_MAC: Sign = (
    lambda pif: not pif.permanent_MAC and pif.MAC,
    lambda nic: not nic.permanent_MAC and not nic.in_use and nic.MAC,
)
BY_NAME: Sign = (lambda pif: not pif.permanent_MAC and pif.device, lambda nic: nic.device)
"""Of virtual devices.  At a start nobody has changed a MAC yet; later pifd has, and the name says more."""


def follow(model: Model, facts: Facts, *, at_start: bool = False) -> Followed:
    """The PIFs of cards that are called otherwise now, or were replaced in their place, follow them."""
    host = this_host(model)
    own = [pif for pif in model.by(PIF, "physical", True) if host is not None and pif.host == host.ref]
    last = (BY_MAC, BY_NAME) if at_start else (BY_NAME, BY_MAC)
    places = places_of(own, facts.nics, (*SIGNS, *last))
    draft, log = Draft(model), list[str]()
    reasons = {pif.ref: _why(pif, own, facts.nics) for pif in own if pif.ref not in places}
    unclear = {pif.ref: reasons[pif.ref] for pif in own if pif.ref in reasons and pif.permanent_MAC}
    taken, claimed = {nic.device for nic in facts.nics}, {nic.device for nic in places.values()}
    for pif in own:
        nic = places.get(pif.ref)
        if nic is not None:
            log += _put(draft, pif, nic)
        elif pif.device in taken and (pif.permanent_MAC or pif.device in claimed):
            log.append(f"PIF {pif.device} ({pif.uuid}): {reasons[pif.ref]}; another one has its name")
            _rename(draft, pif, f"{GONE}{digest(pif.uuid)}")
    log += mended_masters(draft)
    _rename_in_bonds(draft, model)
    return Followed(draft.model if log or draft.model != model else model, tuple(log), unclear)


def places_of(pifs: Collection[PIF], nics: Collection[NIC], signs: Sequence[Sign]) -> Mapping[Ref[Any], NIC]:
    """The NIC of each PIF, as far as that can be told."""
    found: dict[Ref[Any], NIC] = {}
    free = {nic.device: nic for nic in nics}
    for of_pif, of_nic in signs:
        left = [pif for pif in pifs if pif.ref not in found]
        ours, theirs = Counter(map(of_pif, left)), Counter(map(of_nic, free.values()))
        by_sign = {of_nic(nic): nic for nic in free.values()}
        for pif in left:
            sign = of_pif(pif)
            if sign not in ("", False) and ours[sign] == theirs[sign] == 1:
                found[pif.ref] = free.pop(by_sign[sign].device)
    return found


def _why(pif: PIF, pifs: Collection[PIF], nics: Collection[NIC]) -> str:
    twins = [other.device for other in pifs if other != pif and other.permanent_MAC == pif.permanent_MAC]
    alike = [nic.device for nic in nics if pif.permanent_MAC and nic.permanent_MAC == pif.permanent_MAC]
    if twins and alike:
        return f"its card can't be told from that of {', '.join(sorted(twins))}: all have {pif.permanent_MAC}"
    place = f" at {pif.card}" if pif.card else ""
    return f"the card with the MAC {pif.permanent_MAC or pif.MAC}{place} is not there"


def _put(draft: Draft, pif: PIF, nic: NIC) -> list[str]:
    """The PIF has this NIC; what people are told of it."""
    log = []
    is_new = bool(pif.permanent_MAC and nic.permanent_MAC and pif.permanent_MAC != nic.permanent_MAC)
    after = replace(
        pif,
        permanent_MAC=nic.permanent_MAC or pif.permanent_MAC,
        card=nic.card or pif.card,
        MAC=(nic.permanent_MAC or nic.MAC) if is_new or not is_a_mac(pif.MAC) else pif.MAC,
    )
    if after == pif and nic.device == pif.device:
        return []
    if is_new:
        log.append(f"PIF {pif.device} ({pif.uuid}): another card is in its place, with the MAC {after.MAC}")
    draft.put(after)
    _pass_on_mac(draft, pif, after)
    if nic.device != pif.device:
        log.append(f"PIF {pif.device} ({pif.uuid}): its card is called {nic.device} now")
        _rename(draft, after, nic.device)
    return log


def is_a_mac(MAC: str) -> bool:
    """Whether a device can have it: not a group's, and not zero."""
    try:
        octets = [int(octet, 16) for octet in MAC.split(":")]
    except ValueError:
        return False
    return len(octets) == 6 and any(octets) and not octets[0] & 1


def _rename(draft: Draft, pif: PIF, device: str) -> None:
    """VLANs are called by the device below them."""
    for vlan in vlans_on(draft.model, pif.ref):
        upper = draft.model.get(vlan.untagged_PIF)
        draft.put(replace(upper, device=device))
    draft.put(replace(draft.model.get(pif.ref), device=device))


def _rename_in_bonds(draft: Draft, before: Model) -> None:
    """What a bond was told of a member is of its PIF, by whatever name."""
    for bond in before.all(Bond):
        names = {slave.device: draft.model.get(slave.ref).device for slave in slaves(before, bond)}
        if all(old == new for old, new in names.items()):
            continue
        now, master = draft.model.get(bond.ref), draft.model.get(bond.master)
        draft.put(replace(now, properties=with_names(now.properties, names)))
        draft.put(replace(master, other_config=with_names(master.other_config, names, OLD_PREFIX)))


def _pass_on_mac(draft: Draft, before: PIF, after: PIF) -> None:
    """A bond that has its MAC from its primary slave has that slave's new one."""
    if before.MAC == after.MAC or after.bond_slave_of is None:
        return
    bond: Bond = draft.model.get(after.bond_slave_of)
    master = draft.model.get(bond.master)
    if bond.primary_slave == after.ref and bond.auto_update_mac and master.MAC == before.MAC:
        draft.put(replace(master, MAC=after.MAC))


def mended_masters(draft: Draft) -> list[str]:
    """A bond's master with a MAC that no device can have gets its primary slave's."""
    log = []
    for bond in draft.model.all(Bond):
        pif = draft.model.records.get(bond.master)
        first = next((s for s in slaves(draft.model, bond) if s.ref == bond.primary_slave), None)
        if isinstance(pif, PIF) and first is not None and not is_a_mac(pif.MAC) and is_a_mac(first.MAC):
            draft.put(replace(pif, MAC=first.MAC))
            log.append(f"PIF {pif.device} ({pif.uuid}) had the MAC {pif.MAC!r}, which no device can have")
    return log


def replace_card(model: Model, self: Ref[PIF], device: str, *, facts: Facts) -> Plan:
    """Another card takes the place of the PIF's: everything on it follows.

    The card's own PIF, if it has one, goes; so nothing may be on that.
    """
    pif = model.find(PIF, self)
    if not pif.physical:
        raise PIFIsNotPhysical(pif.ref)
    check_managed(pif)
    nic = next((nic for nic in facts.nics if nic.device == device), None)
    if nic is None:
        raise NoSuchNIC(device, "")
    if nic.in_use:
        raise InvalidValue("device", f"{device} is in use by {nic.in_use}")
    if nic.device == pif.device:
        return Plan(model, model)
    draft = Draft(model)
    for other in pifs_of(model, pif.host):
        if other.physical and other.device == device:
            check_not_management(other)
            check_lone_nic(model, other)
            check_no_vif_in_use(model, other)
            draft.remove(other.ref)
    after = replace(pif, permanent_MAC=nic.permanent_MAC, card=nic.card, MAC=nic.permanent_MAC or nic.MAC)
    draft.put(after)
    _pass_on_mac(draft, pif, after)
    _rename(draft, after, device)
    _rename_in_bonds(draft, model)
    return Plan(model, draft.model)

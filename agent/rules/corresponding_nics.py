"""Which NIC of a host corresponds to one of another host's: by its name, or by its place among the NICs."""

import re
from collections.abc import Sequence
from typing import Literal

from agent.model.model import Model, pifs_of, slaves
from agent.model.records import PIF, Bond, Host, Ref
from agent.rules.members import primary_slave

Correspondence = Literal["device", "position"]
"""By what a NIC finds its like on another host: its name, or its place among the NICs."""


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

"""Spare NICs and bonds: as XAPI does, each start plugs what nobody has unplugged (docs/calls.md)."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.errors import Failure
from agent.model.draft import Draft
from agent.model.facts import NIC, Facts
from agent.model.model import Model, bond_of_master, slaves
from agent.model.records import PIF
from agent.rules.plugging import bring_up


@dataclass(frozen=True)
class Plugged:
    """A model with its spare NICs and bonds plugged, and what is said of each, a line each."""

    model: Model
    log: tuple[str, ...]


def plug_spares(model: Model, facts: Facts) -> Plugged:
    """A NIC that is gone, or that somebody uses, stays as it is, and so does a bond of such NICs alone."""
    draft, nics = Draft(model), {nic.device: nic for nic in facts.nics}
    return Plugged(draft.model, ()) if not nics else _plugged(draft, nics)


def _plugged(draft: Draft, nics: dict[str, NIC]) -> Plugged:
    log: list[str] = []
    for pif in spares(draft.model):
        members = [nics[one.device] for one in members_of(draft.model, pif) if one.device in nics]
        free = [nic for nic in members if not user_of(nic)]
        if not free:
            log += [f"{nic.device} stays unplugged: {user_of(nic)} uses it" for nic in members]
            continue
        try:
            bring_up(draft, pif)
        except Failure as failure:
            log.append(f"{pif.device} stays unplugged: {failure.code} {', '.join(failure.parameters)}")
        else:
            log.append(f"{pif.device} is plugged, as each start does with what nobody has unplugged")
    return Plugged(draft.model, tuple(log))


def spares(model: Model) -> Iterator[PIF]:
    """The NICs that are no slaves, and the masters of bonds: unplugged, but by nobody."""
    for pif in model.all(PIF):
        is_one = pif.physical or bond_of_master(model, pif) is not None
        is_free = pif.managed and pif.bond_slave_of is None
        if is_one and is_free and not (pif.currently_attached or pif.stays_unplugged):
            yield pif


def members_of(model: Model, pif: PIF) -> tuple[PIF, ...]:
    """The NICs of a bond, or the NIC itself."""
    bond = bond_of_master(model, pif)
    return (pif,) if bond is None else tuple(slaves(model, bond))


def user_of(nic: NIC) -> str:
    """Who uses a NIC that is unplugged: a device, an address, a route; "" for nobody."""
    return nic.in_use or ("somebody" if nic.carries else "")

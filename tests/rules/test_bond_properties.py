"""What holds of creating and destroying any bond of NICs that carry nothing, in any model."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agent.model.model import Model, bond_of_master, tunnels_on, vifs_on, vlans_on
from agent.model.records import PIF, IPConfiguration, Record
from agent.rules import bond
from agent.rules.members import primary_slave
from tests.worlds.networks import MOST_NICS, sketches
from tests.worlds.world import bond_of, pif_of, with_new_network, with_record

CHOICES = st.lists(st.integers(0, MOST_NICS - 1), min_size=1, max_size=MOST_NICS + 2)


@given(sketches(MOST_NICS).map(lambda sketch: sketch.model()), CHOICES)
def test_creating_and_destroying_a_bond_gives_the_model_back(model: Model, choices: list[int]) -> None:
    members = bondable(model, choices)
    if not members:
        return
    before, home = with_new_network(model)
    created = bond.create(before, home, [member.ref for member in members], "").after
    device = next(pif.device for pif in created.all(PIF) if pif.ref not in before.records)
    assert bond.destroy(created, bond_of(created, device).ref).after == gathered(before, members)


@given(sketches(MOST_NICS).map(lambda sketch: sketch.model()), CHOICES)
def test_a_bond_of_the_same_members_in_other_words_is_the_same_bond(model: Model, choices: list[int]) -> None:
    members = bondable(model, choices)
    if not members:
        return
    model, home = with_new_network(model)
    once, twice = ([m.ref for m in members] * times for times in (1, 2))
    plans = [bond.create(model, home, refs, "") for refs in (once, twice)]
    assert nameless(plans[0].after) == nameless(plans[1].after)


def bondable(model: Model, choices: Sequence[int]) -> list[PIF]:
    """The chosen NICs that can be in one bond: free, with nothing on them, with equal properties, and one of
    them at the most with an IP configuration."""
    pifs = [pif for pif in model.all(PIF) if pif.physical and pif.bond_slave_of is None]
    pifs = [pif for pif in pifs if not carried(model, pif)]
    chosen = list({pif.ref: pif for pif in (pifs[n % len(pifs)] for n in choices if pifs)}.values())
    chosen = [pif for pif in chosen if pif.properties == chosen[0].properties]
    with_IP = [pif for pif in chosen if pif.ip_configuration.is_configured()]
    return [pif for pif in chosen if pif not in with_IP[1:]]


def carried(model: Model, pif: PIF) -> tuple[Record, ...]:
    """What is on a NIC and would move with it."""
    return (*vlans_on(model, pif.ref), *tunnels_on(model, pif.ref), *vifs_on(model, pif.network))


def gathered(model: Model, members: Sequence[PIF]) -> Model:
    """The model with all that the members had on the primary slave: what the design promises of a destroy."""
    primary = primary_slave(members)
    plugged = any(member.currently_attached for member in members)
    for member in members:
        mine = member == primary
        ip = member.ip_configuration if mine else IPConfiguration()
        kept = replace(member, currently_attached=mine and plugged, ip_configuration=ip)
        model = with_record(model, kept if mine else replace(kept, other_config={}))
    return model


def nameless(model: Model) -> list[tuple[str, str, bool, bool, str]]:
    """The PIFs without their uuids: device, MAC, attached, management, and whose slave or master they are."""
    return [
        (pif.device, pif.MAC, pif.currently_attached, pif.management, role(model, pif))
        for pif in model.all(PIF)
    ]


def role(model: Model, pif: PIF) -> str:
    if pif.bond_slave_of is not None:
        return f"slave of {model.get(model.get(pif.bond_slave_of).master).device}"
    own = bond_of_master(model, pif)
    return f"master of {pif_of(model, pif.device).device}" if own else ""

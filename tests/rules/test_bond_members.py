"""A bond's members change: one comes, one goes, another is primary, another is active."""

from collections.abc import Callable

import pytest

from agent.errors import InvalidValue, PIFAlreadyBonded, PIFBondMoreThanOneIP, PIFBondNeedsMoreMembers
from agent.model.draft import Plan
from agent.model.model import Model, slaves
from agent.model.records import BondMode
from agent.rules import bond, bond_members
from tests.worlds.laden import with_vlan
from tests.worlds.uppers import refused
from tests.worlds.world import bond_of, bonded, host, nic, pif_of, static, taken_over, with_pif

MODEL = taken_over(host(nic(0), nic(1), nic(2)))
BONDED = bonded(MODEL, "eth0", "eth1")
BOND = bond_of(BONDED)


def members(model: Model) -> list[str]:
    return [pif.device for pif in slaves(model, model.get(BOND.ref))]


def test_a_nic_that_comes_is_a_slave_like_the_others() -> None:
    after = bond_members.add_member(BONDED, BOND.ref, pif_of(BONDED, "eth2").ref).after
    assert members(after) == ["eth0", "eth1", "eth2"]
    assert pif_of(after, "bond0") == pif_of(BONDED, "bond0")
    assert not pif_of(after, "eth2").currently_attached


def test_what_was_on_a_nic_that_comes_is_on_the_bond() -> None:
    model = with_pif(bonded(MODEL, "eth1"), "eth2", ip_configuration=static("192.0.2.7/24"))
    model = with_vlan(with_pif(model, "eth2", currently_attached=True), "eth2", 5)
    after = bond_members.add_member(model, bond_of(model).ref, pif_of(model, "eth2").ref).after
    assert pif_of(after, "bond0").ip_configuration.IP == "192.0.2.7"
    assert pif_of(after, "bond0").currently_attached
    assert [pif.device for pif in after.all(type(pif_of(after, "bond0"))) if pif.VLAN == 5] == ["bond0"]
    assert not pif_of(after, "eth2").ip_configuration.is_configured()


@pytest.mark.parametrize(("device", "error"), [("eth0", PIFAlreadyBonded), ("bond0", PIFAlreadyBonded)])
def test_what_Bond_create_would_not_take_is_no_member(device: str, error: type[Exception]) -> None:
    found = refused(bond_members.add_member, BONDED, BOND.ref, pif_of(BONDED, device).ref)
    assert found[0] is error


def test_a_second_ip_configuration_is_refused() -> None:
    model = with_pif(BONDED, "eth2", ip_configuration=static("192.0.2.7/24"))
    found = refused(bond_members.add_member, model, BOND.ref, pif_of(model, "eth2").ref)
    assert found == (PIFBondMoreThanOneIP, ())


def test_a_nic_that_goes_is_a_plain_one_and_the_bond_keeps_everything() -> None:
    after = bond_members.remove_member(BONDED, BOND.ref, pif_of(BONDED, "eth1").ref).after
    assert members(after) == ["eth0"]
    assert pif_of(after, "bond0") == pif_of(BONDED, "bond0")
    assert pif_of(after, "eth1").bond_slave_of is None


def test_the_primary_slave_that_goes_leaves_its_place_and_its_mac_to_the_next() -> None:
    after = bond_members.remove_member(BONDED, BOND.ref, pif_of(BONDED, "eth0").ref).after
    assert after.get(BOND.ref).primary_slave == pif_of(BONDED, "eth1").ref
    assert pif_of(after, "bond0").MAC == pif_of(BONDED, "eth1").MAC
    assert pif_of(after, "bond0").management


def test_what_was_said_of_a_member_goes_with_it() -> None:
    model = bond.set_property(BONDED, BOND.ref, "eth1.prio", "5").after
    model = bond.set_property(model, BOND.ref, "miimon", "50").after
    after = bond_members.remove_member(model, BOND.ref, pif_of(model, "eth1").ref).after
    assert after.get(BOND.ref).properties == {"miimon": "50"}


def test_the_last_member_stays() -> None:
    model = bonded(MODEL, "eth1")
    found = refused(bond_members.remove_member, model, bond_of(model).ref, pif_of(model, "eth1").ref)
    assert found == (PIFBondNeedsMoreMembers, ())


@pytest.mark.parametrize(
    "rule", [bond_members.remove_member, bond_members.set_primary_slave, bond_members.set_active_slave]
)
def test_what_is_no_member_is_refused(rule: Callable[..., Plan]) -> None:
    found = refused(rule, BONDED, BOND.ref, pif_of(BONDED, "eth2").ref)
    assert found == (InvalidValue, ("value", "eth2 is no member of bond0"))


def test_another_primary_slave_gives_the_bond_its_mac() -> None:
    after = bond_members.set_primary_slave(BONDED, BOND.ref, pif_of(BONDED, "eth1").ref).after
    assert pif_of(after, "bond0").MAC == pif_of(BONDED, "eth1").MAC
    assert after.get(BOND.ref).primary_slave == pif_of(BONDED, "eth1").ref


def test_only_a_mode_with_one_active_member_lets_it_be_chosen() -> None:
    plan = bond_members.set_active_slave(BONDED, BOND.ref, pif_of(BONDED, "eth1").ref)
    assert (plan.active_slave, plan.after) == (("bond0", "eth1"), BONDED)
    model = bond.set_mode(BONDED, BOND.ref, BondMode.LACP).after
    found = refused(bond_members.set_active_slave, model, BOND.ref, pif_of(model, "eth1").ref)
    assert found == (InvalidValue, ("value", "eth1: in mode lacp all members are active"))

"""PIF.set_property, Bond.set_mode and Bond.set_property."""

from dataclasses import replace

import pytest

from agent.errors import (
    CannotChangePIFProperties,
    HandleInvalid,
    InvalidValue,
    PIFUnmanaged,
)
from agent.model.model import Model
from agent.model.records import BondMode
from agent.rules import bond, pif
from tests.worlds.uppers import UNKNOWN, refused, with_tunnel, with_VLAN
from tests.worlds.world import bond_of, bonded, host, nic, pif_of, static, taken_over, with_pif, with_record

MODEL = with_pif(
    taken_over(host(nic(0), nic(1), nic(2))), "eth0", ip_configuration=static("192.0.2.10/24"), properties={}
)
BONDED = bonded(MODEL, "eth1", "eth2")
BOND = bond_of(BONDED)


def test_gro_of_a_NIC_is_written_and_nothing_else() -> None:
    model = with_pif(MODEL, "eth1", properties={"gro": "on"})
    after = pif.set_property(model, pif_of(model, "eth1").ref, "gro", "off").after
    assert after == with_pif(MODEL, "eth1", properties={"gro": "off"})


def test_the_slaves_of_a_bond_get_what_their_master_has() -> None:
    after = pif.set_property(BONDED, BOND.master, "gro", "off").after
    found = {device: pif_of(after, device).properties.get("gro") for device in ("bond0", "eth1", "eth2")}
    assert found == {"bond0": "off", "eth1": "off", "eth2": "off"}
    assert pif_of(after, "eth0") == pif_of(BONDED, "eth0")


@pytest.mark.parametrize(("name", "value"), [("gro", "ON"), ("gro", ""), ("tso", "on")])
def test_a_property_that_there_is_not_is_refused(name: str, value: str) -> None:
    ref = pif_of(BONDED, "eth1").ref
    found = refused(pif.set_property, BONDED, ref, name, value)
    assert found == (InvalidValue, ("properties", f"{name} = {value}"))


def test_a_slave_a_VLAN_and_a_tunnel_have_their_properties_from_below() -> None:
    model, vlan = with_VLAN(BONDED, pif_of(BONDED, "eth0"), 5)
    model, tunnel = with_tunnel(model, pif_of(model, "eth0"))
    slave = pif_of(model, "eth1").ref
    model = with_record(model, replace(model.get(slave), managed=False))
    for ref in (slave, vlan.untagged_PIF, tunnel.access_PIF):
        assert refused(pif.set_property, model, ref, "gro", "off") == (CannotChangePIFProperties, (ref,))


def test_an_unmanaged_PIF_is_refused() -> None:
    ref = pif_of(MODEL, "eth8").ref
    assert refused(pif.set_property, MODEL, ref, "gro", "off") == (PIFUnmanaged, (ref,))


def unplugged(model: Model) -> Model:
    return with_pif(model, "bond0", currently_attached=False)


def test_a_bond_of_another_program_gets_a_mode_that_is_there_and_is_not_plugged_by_it() -> None:
    left = replace(BOND, mode=BondMode.LACP, properties={"lacp-time": "fast"})
    model = with_record(unplugged(BONDED), left)
    assert bond.set_mode(model, BOND.ref, "active-backup").after == unplugged(BONDED)


def test_a_mode_is_refused_as_Bond_create_refuses_it() -> None:
    for mode in ("slb", "LACP", "4"):
        home = bond.destroy(BONDED, BOND.ref).after.get(pif_of(BONDED, "bond0").network)
        members = [pif_of(MODEL, "eth1").ref]
        free = with_record(MODEL, home)
        of_create = refused(bond.create, free, home.ref, members, "", mode)
        assert refused(bond.set_mode, BONDED, BOND.ref, mode) == of_create
        assert (of_create[0], of_create[1][0]) == (InvalidValue, "mode")


def test_a_property_is_refused_as_Bond_create_refuses_it() -> None:
    words = "hashing_algorithm = src_mac: active-backup has no such property"
    found = refused(bond.set_property, BONDED, BOND.ref, "hashing_algorithm", "src_mac")
    assert found == (InvalidValue, ("properties", words))


def test_the_bond_is_looked_for_before_the_value_is_looked_at() -> None:
    for rule, values in ((bond.set_mode, ["junk"]), (bond.set_property, ["junk", "x"])):
        assert refused(rule, BONDED, UNKNOWN, *values) == (HandleInvalid, ("Bond", UNKNOWN))

"""What Bond.destroy moves down to the primary slave."""

from dataclasses import replace

import pytest

from agent.errors import InvalidValue
from agent.model.draft import Plan
from agent.model.model import Model
from agent.rules import bond
from tests.docs.design import design
from tests.rules.invariants import violations
from tests.worlds.laden import (
    ELSEWHERE,
    home_of,
    lower_of,
    tunnel_of,
    upper_of,
    vif_of,
    vlan_of,
    with_tunnel,
    with_vif,
    with_vlan,
)
from tests.worlds.world import (
    bond_of,
    bonded,
    host,
    network_of,
    nic,
    static,
    taken_over,
    with_network,
    with_pif,
    with_record,
)

MODEL = taken_over(host(nic(0), nic(1), nic(2)))


"""eth0 is management with an address; eth1 and eth2 have nothing."""


IP = static("198.51.100.2/24", DNS="192.0.2.53")
TWO_HOSTS = with_record(MODEL, ELSEWHERE)


def destroyed(model: Model) -> Plan:
    return bond.destroy(model, bond_of(model).ref)


def laden_bond() -> Model:
    """A bond of eth1 and eth2 with a VLAN, a tunnel, and VIFs on its network and on the VLAN's."""
    model = with_pif(bonded(MODEL, "eth1", "eth2"), "bond0", ip_configuration=IP, currently_attached=True)
    model = with_vlan(model, "bond0", 5)
    model = with_tunnel(model, lower_of(model, "bond0").ref)
    model = with_vif(model, home_of(model, "bond0"), "on the bond")
    model = with_vif(model, home_of(model, "bond0"), "asleep", "Suspended")
    return with_vif(model, upper_of(model, "bond0", 5).network, "on the VLAN")


@design("destroying", 1)
@design("destroy", 3)
@design("destroy", 4)
@design("destroy", 5)
def test_a_destroyed_bond_gives_all_to_the_primary_slave() -> None:
    before = laden_bond()
    after, primary = destroyed(before).after, lower_of(before, "eth1")
    assert vlan_of(after, "eth1", 5) == replace(vlan_of(before, "bond0", 5), tagged_PIF=primary.ref)
    assert upper_of(after, "eth1", 5) == replace(upper_of(before, "bond0", 5), device="eth1")
    assert tunnel_of(after) == replace(tunnel_of(before), transport_PIF=primary.ref)
    for name in ("on the bond", "asleep"):
        assert vif_of(after, name) == replace(vif_of(before, name), network=primary.network)
    assert vif_of(after, "on the VLAN") == vif_of(before, "on the VLAN")
    assert violations(after) == []


@design("destroy", 1)
def test_a_destroyed_bond_asks_the_VMs_on_its_network() -> None:
    before = laden_bond()
    plan = destroyed(before)
    assert plan.unplug == plan.plug == (vif_of(before, "on the bond").ref,)


@design("destroy", 5)
def test_the_VIFs_that_are_not_to_move_stay_on_the_network_of_the_bond() -> None:
    model = bonded(TWO_HOSTS, "eth1")
    model = with_vif(model, home_of(model, "bond0"), "vm", "Halted")
    assert vif_of(destroyed(model).after, "vm") == vif_of(model, "vm")


def test_a_primary_slave_that_takes_plugged_VIFs_is_plugged() -> None:
    model = bonded(MODEL, "eth1")
    model = with_vif(model, home_of(model, "bond0"), "vm")
    assert lower_of(destroyed(model).after, "eth1").currently_attached is True


def refused(model: Model) -> tuple[str, ...]:
    with pytest.raises(InvalidValue) as caught:
        destroyed(model)
    return caught.value.parameters


def large_bond() -> Model:
    return with_network(bonded(MODEL, "eth1"), "xapi0", MTU=9000)


def test_a_VLAN_that_does_not_fit_the_primary_slave_is_not_moved() -> None:
    model = with_vlan(large_bond(), "bond0", 5, MTU=9000)
    assert refused(model) == ("MTU", "9000: larger than the 1500 of eth1 below")


def test_a_VIF_that_does_not_fit_the_network_of_the_primary_slave_is_not_moved() -> None:
    model = large_bond()
    model = with_vif(model, network_of(model, "xapi0").ref, "vm", "Halted")
    label = model.get(home_of(model, "eth1")).name_label
    assert refused(model) == ("MTU", f"9000: larger than the 1500 of the network {label}")


def test_a_tunnel_that_the_primary_slave_has_no_room_for_is_not_moved() -> None:
    model = with_pif(with_network(bonded(MODEL, "eth1"), "xenbr1", MTU=1300), "bond0", ip_configuration=IP)
    model = with_tunnel(model, lower_of(model, "bond0").ref)
    assert refused(model)[0] == "MTU"

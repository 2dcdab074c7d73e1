"""Bond.destroy: the sentences of the design."""

import pytest

from agent.errors import HandleInvalid
from agent.model.model import Model
from agent.model.records import PIF, Bond, IPConfiguration, Network, Ref
from agent.rules import bond
from tests.docs.design import design
from tests.worlds.world import (
    bond_of,
    bonded,
    host,
    network_of,
    nic,
    pif_of,
    static,
    taken_over,
    with_new_network,
    with_pif,
)

MODEL = taken_over(host(nic(0), nic(1), nic(2)))


def unbonded(model: Model) -> Model:
    return bond.destroy(model, bond_of(model).ref).after


@design("destroy", 2)
def test_the_IP_configuration_of_the_master_goes_to_the_primary_slave() -> None:
    model = with_pif(bonded(MODEL, "eth1", "eth2"), "bond0", ip_configuration=static("198.51.100.2/24"))
    after = unbonded(model)
    assert [pif_of(after, d).ip_configuration for d in ("eth1", "eth2")] == [
        static("198.51.100.2/24"),
        IPConfiguration(),
    ]


def test_the_keys_of_other_config_that_go_with_it_go_with_it() -> None:
    model = with_pif(bonded(MODEL, "eth1"), "bond0", other_config={"peerdns": "true", "colour": "red"})
    model = with_pif(model, "eth1", other_config={"defaultroute": "true", "taste": "sour"})
    assert pif_of(unbonded(model), "eth1").other_config == {"taste": "sour", "peerdns": "true"}


@design("destroy", 6)
def test_management_goes_to_the_primary_slave_which_is_plugged() -> None:
    primary = pif_of(unbonded(bonded(MODEL, "eth1", "eth0")), "eth0")
    assert (primary.management, primary.currently_attached) == (True, True)


@design("destroy", 7)
def test_the_primary_slave_is_plugged_if_the_master_was_and_no_other_slave() -> None:
    model = bonded(with_pif(MODEL, "eth2", currently_attached=True), "eth1", "eth2")
    assert [pif_of(unbonded(model), d).currently_attached for d in ("eth1", "eth2")] == [True, False]


@design("destroy", 7)
def test_the_primary_slave_is_not_plugged_if_the_master_was_not() -> None:
    model = bonded(MODEL, "eth1", "eth2")
    assert [pif_of(unbonded(model), d).currently_attached for d in ("eth1", "eth2")] == [False, False]


@design("destroy", 8)
def test_disallow_unplug_goes_to_the_primary_slave() -> None:
    model = with_pif(bonded(MODEL, "eth1", "eth2"), "bond0", disallow_unplug=True)
    assert [pif_of(unbonded(model), d).disallow_unplug for d in ("eth1", "eth2")] == [True, False]


@design("destroy", 9)
def test_the_bond_and_its_master_go_and_the_slaves_are_free() -> None:
    after = unbonded(bonded(MODEL, "eth1", "eth2"))
    assert after.all(Bond) == ()
    assert [(pif.device, pif.bond_slave_of) for pif in after.all(PIF)] == [
        (device, None) for device in ("eth0", "eth1", "eth2", "eth8", "eth9")
    ]


def test_the_network_of_the_bond_stays() -> None:
    model = bonded(MODEL, "eth1")
    assert unbonded(model).all(Network) == model.all(Network)


def test_the_number_of_the_bond_is_free_again() -> None:
    model = bonded(bonded(MODEL, "eth0"), "eth1")
    assert pif_of(bonded(unbonded(model), "eth2"), "bond0").device == "bond0"


def test_another_bond_stays_as_it_is() -> None:
    model = bonded(bonded(MODEL, "eth0"), "eth1")
    after = unbonded(model)
    assert [pif_of(after, d) for d in ("bond1", "eth1")] == [pif_of(model, d) for d in ("bond1", "eth1")]


def test_create_and_destroy_give_the_model_back() -> None:
    model, home = with_new_network(MODEL)
    created = bond.create(model, home, [pif_of(model, d).ref for d in ("eth1", "eth0")], "").after
    assert unbonded(created) == model
    assert network_of(created, "xapi0").ref == home


def test_a_reference_to_something_else_is_refused() -> None:
    with pytest.raises(HandleInvalid) as caught:
        bond.destroy(MODEL, Ref(pif_of(MODEL, "eth0").ref))
    assert caught.value.parameters == ("Bond", pif_of(MODEL, "eth0").ref)

"""The pool calls: create_VLAN_from_PIF, create_VLAN, management_reconfigure."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import uuid4

from agent.errors import (
    CannotAddVLANToBondSlave,
    HandleInvalid,
    InvalidValue,
    NetworkAlreadyConnected,
    PIFNotPresent,
    PIFUnmanaged,
    VLANTagInvalid,
)
from agent.model.draft import Draft, Plan
from agent.model.facts import NIC
from agent.model.model import Model, pifs_on
from agent.model.records import PIF, AddressType, Host, IPConfiguration
from agent.rules import pool
from agent.rules.host import management_reconfigure
from agent.rules.pif import add_physical
from agent.rules.vlan import UPPER_MAC
from tests.rules.invariants import violations
from tests.worlds.uppers import UNKNOWN, refused, upper_on
from tests.worlds.world import (
    bonded,
    host,
    host_of,
    mac,
    pif_of,
    static,
    taken_over,
    with_new_network,
    with_pif,
    with_record,
)

MODEL = with_pif(taken_over(host()), "eth1", ip_configuration=static("198.51.100.2/24"))
MODEL, HOME = with_new_network(MODEL)
ETH1 = pif_of(MODEL, "eth1")
BOTH: Sequence[tuple[Callable[..., Plan], str]] = (
    (pool.create_vlan_from_pif, ETH1.ref),
    (pool.create_vlan, "eth1"),
)
"""Each call, with what it calls the PIF below."""


def with_another_host(model: Model) -> tuple[Model, PIF]:
    """The model with a second host, and its eth1, which is on the network of the first one's."""
    draft = Draft(model)
    other = draft.put(Host(uuid=str(uuid4()), name_label="host2"))
    pif = add_physical(draft, other, NIC(device="eth1", MAC=mac(77), MTU=1500))
    return draft.model, pif


def test_a_VLAN_is_made_on_the_PIF_and_its_upper_PIF_is_the_result() -> None:
    for rule, lower in BOTH:
        plan = rule(MODEL, lower, HOME, 5)
        upper = upper_on(plan.after, HOME)
        assert plan.result == (upper.ref,)
        assert (upper.device, upper.VLAN, upper.MAC, upper.currently_attached) == ("eth1", 5, UPPER_MAC, True)


def test_a_VLAN_is_made_on_every_host_that_has_a_PIF_on_the_network() -> None:
    model, other = with_another_host(MODEL)
    for rule, lower in BOTH:
        plan = rule(model, lower, HOME, 5)
        uppers = pifs_on(plan.after, HOME)
        assert plan.result == tuple(upper.ref for upper in uppers)
        assert [upper.host for upper in uppers] == [ETH1.host, other.host]


def test_one_host_that_refuses_a_VLAN_is_enough() -> None:
    model, other = with_another_host(MODEL)
    model = with_record(model, replace(other, managed=False))
    assert refused(pool.create_vlan_from_pif, model, ETH1.ref, HOME, 5) == (PIFUnmanaged, (other.ref,))
    model = with_record(model, replace(other, device="eth7"))
    assert refused(pool.create_vlan, model, "eth1", HOME, 5) == (InvalidValue, ("device", "eth1"))


def test_the_checks_of_a_VLAN_come_in_XenAPIs_order() -> None:
    """Each call has the wrongs of those after it."""
    model = bonded(MODEL, "eth1")
    slave, rule = pif_of(model, "eth1"), pool.create_vlan_from_pif
    assert refused(rule, model, UNKNOWN, UNKNOWN, 5000) == (HandleInvalid, ("PIF", UNKNOWN))
    assert refused(rule, model, slave.ref, UNKNOWN, 5000) == (HandleInvalid, ("network", UNKNOWN))
    taken = refused(rule, model, slave.ref, slave.network, 5000)
    assert taken == (NetworkAlreadyConnected, (slave.network, slave.ref))
    assert refused(rule, model, slave.ref, HOME, 5000) == (CannotAddVLANToBondSlave, (slave.ref,))
    assert refused(rule, MODEL, ETH1.ref, HOME, 5000) == (VLANTagInvalid, ("5000",))
    assert refused(pool.create_vlan, MODEL, "eth7", UNKNOWN, 5000) == (HandleInvalid, ("network", UNKNOWN))
    assert refused(pool.create_vlan, MODEL, "eth7", HOME, 5000) == (InvalidValue, ("device", "eth7"))


def test_the_PIF_on_the_network_becomes_management() -> None:
    assert (
        pool.management_reconfigure(MODEL, ETH1.network).after
        == management_reconfigure(MODEL, ETH1.ref).after
    )


def test_every_host_has_its_own_management_interface() -> None:
    model, other = with_another_host(MODEL)
    model = with_record(model, replace(other, ip_configuration=static("198.51.100.3/24")))
    after = pool.management_reconfigure(model, ETH1.network).after
    found = [after.get(ref).management for ref in (ETH1.ref, other.ref, pif_of(MODEL, "eth0").ref)]
    assert (found, violations(after)) == ([True, True, False], [])


def test_a_host_without_a_PIF_on_the_network_is_named() -> None:
    found = refused(pool.management_reconfigure, MODEL, HOME)
    assert found == (PIFNotPresent, (host_of(MODEL).ref, HOME))


def test_the_checks_of_management_come_in_XenAPIs_order() -> None:
    """Each model has the wrongs of those after it."""
    rule, wrong = pool.management_reconfigure, IPConfiguration(primary_address_type=AddressType.IPV6)
    model = with_pif(bonded(MODEL, "eth1"), "eth1", managed=False, ip_configuration=wrong)
    assert refused(rule, model, UNKNOWN) == (HandleInvalid, ("network", UNKNOWN))
    found = [refused(rule, with_another_host(model)[0], HOME)[0].code]
    for better in (
        {},
        {"ip_configuration": IPConfiguration()},
        {"bond_slave_of": None},
        {"ip_configuration": static("198.51.100.2/24")},
    ):
        model = with_pif(model, "eth1", **better)
        found.append(refused(rule, model, ETH1.network)[0].code)
    assert found == [
        "PIF_NOT_PRESENT",
        "PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE",
        "CANNOT_PLUG_BOND_SLAVE",
        "PIF_HAS_NO_NETWORK_CONFIGURATION",
        "PIF_UNMANAGED",
    ]

"""PIF.scan, introduce and forget, and which keys of other_config move with a PIF."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.errors import (
    DuplicatePIFDeviceName,
    HandleInvalid,
    MACInvalid,
    NoSuchNIC,
    PIFAlreadyBonded,
    PIFIsManagementInterface,
    PIFIsNotPhysical,
    PIFTunnelStillExists,
    PIFVLANStillExists,
    VIFInUse,
)
from agent.model.draft import Plan
from agent.model.facts import NIC, Facts
from agent.model.model import Model
from agent.model.records import PIF, AddressType, IPConfiguration, IPMode, Network
from agent.rules import pif, vm
from tests.worlds.uppers import refused, vif_of, with_tunnel, with_VIF, with_VLAN, with_vm
from tests.worlds.world import (
    bond_of,
    bonded,
    facts,
    host,
    host_of,
    mac,
    network_of,
    nic,
    pif_of,
    static,
    taken_over,
    with_new_network,
    with_pif,
)

MODEL = taken_over(host())
MORE = facts(host(nic(0), nic(1), nic(2, MTU=9000), nic(3, name="ens3f1np1longer")))


CONFIGURED = with_pif(MODEL, "eth1", ip_configuration=static("198.51.100.2/24"))


def scanned(model: Model, found: Facts) -> Model:
    return pif.scan(model, host_of(model).ref, facts=found).after


def introduce(device: str, MAC: str = "", managed: bool = True, found: Facts = MORE) -> Plan:
    return pif.introduce(MODEL, host_of(MODEL).ref, MAC, device, managed, facts=found)


def test_a_scan_makes_a_PIF_for_every_NIC_that_has_none() -> None:
    new = pif_of(scanned(MODEL, MORE), "eth2")
    assert (new.MAC, new.MTU, new.physical, new.managed, new.currently_attached) == (
        mac(2),
        9000,
        True,
        True,
        False,
    )


def test_a_NIC_is_plugged_at_once_where_VMs_are_on_its_network_already() -> None:
    left = pif.forget(MODEL, pif_of(MODEL, "eth1").ref).after
    model, owner = with_vm(left)
    model = with_VIF(model, owner, network_of(model, "xenbr1").ref)
    assert pif_of(scanned(model, MORE), "eth1").currently_attached is False
    running = vm.start(model, owner.ref).after
    assert pif_of(scanned(running, MORE), "eth1").currently_attached is True


def test_a_scan_changes_nothing_of_what_is_known() -> None:
    after = scanned(MODEL, MORE)
    assert {ref: after.records[ref] for ref in MODEL.records} == MODEL.records


def test_a_NIC_that_is_gone_keeps_its_PIF() -> None:
    assert scanned(MODEL, Facts()) == MODEL


def test_a_second_scan_changes_nothing() -> None:
    once = scanned(MODEL, MORE)
    assert scanned(once, MORE) == once


def test_a_slave_of_a_bond_is_not_found_anew() -> None:
    model = bonded(MODEL, "eth0", "eth1")
    assert scanned(model, facts(host())) == model


def test_a_NIC_of_somebody_elses_bond_is_introduced_unmanaged() -> None:
    assert [pif_of(MODEL, device).managed for device in ("eth0", "eth8", "eth9")] == [True, False, False]


def test_the_network_of_an_ethN_has_the_bridge_xenbrN() -> None:
    network = network_of(scanned(MODEL, MORE), "xenbr2")
    assert (network.name_label, network.MTU) == ("Pool-wide network associated with eth2", 9000)


def test_the_network_of_another_NIC_has_a_bridge_of_its_name() -> None:
    short = facts(host(nic(0), nic(3, name="ens3")))
    assert network_of(scanned(MODEL, short), "brens3").name_label == "Pool-wide network associated with ens3"


def test_a_name_that_leaves_no_room_gets_a_bridge_with_a_number() -> None:
    assert network_of(scanned(MODEL, MORE), "xenbr1000").name_label.endswith("ens3f1np1longer")


def test_a_free_network_with_the_conventional_bridge_is_taken() -> None:
    model = pif.forget(MODEL, pif_of(MODEL, "eth1").ref).after
    again = scanned(model, MORE)
    assert pif_of(again, "eth1").network == pif_of(MODEL, "eth1").network


def test_scanning_another_host_is_refused() -> None:
    assert refused(pif.scan, MODEL, "OpaqueRef:x", facts=MORE) == (HandleInvalid, ("host", "OpaqueRef:x"))


def test_introduce_makes_a_PIF_and_gives_its_reference() -> None:
    plan = introduce("eth2", MAC=mac(2).upper())
    assert plan.result == pif_of(plan.after, "eth2").ref
    assert pif_of(plan.after, "eth2").currently_attached is False


def test_introduce_can_leave_a_NIC_unmanaged() -> None:
    assert pif_of(introduce("eth2", managed=False).after, "eth2").managed is False


def test_introduce_cannot_take_a_NIC_from_somebody() -> None:
    found = Facts((NIC(device="eth2", MAC=mac(2), MTU=1500, in_use="team0"),))
    assert pif_of(introduce("eth2", found=found).after, "eth2").managed is False


def test_introduce_refuses_a_MAC_that_is_none() -> None:
    assert refused(introduce, "eth0", "junk") == (MACInvalid, ("junk",))


def test_introduce_refuses_a_device_that_has_a_PIF() -> None:
    assert refused(introduce, "eth1") == (DuplicatePIFDeviceName, ("eth1",))


@pytest.mark.parametrize(("device", "MAC"), [("eth7", ""), ("eth2", mac(3)), ("docker0", "")])
def test_introduce_refuses_a_NIC_that_is_not_there(device: str, MAC: str) -> None:
    assert refused(introduce, device, MAC) == (NoSuchNIC, (device, MAC))


def test_forget_takes_the_PIF_and_leaves_the_network() -> None:
    after = pif.forget(MODEL, pif_of(MODEL, "eth1").ref).after
    assert [found.device for found in after.all(PIF)] == ["eth0", "eth8", "eth9"]
    assert after.all(Network) == MODEL.all(Network)


def test_forget_refuses_the_management_interface() -> None:
    ref = pif_of(MODEL, "eth0").ref
    assert refused(pif.forget, MODEL, ref) == (PIFIsManagementInterface, (ref,))


@pytest.mark.parametrize("device", ["eth1", "bond0"])
def test_forget_refuses_a_slave_and_a_master(device: str) -> None:
    model = bonded(MODEL, "eth1")
    ref = pif_of(model, device).ref
    assert refused(pif.forget, model, ref) == (PIFAlreadyBonded, (ref,))


def test_forget_looks_at_management_first() -> None:
    model = bonded(MODEL, "eth0")
    ref = pif_of(model, "bond0").ref
    assert refused(pif.forget, model, ref) == (PIFIsManagementInterface, (ref,))


def test_forget_refuses_what_is_below_a_VLAN_or_a_tunnel_and_their_own_PIFs() -> None:
    model, vlan = with_VLAN(MODEL, pif_of(MODEL, "eth1"), 5)
    for ref in (vlan.tagged_PIF, vlan.untagged_PIF):
        assert refused(pif.forget, model, ref) == (PIFVLANStillExists, (ref,))
    model, tunnel = with_tunnel(CONFIGURED, pif_of(CONFIGURED, "eth1"))
    for ref in (tunnel.transport_PIF, tunnel.access_PIF):
        assert refused(pif.forget, model, ref) == (PIFTunnelStillExists, (ref,))


def test_forget_and_unplug_refuse_a_network_that_a_VM_is_using() -> None:
    model, owner = with_vm(MODEL)
    home = pif_of(model, "eth1").network
    model = with_VIF(model, owner, home)
    ref = pif_of(model, "eth1").ref
    running = vm.start(model, owner.ref).after
    for rule in (pif.forget, pif.unplug):
        assert refused(rule, running, ref) == (VIFInUse, (home, vif_of(model, owner).ref))
    suspended = vm.suspend(running, owner.ref).after
    assert pif.unplug(suspended, ref).after.get(ref).currently_attached is False


def test_forget_refuses_what_is_no_NIC() -> None:
    model = with_pif(MODEL, "eth1", physical=False)
    ref = pif_of(model, "eth1").ref
    assert refused(pif.forget, model, ref) == (PIFIsNotPhysical, (ref,))


@pytest.mark.parametrize("rule", [pif.plug, pif.unplug, pif.forget])
def test_a_reference_to_something_else_is_refused(rule: Callable[..., Plan]) -> None:
    model, home = with_new_network(bonded(MODEL, "eth1"))
    for ref in (home, bond_of(model).ref):
        assert refused(rule, model, ref) == (HandleInvalid, ("PIF", ref))


@pytest.mark.parametrize(
    ("key", "then"),
    [
        ("domain", True),
        ("defaultroute", True),
        ("peerdns", True),
        ("static-routes", True),
        ("mtu", True),
        ("ethtool-tso", True),
        ("bond-miimon", False),
        ("XenCenter", False),
    ],
)
def test_keys_of_the_IP_configuration_and_of_the_device_move_with_it(key: str, then: bool) -> None:
    found = replace(pif_of(MODEL, "eth1"), other_config={key: "x"})
    assert (pif.ip_keys(found), pif.without_ip_keys(found)) == (
        ({key: "x"}, {}) if then else ({}, {key: "x"})
    )


def test_a_NIC_that_is_found_later_prefers_the_family_that_its_host_is_managed_by() -> None:
    ip = IPConfiguration(
        ipv6_configuration_mode=IPMode.STATIC,
        IPv6=("2001:db8::10/64",),
        primary_address_type=AddressType.IPV6,
    )
    model = scanned(with_pif(MODEL, "eth0", ip_configuration=ip), MORE)
    assert pif_of(model, "eth2").ip_configuration == IPConfiguration(primary_address_type=AddressType.IPV6)

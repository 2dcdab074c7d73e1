"""Bond.create: XenAPI's refusals, and their order."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from agent.errors import (
    Failure,
    HandleInvalid,
    IncompatiblePIFProperties,
    InvalidValue,
    IsTunnelAccessPIF,
    MACInvalid,
    NetworkAlreadyConnected,
    NetworkUnmanaged,
    PIFAlreadyBonded,
    PIFBondMoreThanOneIP,
    PIFBondNeedsMoreMembers,
    PIFCannotBondCrossHost,
    PIFIncompatiblePrimaryAddressType,
    PIFUnmanaged,
    PIFVLANExists,
)
from agent.model.facts import Bonding, Facts
from agent.model.model import Model
from agent.model.records import PIF, AddressType, BondMode, Host, Network, Ref
from agent.rules import bond
from tests.docs.design import design
from tests.worlds.laden import with_tunnel, with_vif, with_vlan
from tests.worlds.world import (
    bonded,
    host,
    network_of,
    nic,
    pif_of,
    static,
    static6,
    taken_over,
    with_network,
    with_new_network,
    with_pif,
    with_record,
)

MODEL = taken_over(host(nic(0), nic(1), nic(2)))


"""eth0 is management with an address; eth1 and eth2 have nothing; eth8 and eth9 are in a foreign bond."""


ELSEWHERE = Host(uuid="00000000-0000-0000-0000-00000000000e", name_label="host2")


def refusal(
    model: Model, devices: Sequence[str], MAC: str = "", mode: str = "active-backup", **more: str
) -> Failure:
    """What creating a bond on xapi0 is refused with."""
    if not any(network.bridge == "xapi0" for network in model.all(Network)):
        model, _ = with_new_network(model)
    members = [pif_of(model, device).ref for device in devices]
    with pytest.raises(Failure) as caught:
        bond.create(model, network_of(model, "xapi0").ref, members, MAC, mode, more)
    return caught.value


def said(failure: Failure) -> tuple[type[Failure], tuple[str, ...]]:
    return type(failure), failure.parameters


def ref(model: Model, device: str) -> Ref[PIF]:
    return pif_of(model, device).ref


def broken(model: Model, device: str) -> Model:
    """A PIF that nearly every check refuses."""
    return with_pif(model, device, managed=False, VLAN=5, host=ELSEWHERE.ref, properties={"gro": "on"})


def test_a_reference_to_nothing_is_refused() -> None:
    model, home = with_new_network(MODEL)
    with pytest.raises(HandleInvalid) as caught:
        bond.create(model, home, [Ref("OpaqueRef:none")], "")
    assert caught.value.parameters == ("PIF", "OpaqueRef:none")


def test_a_bond_needs_a_member() -> None:
    assert said(refusal(MODEL, [])) == (PIFBondNeedsMoreMembers, ())


def test_a_network_that_is_not_managed_is_refused() -> None:
    model, home = with_new_network(MODEL)
    model = with_network(model, "xapi0", managed=False)
    assert said(refusal(model, ["eth1"])) == (NetworkUnmanaged, (home,))


@design("create", 2)
def test_a_network_with_a_PIF_on_the_host_is_refused() -> None:
    model, home = with_new_network(MODEL)
    model = with_pif(model, "eth2", network=home)
    assert said(refusal(model, ["eth1"])) == (NetworkAlreadyConnected, (home, ref(model, "eth2")))


@design("create", 2)
def test_a_network_with_a_PIF_on_another_host_is_free() -> None:
    model, home = with_new_network(MODEL)
    model = with_pif(with_record(model, ELSEWHERE), "eth2", network=home, host=ELSEWHERE.ref)
    assert bond.create(model, home, [ref(model, "eth1")], "").result


@pytest.mark.parametrize(
    "MAC", ["junk", "02:00:00:00:00", "03:00:00:00:00:01", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"]
)
@design("create", 2)
def test_a_MAC_that_no_device_can_have_is_refused(MAC: str) -> None:
    assert said(refusal(MODEL, ["eth1"], MAC)) == (MACInvalid, (MAC,))


@pytest.mark.parametrize("mode", ["magic", "LACP", "bonding", "0"])
def test_a_mode_that_does_not_exist_is_refused(mode: str) -> None:
    assert said(refusal(MODEL, ["eth1"], mode=mode)) == (InvalidValue, ("mode", mode))


@pytest.mark.parametrize("mode", BondMode)
def test_a_mode_that_the_kernel_can_not_do_is_refused_with_the_reason(mode: BondMode) -> None:
    model, home = with_new_network(MODEL)
    facts = Facts(bonding=Bonding({f"mode={mode}": "it is too old"}))
    with pytest.raises(Failure) as caught:
        bond.create(model, home, [ref(model, "eth1")], "", mode, facts=facts)
    assert said(caught.value) == (InvalidValue, ("mode", f"{mode}: it is too old"))


def test_a_property_is_refused() -> None:
    words = "colour = red: active-backup has no such property"
    assert said(refusal(MODEL, ["eth1"], colour="red")) == (InvalidValue, ("properties", words))


def test_a_member_that_prefers_another_address_family_than_the_primary_is_refused() -> None:
    other = replace(static6("2001:db8::2/64"), primary_address_type=AddressType.IPV6)
    model = with_pif(MODEL, "eth1", ip_configuration=other)
    assert said(refusal(model, ["eth0", "eth1"])) == (
        PIFIncompatiblePrimaryAddressType,
        (ref(model, "eth1"),),
    )


def test_an_unmanaged_member_is_refused() -> None:
    assert said(refusal(MODEL, ["eth1", "eth8"])) == (PIFUnmanaged, (ref(MODEL, "eth8"),))


@design("create", 2)
def test_a_member_of_another_bond_is_refused() -> None:
    model, _ = with_new_network(bonded(MODEL, "eth1"), "mine")
    model = with_network(with_network(model, "xapi0", bridge="theirs"), "mine", bridge="xapi0")
    assert said(refusal(model, ["eth2", "eth1"])) == (PIFAlreadyBonded, (ref(model, "eth1"),))


def test_a_bond_of_a_bond_is_refused() -> None:
    model, _ = with_new_network(bonded(MODEL, "eth1"), "mine")
    model = with_network(with_network(model, "xapi0", bridge="theirs"), "mine", bridge="xapi0")
    assert said(refusal(model, ["eth2", "bond0"])) == (PIFAlreadyBonded, (ref(model, "bond0"),))


@design("create", 2)
def test_a_VLAN_is_refused() -> None:
    model = with_pif(MODEL, "eth1", VLAN=7)
    assert said(refusal(model, ["eth1"])) == (PIFVLANExists, (ref(model, "eth1"),))


@design("create", 2)
def test_a_tunnels_access_PIF_is_refused() -> None:
    model = with_tunnel(MODEL, ref(MODEL, "eth0"), bridge="far")
    assert said(refusal(model, ["eth1", "tunnel0"])) == (IsTunnelAccessPIF, (ref(model, "tunnel0"),))


@design("create", 2)
def test_members_on_two_hosts_are_refused() -> None:
    model = with_pif(MODEL, "eth2", host=ELSEWHERE.ref)
    assert said(refusal(model, ["eth1", "eth2"])) == (PIFCannotBondCrossHost, ())


def test_members_with_different_properties_are_refused() -> None:
    model = with_pif(MODEL, "eth2", properties={"gro": "on"})
    assert said(refusal(model, ["eth1", "eth2"])) == (IncompatiblePIFProperties, ())


def test_two_members_with_IP_are_refused() -> None:
    model = with_pif(MODEL, "eth2", ip_configuration=static("198.51.100.2/24"))
    assert said(refusal(model, ["eth0", "eth2"])) == (PIFBondMoreThanOneIP, ())


def test_two_VLANs_of_one_tag_that_both_have_IP_are_refused() -> None:
    model = with_vlan(MODEL, "eth1", 5, ip_configuration=static("198.51.100.2/24"))
    model = with_vlan(model, "eth2", 5, ip_configuration=static("203.0.113.2/24"))
    model = with_network(model, "xapi0", bridge="five")
    assert said(refusal(model, ["eth1", "eth2"])) == (PIFBondMoreThanOneIP, ())


def test_a_VLAN_that_is_larger_than_the_network_of_the_bond_is_refused() -> None:
    model = with_vlan(with_network(MODEL, "xenbr1", MTU=9000), "eth1", 5, MTU=9000)
    model = with_network(model, "xapi0", bridge="five")
    words = "9000: larger than the 1500 of bond0 below"
    assert said(refusal(model, ["eth1", "eth2"])) == (InvalidValue, ("MTU", words))


def test_a_VIF_that_is_larger_than_the_network_of_the_bond_is_refused() -> None:
    model = with_network(MODEL, "xenbr1", MTU=9000)
    model = with_vif(model, network_of(model, "xenbr1").ref, "vm", "Halted")
    words = "9000: larger than the 1500 of the network xapi0"
    assert said(refusal(model, ["eth1", "eth2"])) == (InvalidValue, ("MTU", words))


def test_a_tunnel_that_the_bond_has_no_room_for_is_refused() -> None:
    model = with_tunnel(MODEL, ref(MODEL, "eth0"), bridge="far")
    model, home = with_new_network(model, MTU=1300)
    with pytest.raises(InvalidValue) as caught:
        bond.create(model, home, [ref(model, "eth0")], "")
    assert caught.value.parameters[0] == "MTU"


@design("create", 2)
def test_the_checks_come_in_XenAPIs_order() -> None:
    """Everything is wrong, then one thing after the other is put right."""
    model, home = with_new_network(MODEL)
    six = replace(static6("2001:db8::2/64"), primary_address_type=AddressType.IPV6)
    model = broken(with_pif(model, "eth2", ip_configuration=six), "eth2")
    model = with_network(with_pif(model, "eth1", network=home), "xapi0", managed=False)
    codes = [refusal(model, []).code]
    members = ["eth0", "eth2"]
    codes.append(refusal(model, members, "junk", "magic", a="b").code)
    model = with_network(model, "xapi0", managed=True)
    codes.append(refusal(model, members, "junk", "magic", a="b").code)
    model = with_pif(model, "eth1", network=network_of(model, "xenbr1").ref)
    codes.append(refusal(model, members, "junk", "magic", a="b").code)
    codes.append(refusal(model, members, "", "magic", a="b").parameters[0])
    codes.append(refusal(model, members, "", a="b").parameters[0])
    codes.append(refusal(model, members).code)
    model = with_pif(model, "eth2", ip_configuration=static("198.51.100.2/24"))
    codes.append(refusal(model, members).code)
    for field, value in (
        ("managed", True),
        ("VLAN", -1),
        ("host", pif_of(model, "eth0").host),
        ("properties", {}),
    ):
        model = with_pif(model, "eth2", **{field: value})
        codes.append(refusal(model, members).code)
    assert codes == [
        "PIF_BOND_NEEDS_MORE_MEMBERS", "NETWORK_UNMANAGED", "NETWORK_ALREADY_CONNECTED", "MAC_INVALID",
        "mode", "properties", "PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE", "PIF_UNMANAGED", "PIF_VLAN_EXISTS",
        "PIF_CANNOT_BOND_CROSS_HOST", "INCOMPATIBLE_PIF_PROPERTIES", "PIF_BOND_MORE_THAN_ONE_IP",
    ]  # fmt: skip


def test_all_checks_of_a_member_come_before_those_of_the_next() -> None:
    model = with_pif(with_pif(MODEL, "eth1", VLAN=7), "eth2", managed=False)
    assert refusal(model, ["eth1", "eth2"]).code == "PIF_VLAN_EXISTS"

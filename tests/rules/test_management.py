"""host.management_reconfigure, management_disable and local_management_reconfigure."""

from dataclasses import replace

import pytest

from agent.errors import (
    CannotPlugBondSlave,
    Failure,
    HandleInvalid,
    NotInEmergencyMode,
    OperationNotAllowed,
    PIFHasNoNetworkConfiguration,
    PIFHasNoV6NetworkConfiguration,
    PIFIncompatiblePrimaryAddressType,
    PIFUnmanaged,
    TransportPIFNotConfigured,
)
from agent.model.model import Model
from agent.model.records import AddressType, IPConfiguration, Ref
from agent.rules.host import local_management_reconfigure, management_disable, management_reconfigure
from tests.docs.design import design
from tests.worlds.uppers import refused as refusal
from tests.worlds.uppers import with_tunnel, with_VLAN
from tests.worlds.world import (
    bond_of,
    bonded,
    host,
    pif_of,
    static,
    static6,
    taken_over,
    with_pif,
    with_record,
)

MODEL = with_pif(taken_over(host()), "eth1", ip_configuration=static("198.51.100.2/24"))
IPV6 = static6("2001:db8::2/64", primary_address_type=AddressType.IPV6)


def moved(model: Model, device: str) -> Model:
    return management_reconfigure(model, pif_of(model, device).ref).after


def refused(model: Model, device: str) -> tuple[type[Failure], tuple[str, ...]]:
    with pytest.raises(Failure) as caught:
        moved(model, device)
    return type(caught.value), caught.value.parameters


def test_management_moves_to_the_PIF_which_is_plugged() -> None:
    new = pif_of(moved(MODEL, "eth1"), "eth1")
    assert (new.management, new.currently_attached) == (True, True)


def test_the_interface_before_stays_up_with_its_address() -> None:
    assert pif_of(moved(MODEL, "eth1"), "eth0") == pif_of(with_pif(MODEL, "eth0", management=False), "eth0")


def test_management_that_is_there_already_changes_nothing() -> None:
    assert moved(MODEL, "eth0") == MODEL


def test_a_host_without_management_gets_one() -> None:
    model = with_pif(MODEL, "eth0", management=False)
    assert pif_of(moved(model, "eth1"), "eth1").management is True


def test_a_bond_can_be_management() -> None:
    model = with_pif(bonded(MODEL, "eth1"), "eth0", management=True)
    assert pif_of(moved(model, "bond0"), "bond0").management is True


def test_a_VLAN_can_be_management() -> None:
    model, vlan = with_VLAN(MODEL, pif_of(MODEL, "eth1"), 5)
    upper = model.get(vlan.untagged_PIF)
    upper = replace(upper, ip_configuration=static("203.0.113.2/24"), currently_attached=False)
    after = management_reconfigure(with_record(model, upper), upper.ref).after
    assert after.get(upper.ref) == replace(upper, management=True, currently_attached=True)
    assert after.get(vlan.tagged_PIF) == pif_of(MODEL, "eth1")


def test_a_tunnel_can_be_management_and_what_carries_it_is_plugged() -> None:
    model, tunnel = with_tunnel(MODEL, pif_of(MODEL, "eth1"))
    access = model.get(tunnel.access_PIF)
    access = replace(access, ip_configuration=static("203.0.113.2/24"), currently_attached=False)
    model = with_pif(with_record(model, access), "eth1", currently_attached=False)
    after = management_reconfigure(model, access.ref).after
    assert after.get(access.ref) == replace(access, management=True, currently_attached=True)
    assert after.get(tunnel.transport_PIF).currently_attached is True
    model = with_pif(model, "eth1", ip_configuration=IPConfiguration())
    found = refusal(management_reconfigure, model, access.ref)
    assert found == (TransportPIFNotConfigured, (tunnel.transport_PIF,))


def test_a_VLAN_on_a_slave_is_refused() -> None:
    model, vlan = with_VLAN(MODEL, pif_of(MODEL, "eth1"), 5)
    upper = replace(model.get(vlan.untagged_PIF), ip_configuration=static("203.0.113.2/24"))
    slave = replace(model.get(vlan.tagged_PIF), bond_slave_of=Ref("OpaqueRef:x"))
    model = with_record(with_record(model, upper), slave)
    assert refusal(management_reconfigure, model, upper.ref) == (CannotPlugBondSlave, (slave.ref,))


@design("slaves", 2)
def test_a_slave_is_refused() -> None:
    model = bonded(MODEL, "eth1")
    assert refused(model, "eth1") == (CannotPlugBondSlave, (pif_of(model, "eth1").ref,))


def test_a_PIF_without_IP_is_refused() -> None:
    model = with_pif(MODEL, "eth1", ip_configuration=IPConfiguration())
    assert refused(model, "eth1") == (PIFHasNoNetworkConfiguration, (pif_of(model, "eth1").ref,))


def test_a_PIF_that_prefers_IPv6_needs_IPv6() -> None:
    four = static("198.51.100.2/24", primary_address_type=AddressType.IPV6)
    model = with_pif(MODEL, "eth1", ip_configuration=four)
    assert refused(model, "eth1") == (PIFHasNoV6NetworkConfiguration, (pif_of(model, "eth1").ref,))


def test_a_PIF_that_prefers_IPv4_needs_IPv4() -> None:
    model = with_pif(MODEL, "eth1", ip_configuration=static6("2001:db8::2/64"))
    assert refused(model, "eth1") == (PIFHasNoNetworkConfiguration, (pif_of(model, "eth1").ref,))


def test_an_unmanaged_PIF_is_refused() -> None:
    model = with_pif(MODEL, "eth8", ip_configuration=static("198.51.100.3/24"))
    assert refused(model, "eth8") == (PIFUnmanaged, (pif_of(model, "eth8").ref,))


def test_a_PIF_that_prefers_another_address_family_is_refused() -> None:
    model = with_pif(MODEL, "eth1", ip_configuration=IPV6)
    assert refused(model, "eth1") == (PIFIncompatiblePrimaryAddressType, (pif_of(model, "eth1").ref,))


def test_the_checks_come_in_XenAPIs_order() -> None:
    model = bonded(MODEL, "eth1")
    slave = pif_of(model, "eth1").bond_slave_of
    model = with_pif(
        model, "eth1", managed=False, ip_configuration=IPConfiguration(primary_address_type=AddressType.IPV6)
    )
    codes = [refused(model, "eth1")[0].code]
    model = with_pif(model, "eth1", bond_slave_of=None)
    codes.append(refused(model, "eth1")[0].code)
    model = with_pif(model, "eth1", ip_configuration=IPV6)
    codes.append(refused(model, "eth1")[0].code)
    model = with_pif(model, "eth1", managed=True)
    codes.append(refused(model, "eth1")[0].code)
    assert (slave, codes) == (
        bond_of(model).ref,
        [
            "CANNOT_PLUG_BOND_SLAVE",
            "PIF_HAS_NO_V6_NETWORK_CONFIGURATION",
            "PIF_UNMANAGED",
            "PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE",
        ],
    )


def test_a_reference_to_something_else_is_refused() -> None:
    with pytest.raises(HandleInvalid) as caught:
        management_reconfigure(MODEL, Ref("OpaqueRef:x"))
    assert caught.value.parameters == ("PIF", "OpaqueRef:x")


def test_without_management_the_interface_stays_up_with_its_address() -> None:
    assert management_disable(MODEL).after == with_pif(MODEL, "eth0", management=False)


def test_a_host_without_management_stays_as_it_is() -> None:
    model = with_pif(MODEL, "eth0", management=False)
    assert management_disable(model).after == model


def test_management_that_has_the_default_route_is_not_given_up_to_another_gateway() -> None:
    """eth0 comes first and would have the route without management: eth1 has it by management alone."""
    model = with_pif(MODEL, "eth1", ip_configuration=static("198.51.100.2/24", "198.51.100.1"))
    managed = moved(model, "eth1")
    words = "the default route would go from eth1 to eth0: say by other_config:defaultroute=true whose it is"
    assert refusal(management_disable, managed) == (OperationNotAllowed, (words,))
    said = with_pif(managed, "eth1", other_config={"defaultroute": "true"})
    assert management_disable(said).after == with_pif(said, "eth1", management=False)
    assert management_disable(model).after == with_pif(model, "eth0", management=False)
    idle = with_pif(managed, "eth0", currently_attached=False)
    assert management_disable(idle).after == with_pif(idle, "eth1", management=False)


def test_a_host_is_never_in_an_emergency() -> None:
    assert refusal(local_management_reconfigure, MODEL, "eth1") == (NotInEmergencyMode, ())

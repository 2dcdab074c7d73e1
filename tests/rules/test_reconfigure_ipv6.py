"""PIF.reconfigure_ipv6 and set_primary_address_type: what is taken, and what is refused in which order."""

from dataclasses import replace

import pytest

from agent.errors import (
    Failure,
    InvalidCIDRAddressSpecified,
    InvalidIPAddressSpecified,
    InvalidValue,
    PIFAlreadyBonded,
    PIFIsManagementInterface,
    PIFUnmanaged,
    TransportPIFNotConfigured,
)
from agent.model.model import Model
from agent.model.records import AddressType, IPConfiguration, IPMode
from agent.rules.reconfigure import reconfigure_ipv6, set_primary_address_type
from tests.worlds.uppers import refused as refusal
from tests.worlds.uppers import with_tunnel
from tests.worlds.world import bonded, host, nic, pif_of, static, static6, taken_over, with_pif, with_record

MODEL = taken_over(host(nic(0), nic(1), nic(2)))
GOOD = ("Static", "2001:db8::2/64", "2001:db8::1", "2001:db8::53")
CONFIGURED = with_pif(MODEL, "eth1", ip_configuration=static6("2001:db8::9/64"))


def reconfigured(model: Model, *arguments: str, device: str = "eth1") -> IPConfiguration:
    after = reconfigure_ipv6(model, pif_of(model, device).ref, *arguments).after
    return pif_of(after, device).ip_configuration


def refused(model: Model, *arguments: str, device: str = "eth1") -> tuple[type[Failure], tuple[str, ...]]:
    return refusal(reconfigure_ipv6, model, pif_of(model, device).ref, *arguments)


def test_a_static_configuration_is_taken() -> None:
    assert reconfigured(MODEL, *GOOD) == static6("2001:db8::2/64", "2001:db8::1", DNS="2001:db8::53")


def test_addresses_are_kept_in_their_canonical_form() -> None:
    found = reconfigured(MODEL, "Static", "2001:DB8:0:0::2/064", "FE80:0::1", "")
    assert found == static6("2001:db8::2/64", "fe80::1")


def test_a_gateway_and_name_servers_are_not_needed() -> None:
    assert reconfigured(MODEL, "Static", "2001:db8::2/64", "", "") == static6("2001:db8::2/64")


def test_None_takes_all_addresses_and_the_gateway_away() -> None:
    several = replace(static6("2001:db8::9/64", "fe80::1"), IPv6=("2001:db8::9/64", "2001:db8:1::9/64"))
    model = with_pif(MODEL, "eth1", ip_configuration=several)
    assert reconfigured(model, "None", "", "", "") == IPConfiguration()


def test_the_IPv4_configuration_stays_and_its_name_servers_come_first() -> None:
    had = static("198.51.100.2/24", "198.51.100.1", DNS="192.0.2.53,2001:db8::54")
    model = with_pif(MODEL, "eth1", ip_configuration=had)
    found = reconfigured(model, *GOOD[:3], "2001:db8::53,2001:db8::53")
    assert found.DNS == "192.0.2.53,2001:db8::53"
    assert (found.ip_configuration_mode, found.IP, found.gateway) == (
        had.ip_configuration_mode,
        had.IP,
        had.gateway,
    )
    assert reconfigured(model, *GOOD[:3], "").DNS == "192.0.2.53"


def test_management_can_be_without_IPv6_if_it_prefers_IPv4() -> None:
    both = replace(
        static6("2001:db8::9/64"),
        ip_configuration_mode=IPMode.STATIC,
        IP="192.0.2.10",
        netmask="255.255.255.0",
    )
    model = with_pif(MODEL, "eth0", ip_configuration=both)
    assert reconfigured(model, "None", "", "", "", device="eth0") == static("192.0.2.10/24")


def test_management_that_prefers_IPv6_cannot_lose_it() -> None:
    six = static6("2001:db8::9/64", primary_address_type=AddressType.IPV6)
    model = with_pif(MODEL, "eth0", ip_configuration=six)
    ref = pif_of(model, "eth0").ref
    assert refused(model, "None", "", "", "", device="eth0") == (PIFIsManagementInterface, (ref,))
    assert reconfigured(model, *GOOD[:3], "", device="eth0").IPv6 == ("2001:db8::2/64",)


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("Magic", "Magic"),
        ("DHCP", "DHCP: this version of pifd only has None and Static"),
        ("Autoconf", "Autoconf: this version of pifd only has None and Static"),
    ],
)
def test_a_mode_that_there_is_not_is_refused(mode: str, words: str) -> None:
    assert refused(MODEL, mode, "", "", "") == (InvalidValue, ("mode", words))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "2001:db8::2",
        "2001:db8::2/",
        "2001:db8::2/129",
        "2001:db8::2/0",
        "2001:db8::g/64",
        "198.51.100.2/24",
        "2001:db8::2%eth1/64",
        "2001:db8::/64",
        "fe80::2/64",
        "ff02::2/64",
        "::1/128",
        "::ffff:198.51.100.2/120",
    ],
)
def test_an_address_that_cannot_be_is_refused(address: str) -> None:
    assert refused(MODEL, "Static", address, "", "") == (InvalidCIDRAddressSpecified, ("IPv6",))


def test_an_address_that_another_PIF_has_is_refused() -> None:
    found = refused(CONFIGURED, "Static", "2001:db8:0::9/48", "", "", device="eth2")
    assert found == (InvalidCIDRAddressSpecified, ("IPv6",))
    assert reconfigured(CONFIGURED, "Static", "2001:db8::9/48", "", "") == static6("2001:db8::9/48")


@pytest.mark.parametrize(
    "gateway",
    ["junk", "192.0.2.1", "2001:db8:1::1", "2001:db8::2", "fe80::1%eth1", "ff02::2", "2001:db8::1/64"],
)
def test_a_gateway_that_cannot_be_is_refused(gateway: str) -> None:
    assert refused(MODEL, *GOOD[:2], gateway, "") == (InvalidIPAddressSpecified, ("gateway",))


@pytest.mark.parametrize("prefix", [127, 128])
def test_the_first_address_of_a_tiny_subnet_can_be_used(prefix: int) -> None:
    assert reconfigured(MODEL, "Static", f"2001:db8::/{prefix}", "", "") == static6(f"2001:db8::/{prefix}")


def test_a_plugged_tunnel_keeps_an_address_to_run_from() -> None:
    model, tunnel = with_tunnel(CONFIGURED, pif_of(CONFIGURED, "eth1"))
    assert refused(model, "None", "", "", "") == (TransportPIFNotConfigured, (tunnel.transport_PIF,))
    assert reconfigured(model, *GOOD[:3], "").IPv6 == ("2001:db8::2/64",)
    unplugged = with_record(model, replace(model.get(tunnel.access_PIF), currently_attached=False))
    assert reconfigured(unplugged, "None", "", "", "") == IPConfiguration()


def test_the_address_of_a_tunnels_other_end_is_refused() -> None:
    model, tunnel = with_tunnel(CONFIGURED, pif_of(CONFIGURED, "eth1"))
    model = with_record(model, replace(tunnel, other_config={"remote-ips": "2001:db8::1,2001:0db8::2"}))
    assert refused(model, *GOOD) == (InvalidCIDRAddressSpecified, ("IPv6",))


def test_the_checks_come_in_XenAPIs_order() -> None:
    """Each call has all the wrongs of those after it."""
    junk = ("Magic", "junk", "junk", "junk")
    management = static6("2001:db8::9/64", primary_address_type=AddressType.IPV6)
    model = with_pif(bonded(MODEL, "eth1"), "eth1", managed=False)
    found = [refused(model, *junk)[0].code]
    model = with_pif(model, "eth1", managed=True)
    found.append(refused(model, *junk)[0].code)
    model = with_pif(model, "eth1", bond_slave_of=None, management=True, ip_configuration=management)
    found += [
        refused(model, *junk)[0].code,
        *refused(model, "None", "junk", "junk", "junk")[1],
        *refused(model, "None", "junk", "", "junk")[1],
        *refused(model, "None", "", "", "junk")[1],
        refused(model, "None", "", "", "")[0].code,
    ]
    assert found == [
        "PIF_UNMANAGED",
        "PIF_ALREADY_BONDED",
        "INVALID_VALUE",
        "gateway",
        "IPv6",
        "DNS",
        "PIF_IS_MANAGEMENT_INTERFACE",
    ]


def preferring(model: Model, family: str, device: str = "eth1") -> Model:
    return set_primary_address_type(model, pif_of(model, device).ref, family).after


def test_the_primary_address_type_is_written_and_nothing_else() -> None:
    six = static6("2001:db8::9/64", primary_address_type=AddressType.IPV6)
    assert preferring(CONFIGURED, "IPv6") == with_pif(CONFIGURED, "eth1", ip_configuration=six)
    assert preferring(preferring(CONFIGURED, "IPv6"), "IPv4") == CONFIGURED


def test_the_primary_address_type_is_refused_in_this_order() -> None:
    model = with_pif(bonded(MODEL, "eth0"), "eth0", managed=False, management=True)
    slave, rule = pif_of(model, "eth0").ref, set_primary_address_type
    assert refusal(rule, model, slave, "ipv6") == (InvalidValue, ("primary_address_type", "ipv6"))
    assert refusal(rule, model, slave, "IPv6") == (PIFUnmanaged, (slave,))
    assert refusal(rule, with_pif(model, "eth0", managed=True), slave, "IPv6") == (PIFAlreadyBonded, (slave,))
    own = pif_of(MODEL, "eth0").ref
    assert refusal(rule, MODEL, own, "IPv6") == (PIFIsManagementInterface, (own,))

"""PIF.reconfigure_ip: what is taken, and what is refused in which order."""

from dataclasses import replace

import pytest

from agent.errors import (
    Failure,
    InvalidIPAddressSpecified,
    InvalidValue,
    PIFAlreadyBonded,
    PIFIsManagementInterface,
    PIFUnmanaged,
    TransportPIFNotConfigured,
)
from agent.model.model import Model
from agent.model.records import AddressType, IPConfiguration, IPMode
from agent.rules.reconfigure import reconfigure_ip
from tests.worlds.uppers import with_tunnel
from tests.worlds.world import bonded, host, pif_of, static, static6, taken_over, with_pif, with_record

MODEL = taken_over(host())
CONFIGURED = with_pif(MODEL, "eth1", ip_configuration=static("198.51.100.9/24"))
GOOD = ("Static", "198.51.100.2", "255.255.255.0", "198.51.100.1", "192.0.2.53,2001:db8::53")


def reconfigured(model: Model, *arguments: str, device: str = "eth1") -> IPConfiguration:
    after = reconfigure_ip(model, pif_of(model, device).ref, *arguments).after
    return pif_of(after, device).ip_configuration


def refused(model: Model, *arguments: str, device: str = "eth1") -> tuple[type[Failure], tuple[str, ...]]:
    with pytest.raises(Failure) as caught:
        reconfigured(model, *arguments, device=device)
    return type(caught.value), caught.value.parameters


def test_a_static_configuration_is_taken() -> None:
    wanted = static("198.51.100.2/24", "198.51.100.1", DNS="192.0.2.53,2001:db8::53")
    assert reconfigured(MODEL, *GOOD) == wanted


def test_a_gateway_and_name_servers_are_not_needed() -> None:
    wanted = static("198.51.100.2/24")
    assert reconfigured(MODEL, "Static", "198.51.100.2", "255.255.255.0", "", "") == wanted


def test_None_takes_the_address_away() -> None:
    model = with_pif(MODEL, "eth1", ip_configuration=static("198.51.100.2/24", "198.51.100.1"))
    assert reconfigured(model, "None", "", "", "", "") == IPConfiguration()


def test_IPv6_name_servers_stay_and_none_is_there_twice() -> None:
    had = IPConfiguration(DNS="192.0.2.1,2001:db8::53")
    model = with_pif(MODEL, "eth1", ip_configuration=had)
    assert reconfigured(model, *GOOD[:4], "192.0.2.53,2001:db8::53").DNS == "192.0.2.53,2001:db8::53"
    assert reconfigured(model, *GOOD[:4], "").DNS == "2001:db8::53"


def test_the_IPv6_configuration_stays() -> None:
    model = with_pif(MODEL, "eth1", ip_configuration=static6("2001:db8::2/64", "2001:db8::1"))
    assert reconfigured(model, *GOOD).IPv6 == ("2001:db8::2/64",)


def test_management_can_be_without_IPv4_if_it_prefers_IPv6() -> None:
    six = static6("2001:db8::2/64", primary_address_type=AddressType.IPV6)
    model = with_pif(MODEL, "eth0", ip_configuration=six)
    assert reconfigured(model, "None", "", "", "", "", device="eth0") == six


def test_an_unmanaged_PIF_is_refused() -> None:
    assert refused(MODEL, *GOOD, device="eth8") == (PIFUnmanaged, (pif_of(MODEL, "eth8").ref,))


def test_a_slave_is_refused() -> None:
    model = bonded(MODEL, "eth1")
    assert refused(model, *GOOD) == (PIFAlreadyBonded, (pif_of(model, "eth1").ref,))


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("Magic", "Magic"),
        ("Autoconf", "Autoconf"),
        ("DHCP", "DHCP: this version of pifd only has None and Static"),
    ],
)
def test_a_mode_that_there_is_not_is_refused(mode: str, words: str) -> None:
    assert refused(MODEL, mode, "", "", "", "") == (InvalidValue, ("mode", words))


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        (("", "255.255.255.0", ""), "IP"),
        (("198.51.100.2", "", ""), "netmask"),
        (("198.51.100.256", "255.255.255.0", ""), "IP"),
        (("2001:db8::1", "255.255.255.0", ""), "IP"),
        (("198.51.100.2", "255.0.255.0", ""), "netmask"),
        (("198.51.100.2", "0.0.0.0", ""), "netmask"),
        (("198.51.100.2", "24", ""), "netmask"),
        (("198.51.100.2", "255.255.255.0", "junk"), "gateway"),
        (("198.51.100.2", "255.255.255.0", "198.51.101.1"), "gateway"),
        (("198.51.100.2", "255.255.255.0", "198.51.100.2"), "gateway"),
        (("198.51.100.2", "255.255.255.0", "198.51.100.255"), "gateway"),
        (("198.51.100.0", "255.255.255.0", ""), "IP"),
        (("198.51.100.255", "255.255.255.0", ""), "IP"),
        (("127.0.0.1", "255.0.0.0", ""), "IP"),
        (("224.0.0.1", "255.255.255.0", ""), "IP"),
        (("192.0.2.10", "255.255.255.0", ""), "IP"),
    ],
)
def test_an_address_that_cannot_be_is_refused(arguments: tuple[str, str, str], parameter: str) -> None:
    assert refused(MODEL, "Static", *arguments, "") == (InvalidIPAddressSpecified, (parameter,))


@pytest.mark.parametrize("ends", [("198.51.100.2", "198.51.100.3"), ("198.51.100.3", "198.51.100.2")])
def test_both_addresses_of_a_31_can_be_used(ends: tuple[str, str]) -> None:
    IP, gateway = ends
    assert reconfigured(MODEL, "Static", IP, "255.255.255.254", gateway, "") == static(f"{IP}/31", gateway)


def test_a_name_server_that_is_no_address_is_refused() -> None:
    assert refused(MODEL, *GOOD[:4], "192.0.2.53,example.org") == (InvalidIPAddressSpecified, ("DNS",))


def test_also_without_a_mode_what_is_given_must_be_an_address() -> None:
    assert refused(MODEL, "None", "junk", "", "", "") == (InvalidIPAddressSpecified, ("IP",))


def test_management_cannot_lose_its_address() -> None:
    ref = pif_of(MODEL, "eth0").ref
    assert refused(MODEL, "None", "", "", "", "", device="eth0") == (PIFIsManagementInterface, (ref,))


def test_a_plugged_tunnel_keeps_an_address_to_run_from() -> None:
    model, tunnel = with_tunnel(CONFIGURED, pif_of(CONFIGURED, "eth1"))
    ref = pif_of(model, "eth1").ref
    assert refused(model, "None", "", "", "", "") == (TransportPIFNotConfigured, (ref,))
    assert reconfigured(model, *GOOD).IP == "198.51.100.2"
    unplugged = with_record(model, replace(model.get(tunnel.access_PIF), currently_attached=False))
    assert reconfigured(unplugged, "None", "", "", "", "") == IPConfiguration()


def test_IPv6_is_an_address_to_run_from_unless_the_other_ends_have_IPv4() -> None:
    both = replace(static6("2001:db8::2/64"), ip_configuration_mode=IPMode.STATIC, IP="198.51.100.9")
    model = with_pif(CONFIGURED, "eth1", ip_configuration=both)
    model, tunnel = with_tunnel(model, pif_of(model, "eth1"))
    assert reconfigured(model, "None", "", "", "", "") == static6("2001:db8::2/64")
    ended = with_record(model, replace(tunnel, other_config={"remote-ips": "203.0.113.1"}))
    assert refused(ended, "None", "", "", "", "")[0] == TransportPIFNotConfigured


def test_the_address_of_a_tunnels_other_end_is_refused() -> None:
    model, tunnel = with_tunnel(CONFIGURED, pif_of(CONFIGURED, "eth1"))
    model = with_record(model, replace(tunnel, other_config={"remote-ips": "203.0.113.1,198.51.100.2"}))
    assert refused(model, *GOOD) == (InvalidIPAddressSpecified, ("IP",))


def test_the_checks_come_in_XenAPIs_order() -> None:
    model = with_pif(bonded(MODEL, "eth1"), "eth1", managed=False)
    codes = [refused(model, "Magic", "junk", "junk", "junk", "junk")[0].code]
    model = with_pif(model, "eth1", managed=True)
    codes.append(refused(model, "Magic", "junk", "junk", "junk", "junk")[0].code)
    codes.append(refused(MODEL, "Magic", "junk", "junk", "junk", "junk")[0].code)
    values = ["junk"] * 4
    for number, good in enumerate(GOOD[1:]):
        codes.append(refused(MODEL, "Static", *values)[1][0])
        values[number] = good
    assert codes == [
        "PIF_UNMANAGED",
        "PIF_ALREADY_BONDED",
        "INVALID_VALUE",
        "IP",
        "netmask",
        "gateway",
        "DNS",
    ]

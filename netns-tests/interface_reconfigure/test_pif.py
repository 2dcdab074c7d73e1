"""Plugging, addressing and managing PIFs on a real kernel."""

from conftest import Site
from host.pifctl import output, pifctl
from network.cabling import ADMIN_IP, ADMIN_IPV6, HOST_IP, HOST_IPV6
from network.ethtool import gro, switch_gro
from network.pinger import pinging
from network.witness import is_pingable, kernel_of, state_of

SECOND_IP = "192.0.2.20"
STATIC = ("mode=Static", f"IP={SECOND_IP}", "netmask=255.255.255.0")


def test_a_plugged_nic_is_a_port_of_its_bridge_and_an_unplugged_one_is_down_and_free(site: Site) -> None:
    before = state_of(site.net, site.home)
    output(site.home, "pif-plug", "uuid=eth1")
    bridge = kernel_of(site.net).links["xenbr1"]
    assert (bridge["stp_state"], bridge["forward_delay"], bridge["mcast_snooping"]) == (0, 0, 0)
    assert site.net.ports("xenbr1") == ["eth1"]
    output(site.home, "pif-unplug", "uuid=eth1")
    assert state_of(site.net, site.home) == before


def test_management_moves_to_another_nic_and_the_old_address_still_answers(site: Site) -> None:
    site.net.ip(site.net.admin, "route", "show")
    output(site.home, "pif-reconfigure-ip", "uuid=eth1", *STATIC)
    output(site.home, "host-management-reconfigure", "pif-uuid=eth1")
    assert output(site.home, "pif-list", "management=true", "params=device", "--minimal") == "eth1"
    assert site.net.addresses() == {
        "xenbr0": [f"{HOST_IP}/24", f"{HOST_IPV6}/64"],
        "xenbr1": [f"{SECOND_IP}/24"],
    }
    assert (is_pingable(site.net, HOST_IP), is_pingable(site.net, SECOND_IP)) == (True, True)


def test_the_default_route_stays_while_the_new_management_interface_has_no_gateway(site: Site) -> None:
    output(site.home, "pif-reconfigure-ip", "uuid=eth1", *STATIC)
    output(site.home, "host-management-reconfigure", "pif-uuid=eth1")
    assert site.net.shown().routes == [f"{ADMIN_IP} xenbr0", f"{ADMIN_IPV6} xenbr0"]
    output(site.home, "pif-reconfigure-ip", "uuid=eth1", *STATIC, f"gateway={ADMIN_IP}")
    assert site.net.shown().routes == [f"{ADMIN_IP} xenbr1", f"{ADMIN_IPV6} xenbr0"]


def test_the_management_interface_gets_another_address_of_its_subnet(site: Site) -> None:
    with pinging(site.net.admin, HOST_IPV6) as pings:
        output(site.home, "pif-reconfigure-ip", "uuid=eth0", *STATIC, f"gateway={ADMIN_IP}")
    assert pings.count.lost == 0
    assert site.net.addresses() == {"xenbr0": [f"{SECOND_IP}/24", f"{HOST_IPV6}/64"]}
    assert site.net.shown().routes == [f"{ADMIN_IP} xenbr0", f"{ADMIN_IPV6} xenbr0"]
    assert is_pingable(site.net, SECOND_IP)


def test_the_ipv6_address_of_the_management_interface_changes_and_ipv4_does_not_notice(site: Site) -> None:
    other = "2001:db8::20"
    with pinging(site.net.admin, HOST_IP) as pings:
        output(
            site.home, "pif-reconfigure-ipv6", "uuid=eth0", "mode=Static", f"IPv6={other}/64",
            f"gateway={ADMIN_IPV6}",
        )  # fmt: skip
    assert pings.count.lost == 0
    assert site.net.addresses() == {"xenbr0": [f"{HOST_IP}/24", f"{other}/64"]}
    assert site.net.shown().routes == [f"{ADMIN_IP} xenbr0", f"{ADMIN_IPV6} xenbr0"]
    assert is_pingable(site.net, other)
    output(site.home, "pif-reconfigure-ipv6", "uuid=eth0", "mode=None")
    assert site.net.addresses() == {"xenbr0": [f"{HOST_IP}/24"]}
    assert site.net.shown().routes == [f"{ADMIN_IP} xenbr0"]


def test_another_nic_gets_ipv6_with_a_link_local_gateway_when_it_is_plugged(site: Site) -> None:
    output(site.home, "pif-reconfigure-ipv6", "uuid=eth0", "mode=None")
    output(
        site.home,
        "pif-reconfigure-ipv6",
        "uuid=eth1",
        "mode=Static",
        f"IPv6={HOST_IPV6}/64",
        "gateway=fe80::1",
    )
    assert site.net.shown().routes == [f"{ADMIN_IP} xenbr0"]
    output(site.home, "pif-plug", "uuid=eth1")
    assert site.net.addresses() == {"xenbr0": [f"{HOST_IP}/24"], "xenbr1": [f"{HOST_IPV6}/64"]}
    assert site.net.shown().routes == [f"{ADMIN_IP} xenbr0", "fe80::1 xenbr1"]
    assert is_pingable(site.net, HOST_IPV6)


def test_name_servers_are_in_resolv_conf_and_what_was_there_comes_back(site: Site) -> None:
    resolv_conf = site.home.directory / "resolv.conf"
    resolv_conf.write_text("search example.net\nnameserver 198.51.100.53\n")
    same = ("mode=Static", f"IP={HOST_IP}", "netmask=255.255.255.0", f"gateway={ADMIN_IP}")
    output(site.home, "pif-reconfigure-ip", "uuid=eth0", *same, "DNS=192.0.2.53,2001:db8::53")
    told = [line for line in resolv_conf.read_text().splitlines() if not line.startswith("#")]
    assert told == ["nameserver 192.0.2.53", "nameserver 2001:db8::53", "search example.net"]
    assert output(site.home, "pif-param-get", "uuid=eth0", "param-name=DNS") == "192.0.2.53,2001:db8::53"
    output(site.home, "pif-reconfigure-ip", "uuid=eth0", *same, "DNS=")
    assert output(site.home, "pif-param-get", "uuid=eth0", "param-name=DNS") == "2001:db8::53"


def test_name_servers_are_refused_where_another_program_writes_resolv_conf(site: Site) -> None:
    resolv_conf = site.home.directory / "resolv.conf"
    resolv_conf.symlink_to(site.home.directory / "theirs")
    before = state_of(site.net, site.home)
    same = ("mode=Static", f"IP={HOST_IP}", "netmask=255.255.255.0", f"gateway={ADMIN_IP}")
    outcome = pifctl(site.home, "pif-reconfigure-ip", "uuid=eth0", *same, "DNS=192.0.2.53")
    assert "resolv.conf is a symbolic link: another program writes it" in outcome.error
    assert state_of(site.net, site.home) == before


def test_a_forgotten_nic_is_left_free_and_down(site: Site) -> None:
    output(site.home, "pif-plug", "uuid=eth1")
    output(site.home, "pif-forget", "uuid=eth1")
    link = site.net.links()["eth1"]
    assert ("master" in link, "UP" in link["flags"]) == (False, False)
    output(site.home, "pif-scan")
    assert output(site.home, "pif-list", "params=device", "--minimal") == "eth0,eth1"


def test_the_gro_of_a_pif_is_its_nics_and_drift_of_it_is_put_right(site: Site) -> None:
    """A veth has it switched off when it is new."""
    assert (gro_said(site, "eth0"), gro(site.net, "eth0", "eth1")) == ("gro: off", [False, False])
    output(site.home, "pif-param-set", "uuid=eth0", "properties:gro=on")
    assert (gro_said(site, "eth0"), gro(site.net, "eth0", "eth1")) == ("gro: on", [True, False])
    switch_gro(site.net, "eth0", on=False)
    output(site.home, "network-create", "name-label=any")
    assert gro(site.net, "eth0", "eth1") == [True, False]
    assert is_pingable(site.net, HOST_IP)


def test_the_gro_of_a_bond_is_its_and_its_slaves(site: Site) -> None:
    network = output(site.home, "network-create", "name-label=Bonded")
    output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
    names = ("bond0", "eth0", "eth1")
    assert (gro_said(site, "bond0"), gro(site.net, *names)) == ("gro: off", [False, False, False])
    output(site.home, "pif-param-set", "uuid=bond0", "properties:gro=on")
    assert (gro_said(site, "bond0"), gro(site.net, *names)) == ("gro: on", [True, True, True])
    output(site.home, "bond-destroy", "uuid=bond0")
    assert [gro_said(site, name) for name in ("eth0", "eth1")] == ["gro: on", "gro: on"]
    assert gro(site.net, "eth0", "eth1") == [True, True]


def gro_said(site: Site, device: str) -> str:
    """What pifctl says of a PIF's properties."""
    return output(site.home, "pif-param-get", f"uuid={device}", "param-name=properties")

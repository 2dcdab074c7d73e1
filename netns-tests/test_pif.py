"""Plugging, addressing and managing PIFs on a real kernel."""

from cabling import ADMIN_IP, ADMIN_IPV6, HOST_IP, HOST_IPV6
from conftest import Site
from pifctl import output, pifctl
from pinger import pinging
from witness import is_pingable, kernel_of, state_of

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

"""A bond on a real kernel: what it is made of, and that the host answers all along."""

import json
import threading
import time
from pathlib import Path

import pytest
from conftest import Site
from host.daemon import Home, await_answer, start_forked
from host.pifctl import output, pifctl
from network.cabling import ADMIN_IP, ADMIN_IPV6, HOST_IP, HOST_IPV6, MACS, Cabling
from network.patience import patience
from network.pinger import pinging
from network.witness import bonding, state_of

ADDRESSES = [f"{HOST_IP}/24", f"{HOST_IPV6}/64"]
IN_THE_MOMENT = 1
"""So many IPv6 pings may be lost: about once in twenty-five change-overs of a busy guest, the one that comes
in the milliseconds in which the address is in both places gets no answer."""


def test_the_first_start_moves_the_address_onto_a_bridge_and_no_ping_is_lost(
    net: Cabling, tmp_path: Path
) -> None:
    with pinging(net.admin, HOST_IP) as ipv4, pinging(net.admin, HOST_IPV6) as ipv6:
        home = Home(tmp_path)
        daemon = start_forked(net.host, home)
        await_answer(home)
    assert (ipv4.count.lost, ipv6.count.lost <= IN_THE_MOMENT) == (0, True)
    assert net.addresses() == {"xenbr0": ADDRESSES}
    assert net.shown().routes == [f"{ADMIN_IP} xenbr0", f"{ADMIN_IPV6} xenbr0"]
    assert net.ports("xenbr0") == ["eth0"]
    assert output(home, "pif-param-get", "uuid=eth1", "param-name=currently-attached") == "false"
    assert daemon.stop() == 0


def test_no_ping_is_lost_while_a_bond_is_created_and_destroyed(site: Site) -> None:
    network = output(site.home, "network-create", "name-label=Bonded")
    before = state_of(site.net, site.home)
    with pinging(site.net.admin, HOST_IP) as ipv4, pinging(site.net.admin, HOST_IPV6) as ipv6:
        output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
        assert site.net.addresses() == {"xapi0": ADDRESSES}
        assert site.net.ports("bond0") == ["eth0", "eth1"]
        output(site.home, "bond-destroy", "uuid=bond0")
    assert (ipv4.count.lost, ipv6.count.lost <= IN_THE_MOMENT) == (0, True)
    assert state_of(site.net, site.home) == before


def test_hardly_a_ping_is_lost_when_the_second_nic_takes_two_seconds_to_get_its_carrier(site: Site) -> None:
    """The switch's port begins to forward at a moment that nobody on the host can see."""
    site.net.ip(site.net.switch, "link", "set", "port1", "down")
    network = output(site.home, "network-create", "name-label=Bonded")
    cable = threading.Thread(target=plug_in_later, args=(site.net,))
    with pinging(site.net.admin, HOST_IP) as pings:
        cable.start()
        output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
        cable.join()
    assert pings.count.lost <= 10


def plug_in_later(net: Cabling) -> None:
    time.sleep(2)
    net.ip(net.switch, "link", "set", "port1", "up")


def test_a_bond_is_made_although_its_second_nic_has_no_cable(site: Site) -> None:
    site.net.ip(site.net.switch, "link", "set", "port1", "down")
    network = output(site.home, "network-create", "name-label=Bonded")
    bond = output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
    assert output(site.home, "bond-param-get", f"uuid={bond}", "param-name=links-up") == "1"
    assert site.net.addresses() == {"xapi0": ADDRESSES}


def test_a_bond_is_what_ip_and_proc_say_that_it_is(site: Site) -> None:
    network = output(site.home, "network-create", "name-label=Bonded")
    bond = output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
    link = site.net.links()["bond0"]
    assert (link["address"], link["master"], link["ifalias"]) == (MACS[0], "xapi0", f"pifd Bond {bond}")
    assert site.net.links()["xapi0"]["address"] == MACS[0]
    told = bonding(site.net, "bond0")
    assert (told["Bonding Mode"], told["MII Polling Interval (ms)"]) == (
        "fault-tolerance (active-backup)",
        "100",
    )
    assert output(site.home, "bond-param-get", f"uuid={bond}", "param-name=links-up") == "2"


def test_a_bond_of_the_active_slave_leaving_first_hands_over_before_it_goes(site: Site) -> None:
    network = output(site.home, "network-create", "name-label=Bonded")
    output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
    await_use(site.net, "eth0")
    site.net.ip(site.net.host, "link", "set", "bond0", "type", "bond", "active_slave", "eth0")
    with pinging(site.net.admin, HOST_IP) as pings:
        output(site.home, "bond-destroy", "uuid=bond0")
    assert pings.count.lost == 0


def await_use(net: Cabling, slave: str) -> None:
    """Returns when the bond uses the slave: updelay after it has got its carrier."""
    end = time.monotonic() + patience(10)
    while net.links()[slave]["linkinfo"]["info_slave_data"]["mii_status"] != "UP":
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("MTU", ["1400", "9000"])
def test_the_networks_mtu_is_on_bridge_bond_and_ports_and_goes_with_the_bond(site: Site, MTU: str) -> None:
    network = output(site.home, "network-create", "name-label=Bonded", f"MTU={MTU}")
    before = state_of(site.net, site.home)
    output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
    links = site.net.links()
    assert {name: links[name]["mtu"] for name in ("xapi0", "bond0", "eth0", "eth1")} == dict.fromkeys(
        ("xapi0", "bond0", "eth0", "eth1"), int(MTU)
    )
    output(site.home, "bond-destroy", "uuid=bond0")
    assert state_of(site.net, site.home) == before


def test_a_mac_that_was_given_is_on_bond_bridge_and_slaves(site: Site) -> None:
    network = output(site.home, "network-create", "name-label=Bonded")
    output(
        site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1", "mac=02:00:00:AA:BB:CC"
    )
    links = site.net.links()
    assert {links[name]["address"] for name in ("xapi0", "bond0", "eth0", "eth1")} == {"02:00:00:aa:bb:cc"}
    output(site.home, "bond-destroy", "uuid=bond0")
    assert [site.net.links()[name]["address"] for name in ("eth0", "eth1")] == list(MACS[:2])


def test_a_bond_of_one_nic_works(site: Site) -> None:
    network = output(site.home, "network-create", "name-label=Bonded")
    before = state_of(site.net, site.home)
    output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0")
    assert site.net.addresses() == {"xapi0": ADDRESSES}
    output(site.home, "bond-destroy", "uuid=bond0")
    assert state_of(site.net, site.home) == before


def test_a_dry_run_changes_nothing(site: Site) -> None:
    network = output(site.home, "network-create", "name-label=Bonded")
    before = state_of(site.net, site.home)
    steps = json.loads(
        output(
            site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1", "--dry-run", "--json"
        )
    )["steps"]
    assert steps[0] == f"create bridge xapi0 (MAC {MACS[0]}, MTU 1500)"
    assert state_of(site.net, site.home) == before


def test_a_bond_of_nics_without_addresses_comes_up_only_if_one_was_plugged(site: Site) -> None:
    network = output(site.home, "network-create", "name-label=Bonded")
    output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth1")
    assert "bond0" not in site.net.links()
    outcome = pifctl(site.home, "pif-plug", "uuid=eth1")
    assert (outcome.status, outcome.error.splitlines()[0]) == (
        1,
        "This PIF is a bond member and cannot be plugged.",
    )
    output(site.home, "pif-plug", "uuid=bond0")
    assert site.net.ports("bond0") == ["eth1"]

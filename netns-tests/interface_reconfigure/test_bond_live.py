"""A bond that carries the host changes: its members, its options, its mode."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from conftest import Site
from host.pifctl import output
from network.cabling import HOST_IP, HOST_IPV6, Cabling
from network.pinger import pinging
from network.witness import bonding

ADDRESSES = [f"{HOST_IP}/24", f"{HOST_IPV6}/64"]


@contextmanager
def none_lost(net: Cabling, most: int = 0) -> Iterator[None]:
    """So many of the pings every 5 ms stay without an answer, and no more."""
    with pinging(net.admin, HOST_IP) as pings:
        yield
    assert pings.count.lost <= most


@pytest.fixture
def bond(site: Site) -> str:
    network = output(site.home, "network-create", "name-label=Bonded")
    return output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")


def test_a_member_goes_and_comes_back_and_no_ping_is_lost(site: Site, bond: str) -> None:
    with none_lost(site.net):
        output(site.home, "bond-set-active-slave", "uuid=bond0", "pif-uuid=eth1")
        assert bonding(site.net, "bond0")["Currently Active Slave"] == "eth1"
        output(site.home, "bond-remove-member", "uuid=bond0", "pif-uuid=eth1")
        assert site.net.ports("bond0") == ["eth0"]
        output(site.home, "bond-add-member", "uuid=bond0", "pif-uuid=eth1")
    assert site.net.ports("bond0") == ["eth0", "eth1"]
    assert site.net.addresses() == {"xapi0": ADDRESSES}


def test_options_that_change_at_any_time_touch_neither_members_nor_carrier(site: Site, bond: str) -> None:
    before = site.net.links()["bond0"]
    with none_lost(site.net):
        for name, value in (("miimon", "50"), ("num_grat_arp", "3"), ("primary", "eth1"), ("updelay", "0")):
            output(site.home, "bond-param-set", f"uuid={bond}", f"properties:{name}={value}")
    told = bonding(site.net, "bond0")
    assert (told["MII Polling Interval (ms)"], told["Up Delay (ms)"]) == ("50", "0")
    after = site.net.links()["bond0"]
    assert (after["flags"], after["address"], after["master"]) == (
        before["flags"],
        before["address"],
        before["master"],
    )


@pytest.mark.parametrize(
    "mode", ["balance-rr", "balance-xor", "broadcast", "balance-tlb", "balance-alb", "lacp"]
)
def test_a_live_bond_changes_its_mode_and_what_is_on_it_stays(site: Site, bond: str, mode: str) -> None:
    vlans = output(site.home, "network-create", "name-label=Tagged")
    output(site.home, "vlan-create", "pif-uuid=bond0", "vlan=5", f"network-uuid={vlans}")
    foretold = output(site.home, "bond-set-mode", "uuid=bond0", f"mode={mode}", "--dry-run")
    assert "without carrier" in foretold
    output(site.home, "bond-set-mode", "uuid=bond0", f"mode={mode}")
    assert site.net.ports("bond0") == ["eth0", "eth1"]
    assert site.net.links()["bond0.5"]["link"] == "bond0"
    assert site.net.addresses() == {"xapi0": ADDRESSES}
    output(site.home, "bond-set-mode", "uuid=bond0", "mode=active-backup")
    with none_lost(site.net):
        pass


FLAP = "while :; do ip -n {0} link set {1} down; sleep 0.02; ip -n {0} link set {1} up; sleep 0.02; done"


@contextmanager
def flapping(net: Cabling, port: str) -> Iterator[None]:
    """A port of the switch loses and gets its carrier some twenty times a second."""
    with subprocess.Popen(["sh", "-c", FLAP.format(net.switch, port)], start_new_session=True) as flap:
        try:
            yield
        finally:
            os.killpg(flap.pid, signal.SIGKILL)
    net.batch(net.switch, f"link set {port} up\n")


def test_a_bond_one_of_whose_members_flaps_can_be_destroyed(site: Site, bond: str) -> None:
    with flapping(site.net, "port1"):
        output(site.home, "bond-destroy", "uuid=bond0")
    assert site.net.ports("xenbr0") == ["eth0"]
    assert site.net.addresses() == {"xenbr0": ADDRESSES}

"""What the real kernel, or the host as it is, refuses: a clear error, and everything as before."""

import asyncio
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Site
from engine.test_faults import FAULTY
from host.daemon import Home, await_answer, start_forked
from host.fault import REFUSAL, Fault, disarm, inject
from host.pifctl import output, pifctl
from network.cabling import HOST_IP, Cabling
from network.ethtool import gro
from network.namespace import inside
from network.witness import is_pingable, kernel_of, state_of

from agent.cli.__main__ import Outcome
from agent.kernel.steps import Refused, SetGRO
from agent.netlink import Netlink

CREATE = "pif-uuids=eth0,eth1"


def message(outcome: Outcome) -> str:
    """The text of a PIF_CONFIGURATION_ERROR."""
    lines = outcome.error.splitlines()
    assert (outcome.status, lines[-1]) == (1, "code: PIF_CONFIGURATION_ERROR"), outcome.error
    return next(line.removeprefix("msg: ") for line in lines if line.startswith("msg: "))


def test_a_bond_takes_a_number_that_nobody_has_and_leaves_theirs_alone(site: Site) -> None:
    site.net.ip(site.net.host, "link", "add", "bond0", "type", "bond")
    network = output(site.home, "network-create", "name-label=Bonded")
    theirs = site.net.links()["bond0"]
    output(site.home, "bond-create", f"network-uuid={network}", CREATE)
    links = site.net.links()
    assert (links["eth0"]["master"], links["eth1"]["master"]) == ("bond1", "bond1")
    assert links["bond0"] == theirs


def test_a_nic_that_has_vanished_is_named(site: Site) -> None:
    site.net.ip(site.net.host, "link", "delete", "eth1")
    network = output(site.home, "network-create", "name-label=Bonded")
    before = state_of(site.net, site.home)
    outcome = pifctl(site.home, "bond-create", f"network-uuid={network}", CREATE)
    assert message(outcome) == "eth1 is not there"
    assert state_of(site.net, site.home) == before
    assert is_pingable(site.net, HOST_IP)


def test_a_nic_that_the_kernel_will_not_enslave_is_refused_in_the_kernels_words(site: Site) -> None:
    """A VLAN-like device above a NIC is foreign: the NIC must not be pulled from under it."""
    site.net.ip(site.net.host, "link", "add", "link", "eth1", "name", "theirs", "type", "macvlan")
    network = output(site.home, "network-create", "name-label=Bonded")
    before = state_of(site.net, site.home)
    outcome = pifctl(site.home, "bond-create", f"network-uuid={network}", CREATE)
    assert message(outcome) == "delete eth1: theirs, which is not pifd's, depends on eth1"
    assert state_of(site.net, site.home) == before


def test_an_mtu_too_small_for_the_ipv6_address_is_refused(site: Site) -> None:
    before = state_of(site.net, site.home)
    outcome = pifctl(site.home, "network-param-set", "uuid=xenbr0", "MTU=1000")
    assert (outcome.status, outcome.error.splitlines()[1:]) == (
        1,
        ["field: MTU", "value: 1000", "code: INVALID_VALUE"],
    )
    assert state_of(site.net, site.home) == before


CREATE_BOND, ENSLAVE_ETH1 = 2, 3
"""Parts of the plan that puts eth0 and eth1 into a bond."""


def refused_by_the_kernel(site: Site, part: int, meddling: str) -> str:
    """What creating a bond comes to when somebody meddles just before a part of it."""
    network = output(site.home, "network-create", "name-label=Bonded")
    inject(site.home, Fault("meddle", part, meddling))
    outcome = pifctl(site.home, "bond-create", f"network-uuid={network}", CREATE)
    assert disarm(site.home) is False
    assert is_pingable(site.net, HOST_IP)
    return message(outcome)


@FAULTY
def test_the_kernels_own_words_are_in_the_error(site: Site) -> None:
    before = kernel_of(site.net)
    told = refused_by_the_kernel(site, ENSLAVE_ETH1, "link set eth1 up")
    assert told == "put eth1 into bond0: Device can not be enslaved while up (Operation not permitted)"
    assert kernel_of(site.net) == before


@FAULTY
def test_a_nic_that_vanishes_on_the_way_leaves_the_rest_as_it_was(site: Site) -> None:
    before = kernel_of(site.net)
    told = refused_by_the_kernel(site, ENSLAVE_ETH1, "link delete eth1")
    assert told == "put eth1 into bond0: No such device"
    left = {name: link for name, link in before.links.items() if name != "eth1"}
    assert kernel_of(site.net) == replace(before, links=left)


@FAULTY
def test_a_name_that_somebody_takes_on_the_way_stays_theirs(site: Site) -> None:
    before = kernel_of(site.net)
    told = refused_by_the_kernel(site, CREATE_BOND, "link add bond0 type bond")
    assert told.endswith("File exists")
    after = kernel_of(site.net)
    assert after.links.pop("bond0")["ifalias"] is None
    assert after == before


def test_a_foreign_port_in_our_bridge_keeps_it_from_being_deleted(site: Site) -> None:
    site.net.ip(site.net.host, "link", "add", "vnet0", "type", "dummy")
    site.net.ip(site.net.host, "link", "set", "vnet0", "master", "xenbr0")
    network = output(site.home, "network-create", "name-label=Bonded")
    before = state_of(site.net, site.home)
    outcome = pifctl(site.home, "bond-create", f"network-uuid={network}", CREATE)
    assert message(outcome) == "delete xenbr0: vnet0, which is not pifd's, depends on xenbr0"
    assert state_of(site.net, site.home) == before


def test_a_management_address_that_cuts_the_host_off_is_taken_back(site: Site) -> None:
    before = state_of(site.net, site.home)
    assert is_pingable(site.net, HOST_IP)
    words = ("IP=198.51.100.10", "netmask=255.255.255.0", "gateway=198.51.100.1")
    outcome = pifctl(site.home, "pif-reconfigure-ip", "uuid=eth0", "mode=Static", *words)
    assert message(outcome) == ("the host is no longer reachable: over xenbr0 none of 198.51.100.1 answers")
    assert state_of(site.net, site.home) == before
    assert is_pingable(site.net, HOST_IP)


def test_a_host_whose_store_is_lost_keeps_its_network(net: Cabling, tmp_path: Path) -> None:
    home = Home(tmp_path)
    daemon = start_forked(net.host, home)
    await_answer(home)
    assert daemon.stop() == 0
    before = kernel_of(net)
    for file in (home.directory / "state").iterdir():
        file.unlink()
    daemon = start_forked(net.host, home)
    await_answer(home)
    outcome = pifctl(home, "network-create", "name-label=new")
    assert (outcome.status, outcome.error.splitlines()[-1]) == (1, "code: PIFD_CANNOT_TAKE_OVER")
    assert "made by a pifd whose store is not here" in outcome.error
    assert (kernel_of(net), is_pingable(net, HOST_IP)) == (before, True)
    assert daemon.stop() == 0


def test_a_store_of_a_newer_pifd_is_refused_and_the_host_left_as_it_is(net: Cabling, tmp_path: Path) -> None:
    home = Home(tmp_path)
    daemon = start_forked(net.host, home)
    await_answer(home)
    assert daemon.stop() == 0
    with sqlite3.connect(home.directory / "state" / "pifd.sqlite") as store:
        store.execute("PRAGMA user_version = 99")
    store.close()
    before = kernel_of(net)
    daemon = start_forked(net.host, home)
    assert daemon.wait() == 1
    assert "written by another pifd (schema version 99" in daemon.log.read_text()
    assert kernel_of(net) == before


def test_a_second_daemon_on_the_same_socket_is_refused_by_the_program_itself(site: Site) -> None:
    pifd = str(Path(sys.executable).with_name("pifd"))
    options = [f"--state-dir={site.home.directory / 'state'}", f"--socket={site.home.socket}"]
    command = ["ip", "netns", "exec", site.net.host, pifd, *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert str(site.home.socket) in done.stderr


@FAULTY
def test_a_gro_that_a_device_refuses_is_refused_and_nothing_has_changed(site: Site) -> None:
    before = state_of(site.net, site.home)
    inject(site.home, Fault("refuse", 1))
    outcome = pifctl(site.home, "pif-param-set", "uuid=eth1", "properties:gro=on")
    assert disarm(site.home) is False
    assert message(outcome) == f"switch the gro of eth1 on: {REFUSAL}"
    assert (state_of(site.net, site.home), gro(site.net, "eth1")) == (before, [False])


def test_a_gro_that_a_device_has_fixed_is_refused_though_the_kernel_says_nothing(
    net: Cabling, tmp_path: Path
) -> None:
    """A macvlan's is always that of the device below, and no NIC's is known to be fixed."""
    net.ip(net.host, "link", "add", "link", "eth1", "name", "theirs", "type", "macvlan")
    door = inside(net.host, lambda: Netlink(tmp_path / "resolv.conf", 1))
    with pytest.raises(Refused) as caught:
        asyncio.run(door.apply(SetGRO("theirs", on=True)))
    door.close()
    assert str(caught.value).startswith("switch the gro of theirs on: the device has it fixed")
    assert gro(net, "eth1", "theirs") == [False, False]

"""What only some kernels have: pifd leaves it as it is on what is not its own, and works on with it."""

from pathlib import Path

import pytest
from conftest import Site
from host.daemon import Home, await_answer, start_forked
from host.pifctl import output
from network.cabling import ADMIN_IP, HOST_IP, Cabling
from network.traffic import answers
from runner.features import (
    ADDRESS_PROTO,
    BOND_OPTIONS,
    add_address,
    address_protos,
    bond_options,
    make_bond,
)


@pytest.mark.parametrize(
    "option", [pytest.param(option, marks=pytest.mark.needs(option)) for option in BOND_OPTIONS]
)
def test_a_foreign_bond_keeps_an_option_that_few_know(option: str, site: Site) -> None:
    rare = BOND_OPTIONS[option]
    make_bond(site.net.host, "theirs", rare.mode, {rare.number: rare.value})
    before = bond_options(site.net.host, "theirs")
    assert before[rare.number] == rare.value
    network = output(site.home, "network-create", "name-label=Bonded")
    output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
    assert "bond0" in site.net.links()
    assert bond_options(site.net.host, "theirs") == before
    output(site.home, "bond-destroy", "uuid=bond0")
    assert "bond0" not in site.net.links()
    assert bond_options(site.net.host, "theirs") == before


@pytest.mark.needs(ADDRESS_PROTO)
def test_a_host_whose_address_tells_who_has_set_it_is_taken_over(net: Cabling, tmp_path: Path) -> None:
    net.ip(net.host, "addr", "del", f"{HOST_IP}/24", "dev", "eth0")
    add_address(net.host, "eth0", HOST_IP, proto=7)
    net.ip(net.host, "route", "add", "default", "via", ADMIN_IP)
    assert address_protos(net.host) == {HOST_IP: 7}
    home = Home(tmp_path)
    daemon = start_forked(net.host, home)
    await_answer(home)
    assert net.addresses()["xenbr0"][0] == f"{HOST_IP}/24"
    assert answers(net.admin, HOST_IP)
    assert daemon.stop() == 0

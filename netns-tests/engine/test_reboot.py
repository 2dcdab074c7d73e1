"""After a reboot a start makes again what moved along with its place, onto a bond too."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from engine.test_host_layouts import LAYOUTS, batch, things
from host.daemon import Home, await_answer, start_forked
from host.pifctl import output
from network.cabling import Cabling, cabling
from network.host_state import GROUP
from network.traffic import answers

REBOOT = f"link delete group {GROUP}\nlink set eth0 down\nlink set eth1 down\n"
"""What is gone then: pifd's devices, and what the NICs had."""


@pytest.fixture
def net() -> Iterator[Cabling]:
    with cabling() as net:
        net.ip(net.host, "-6", "route", "del", "default")
        net.batch(net.host, "addr flush dev eth0 scope global")
        yield net


@pytest.mark.parametrize("name", ["the address on lo", "systemd-networkd with DHCP"])
def test_a_bonded_host_has_after_a_reboot_what_it_had(net: Cabling, tmp_path: Path, name: str) -> None:
    layout, home = LAYOUTS[name], Home(tmp_path)
    batch(net, net.host, layout.host)
    batch(net, net.admin, layout.admin)
    had = things(net)
    daemon = start_forked(net.host, home)
    await_answer(home)
    network = output(home, "network-create", "name-label=Bonded")
    output(home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
    assert daemon.stop() == 0
    net.batch(net.host, REBOOT + "addr flush dev eth0\naddr flush dev eth1\n")
    daemon = start_forked(net.host, home)
    await_answer(home)
    assert [thing for thing in had if thing not in things(net)] == []
    assert [address for address in layout.reached if not answers(net.admin, address)] == []
    assert daemon.stop() == 0

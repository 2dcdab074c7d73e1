"""IPv6 that somebody has switched off on the NIC, or later on its bridge, is in the way of nothing else."""

from pathlib import Path

from host.daemon import Home, await_answer, start_forked
from host.pifctl import output
from network.cabling import ADMIN_IP, HOST_IP, HOST_IPV6, Cabling
from network.namespace import inside, set_sysctl
from network.traffic import answers


def is_off(net: Cabling, device: str) -> bool:
    file = Path("/proc/sys/net/ipv6/conf") / device / "disable_ipv6"
    return inside(net.host, file.read_text).strip() == "1"


def check(net: Cabling, place: str) -> None:
    assert (is_off(net, place), answers(net.admin, HOST_IP)) == (True, True)
    assert net.addresses()[place] == [f"{HOST_IP}/24"]


def test_a_NIC_without_IPv6_is_taken_over_bonded_and_given_back(net: Cabling, tmp_path: Path) -> None:
    set_sysctl(net.host, "net.ipv6.conf.eth0.disable_ipv6", "1")
    home = Home(tmp_path)
    daemon = start_forked(net.host, home)
    await_answer(home)
    network = output(home, "network-create", "name-label=Bonded")
    check(net, "xenbr0")
    output(home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
    check(net, "xapi0")
    output(home, "bond-destroy", "uuid=bond0")
    check(net, "xenbr0")
    assert daemon.stop() == 0


def test_addresses_that_went_with_IPv6_are_told_and_come_back_with_it(net: Cabling, tmp_path: Path) -> None:
    home = Home(tmp_path)
    daemon = start_forked(net.host, home)
    await_answer(home)
    network = output(home, "network-create", "name-label=Bonded")
    set_sysctl(net.host, "net.ipv6.conf.xenbr0.disable_ipv6", "1")
    output(home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
    assert (net.addresses()["xapi0"], answers(net.admin, HOST_IP)) == ([f"{HOST_IP}/24"], True)
    assert f"default via {ADMIN_IP}" in net.ip(net.host, "route", "show")
    assert "IPv6 is switched off on xapi0, by disable_ipv6" in output(home, "topology")
    set_sysctl(net.host, "net.ipv6.conf.xapi0.disable_ipv6", "0")
    output(home, "network-param-set", f"uuid={network}", "name-label=other")
    assert answers(net.admin, HOST_IPV6, 30)
    assert daemon.stop() == 0

"""A program that configures a NIC goes on to: the host is reached before and after it is handed over."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host.daemon import Home, await_answer, start_forked
from host.pifctl import output, pifctl
from network.cabling import ADMIN_IP, HOST_IP, Cabling
from network.patience import patience
from network.traffic import answers

LEASE = 8
"""Seconds."""
RENEWS = f"""
import subprocess, sys, time
while True:
    commands = f"addr replace {HOST_IP}/24 dev {{sys.argv[1]}} valid_lft {LEASE} preferred_lft {LEASE}\\n"
    commands += f"route replace default via {ADMIN_IP} dev {{sys.argv[1]}}\\n"
    subprocess.run(["ip", "-batch", "-"], input=commands, text=True, check=True)
    time.sleep(0.5)
"""
"""What a DHCP client does when it renews its lease, over and over."""


@contextmanager
def dhclient(net: Cabling, nic: str, directory: Path, does: str = RENEWS) -> Iterator[None]:
    """A program of that name."""
    name = directory / "dhclient"
    shutil.copy(sys.executable, name)
    command = ["ip", "netns", "exec", net.host, str(name), "-c", does, nic]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def test_a_NIC_with_a_DHCP_client_is_taken_over_when_the_client_has_ended(
    net: Cabling, tmp_path: Path
) -> None:
    home, before = Home(tmp_path), net.shown()
    with dhclient(net, "eth0", tmp_path):
        wait_for(lambda: "valid_life_time" in net.ip(net.host, "-j", "addr", "show", "dev", "eth0"))
        daemon = start_forked(net.host, home)
        await_answer(home)
        time.sleep(1)
        assert answers(net.admin, HOST_IP)
        assert (net.shown().addresses, net.shown().routes) == (before.addresses, before.routes)
        outcome = pifctl(home, "network-create", "name-label=early")
        assert outcome.status == 1
        assert "a DHCP client configures eth0; to hand it over: end it with SIGKILL" in outcome.error
    wait_for(lambda: net.ports("xenbr0") == ["eth0"] if "xenbr0" in net.links() else False)
    output(home, "network-create", "name-label=late")
    time.sleep(LEASE + 1)
    assert (answers(net.admin, HOST_IP), net.addresses()["xenbr0"][0]) == (True, f"{HOST_IP}/24")
    assert daemon.stop() == 0


def test_another_NIC_with_a_DHCP_client_is_left_to_it(net: Cabling, tmp_path: Path) -> None:
    home = Home(tmp_path)
    net.ip(net.host, "addr", "add", "198.51.100.7/24", "dev", "eth1")
    with dhclient(net, "eth1", tmp_path, "import time; time.sleep(600)"):
        before = net.links()["eth1"]
        daemon = start_forked(net.host, home)
        await_answer(home)
        output(home, "network-create", "name-label=any")
        assert (net.links()["eth1"], net.addresses()["eth1"]) == (before, ["198.51.100.7/24"])
        assert net.ports("xenbr0") == ["eth0"]
        assert output(home, "pif-list", "device=eth1", "params=managed", "--minimal") == "false"
    output(home, "pif-forget", "uuid=eth1")
    output(home, "pif-scan")
    assert (net.ports("xenbr1"), net.addresses()["xenbr1"]) == (["eth1"], ["198.51.100.7/24"])
    assert daemon.stop() == 0


def wait_for(holds) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + patience(60)
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)

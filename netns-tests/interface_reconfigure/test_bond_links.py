"""Links of a bond that come and go: what is told of it, when, and what is kept."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import Site
from host.pifctl import output
from host.xenapi import XenAPI
from network.cabling import HOST_IP, Cabling
from network.patience import patience
from network.pinger import pinging

FLAPPING = float(os.environ.get("PIFD_FLAPPING_SECONDS", "3"))
"""Seconds for which a link flaps; 60 is what a host has to withstand, with 50 VLANs."""
VLANS = 50 if FLAPPING >= 60 else 3
HALF_A_FLAP = 0.025
"""Seconds; 20 times a second."""
SOON = patience(0.05)
"""Seconds from the kernel's event to what is told of it."""
MORE_MEMORY = 4096
"""KiB: what Python's own housekeeping takes."""


@pytest.fixture
def bond(site: Site) -> str:
    network = output(site.home, "network-create", "name-label=Bonded")
    made = output(
        site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1", "mode=active-backup"
    )
    output(site.home, "bond-set-active-slave", "uuid=bond0", "pif-uuid=eth0")
    return made


def port_of(site: Site, device: str) -> dict[str, Any]:
    status = json.loads(output(site.home, "bond-status", "uuid=bond0", "--json"))
    found: dict[str, Any] = next(port for port in status["ports"] if port["device"] == device)
    return found


def losses(net: Cabling, device: str) -> int:
    """How often the kernel has seen a link go."""
    command = ["ip", "netns", "exec", net.host, "cat", f"/sys/class/net/{device}/carrier_down_count"]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def memory(pid: int) -> int:
    """KiB that a process has of its own."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1])


@contextmanager
def watching(site: Site) -> Iterator["queue.Queue[tuple[float, str]]"]:
    """The lines of `pifctl bond-status --watch`, with the time at which each came."""
    program = Path(sys.executable).with_name("pifctl")
    lines: queue.Queue[tuple[float, str]] = queue.Queue()
    command = [str(program), "bond-status", "uuid=bond0", "--watch"]
    with subprocess.Popen(
        command, env={**os.environ, "PIFD_SOCKET": str(site.home.socket)}, stdout=subprocess.PIPE, text=True
    ) as watch:
        assert watch.stdout is not None
        stdout = watch.stdout

        def read() -> None:
            for line in stdout:
                lines.put((time.time(), line))

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield lines
        finally:
            watch.kill()
            reader.join()


def line_with(lines: "queue.Queue[tuple[float, str]]", words: str) -> float:
    """When a line with these words came."""
    while True:
        at, line = lines.get(timeout=patience(10))
        if words in line:
            return at


def test_a_link_that_goes_is_told_of_at_once(site: Site, bond: str) -> None:
    with watching(site) as lines:
        line_with(lines, "bond0 uses eth0")
        time.sleep(0.3)  # it waits now
        site.net.ip(site.net.switch, "link", "set", "port1", "down")
        gone = time.time()
        assert line_with(lines, "bond0 uses eth0; without carrier: eth1") - gone < SOON + 0.1
        heard = datetime.fromisoformat(port_of(site, "eth1")["last_change"]).timestamp()
        assert heard - gone < SOON
        time.sleep(0.6)  # until the bond has noticed, too
        site.net.ip(site.net.switch, "link", "set", "port1", "up")
        line_with(lines, "eth1 is up and ready to take over")


def flap(net: Cabling, port: str, seconds: float) -> int:
    """How often the switch's port went down, and up again."""
    times = 0
    command = ["ip", "-n", net.switch, "-batch", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, bufsize=1) as tool:
        assert tool.stdin is not None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for state in ("down", "up"):
                tool.stdin.write(f"link set {port} {state}\n")
                time.sleep(HALF_A_FLAP)
            times += 1
    return times


def test_a_link_that_flaps_is_kept_whole_and_costs_nothing(site: Site, bond: str) -> None:
    for tag in range(2, 2 + VLANS):
        network = output(site.home, "network-create", f"name-label=Tag{tag}")
        output(site.home, "vlan-create", "pif-uuid=bond0", f"vlan={tag}", f"network-uuid={network}")
    flap(site.net, "port1", 0.5)
    before, known, held = losses(site.net, "eth1"), port_of(site, "eth1")["flaps"], memory(site.daemon.pid)
    with pinging(site.net.admin, HOST_IP) as pings:
        flap(site.net, "port1", FLAPPING)
    assert pings.count.lost == 0
    went = losses(site.net, "eth1") - before
    assert went > 10 * FLAPPING
    end = time.monotonic() + patience(10)
    while messages(site)[-1:] != ["The status of the eth0+eth1 bond changed: 2/2 up (was 1/2)"]:
        assert time.monotonic() < end, messages(site)
        time.sleep(0.1)
    assert len(messages(site)) <= 4 + FLAPPING / 5
    found = port_of(site, "eth1")
    assert found["flaps"] - known == went
    states = [change["carrier"] for change in found["changes"]]
    assert states == [n % 2 == len(states) % 2 for n in range(1, len(states) + 1)]
    assert states[-1] is True
    assert memory(site.daemon.pid) - held < MORE_MEMORY
    assert len(site.net.ports("bond0")) == 2
    stays_when_the_daemon_starts_again(site, found["flaps"])


def stays_when_the_daemon_starts_again(site: Site, known: int) -> None:
    """Also what happens while there is none."""
    assert site.daemon.stop() == 0
    before = losses(site.net, "eth1")
    flap(site.net, "port1", 0.3)
    went = losses(site.net, "eth1") - before
    site.restart()
    assert (went > 0, port_of(site, "eth1")["flaps"]) == (True, known + went)


def messages(site: Site) -> list[str]:
    """What was told of bonds, the oldest first."""
    with closing(XenAPI(site.home.socket)) as api:
        return [one["body"] for one in api.call("message.get_all_records").values()]

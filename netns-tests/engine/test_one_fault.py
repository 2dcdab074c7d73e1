"""One fault, one place, on a real kernel: what is wrong beside a start or a call costs it nothing."""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import Site
from host.daemon import Home, await_answer, start_forked
from host.pifctl import output, pifctl
from network.cabling import HOST_IP, Cabling, run
from network.witness import is_pingable, settled, state_of

PROMPTLY = 20.0
"""Seconds in which a daemon ends that would wait for ten minutes else."""


def in_host(net: Cabling, *command: str) -> None:
    run("ip", "netns", "exec", net.host, *command)


def stop(site: Site) -> None:
    assert site.daemon.stop() == 0


def spanning_tree(site: Site) -> None:
    site.net.ip(site.net.host, "link", "set", "xenbr0", "type", "bridge", "stp_state", "1")


def no_ipv6(site: Site) -> None:
    in_host(site.net, "sysctl", "-qw", "net.ipv6.conf.xenbr0.disable_ipv6=1")


def resolver_is_a_directory(site: Site) -> None:
    path = site.home.directory / "resolv.conf"
    path.unlink(missing_ok=True)
    path.mkdir()


def another_mtu(site: Site) -> None:
    site.net.ip(site.net.host, "link", "set", "xenbr0", "mtu", "1400")


KINDS = [spanning_tree, no_ipv6, resolver_is_a_directory, another_mtu]


@pytest.mark.parametrize("spoil", KINDS)
def test_a_fault_of_managements_bridge_stops_neither_calls_nor_starts(site: Site, spoil) -> None:  # type: ignore[no-untyped-def]
    spoil(site)
    output(site.home, "network-param-set", "uuid=xenbr1", "name-label=other")
    output(site.home, "pif-plug", "uuid=eth1")
    assert site.net.ports("xenbr1") == ["eth1"]
    stop(site)
    site.restart()
    assert is_pingable(site.net, HOST_IP)
    output(site.home, "pif-unplug", "uuid=eth1")
    assert "xenbr1" not in site.net.links()


def test_a_spanning_tree_that_somebody_switched_on_is_switched_off_by_a_start(site: Site) -> None:
    before = state_of(site.net, site.home)
    stop(site)
    spanning_tree(site)
    site.restart()
    assert settled(state_of(site.net, site.home)) == settled(before)


def test_a_host_that_is_reached_over_its_NIC_stays_so_when_its_bridge_is_somebody_elses(
    site: Site,
) -> None:
    output(site.home, "pif-plug", "uuid=eth1")
    stop(site)
    gone = ["link delete xenbr0", "link delete xenbr1", "link add xenbr0 type bridge"]
    site.net.batch(site.net.host, "\n".join(gone))
    site.net.ip(site.net.host, "link", "set", "eth0", "up")
    site.net.ip(site.net.host, "addr", "add", f"{HOST_IP}/24", "dev", "eth0")
    assert is_pingable(site.net, HOST_IP)
    site.restart()
    assert (is_pingable(site.net, HOST_IP), site.net.ports("xenbr1")) == (True, ["eth1"])
    assert "xenbr0 exists already and is not pifd's" in output(site.home, "topology")
    site.net.ip(site.net.host, "link", "delete", "xenbr0")
    eventually(lambda: site.net.ports("xenbr0") == ["eth0"] if "xenbr0" in site.net.links() else False)
    assert is_pingable(site.net, HOST_IP)


def eventually(holds) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_a_NIC_that_is_renamed_keeps_its_PIF_its_bridge_and_its_VLANs(site: Site) -> None:
    output(site.home, "pif-plug", "uuid=eth1")
    network = output(site.home, "network-create", "name-label=five", "bridge=five")
    output(site.home, "vlan-create", "pif-uuid=eth1", "vlan=5", f"network-uuid={network}")
    uuid = output(site.home, "pif-list", "device=eth1", "VLAN=-1", "--minimal")
    count = len(output(site.home, "pif-list", "--minimal").split(","))
    site.net.batch(site.net.host, "link set eth1 down\nlink set eth1 name lan1\nlink set lan1 up")
    output(site.home, "pif-scan")
    assert output(site.home, "pif-list", f"uuid={uuid}", "params=device", "--minimal") == "lan1"
    assert len(output(site.home, "pif-list", "--minimal").split(",")) == count
    assert (site.net.ports("xenbr1"), site.net.ports("five")) == (["lan1"], ["lan1.5"])
    site.net.batch(site.net.host, "link set lan1 down\nlink set lan1 name eth1\nlink set eth1 up")
    output(site.home, "pif-scan")


def test_names_that_are_exchanged_move_no_network(site: Site) -> None:
    stop(site)
    swap = ["link delete xenbr0", "link set eth0 down", "link set eth1 down", "link set eth0 name tmp0"]
    swap += ["link set eth1 name eth0", "link set tmp0 name eth1"]
    site.net.batch(site.net.host, "\n".join(swap))
    site.restart()
    assert (is_pingable(site.net, HOST_IP), site.net.ports("xenbr0")) == (True, ["eth1"])


def test_a_store_that_is_removed_is_noticed_before_the_next_success(site: Site) -> None:
    for file in (site.home.directory / "state").iterdir():
        file.unlink()
    output(site.home, "pif-plug", "uuid=eth1")
    before = state_of(site.net, site.home)
    stop(site)
    site.restart()
    assert settled(state_of(site.net, site.home)) == settled(before)


def test_a_store_that_can_only_be_read_brings_the_network_up_and_changes_are_refused(site: Site) -> None:
    stop(site)
    state = site.home.directory / "state"
    kept = {file.name: file.read_bytes() for file in state.iterdir()}
    run("mount", "-t", "tmpfs", "none", str(state))
    try:
        for name, content in kept.items():
            (state / name).write_bytes(content)
        run("mount", "-o", "remount,ro", str(state))
        site.net.batch(site.net.host, "link delete xenbr0\nlink set eth0 down")
        site.restart()
        assert is_pingable(site.net, HOST_IP)
        outcome = pifctl(site.home, "pif-plug", "uuid=eth1")
        assert (outcome.status, "PIFD_STORE_UNAVAILABLE" in outcome.error) == (1, True)
        run("mount", "-o", "remount,rw", str(state))
        eventually(lambda: pifctl(site.home, "pif-plug", "uuid=eth1").status == 0)
        stop(site)
        kept = {file.name: file.read_bytes() for file in state.iterdir()}
    finally:
        run("umount", "-l", str(state))
    for name, content in kept.items():
        (state / name).write_bytes(content)
    site.restart()


def test_a_store_that_is_rubbish_leaves_the_network_as_it_is_and_is_told(site: Site) -> None:
    stop(site)
    file = site.home.directory / "state" / "pifd.sqlite"
    good = file.read_bytes()
    file.write_bytes(b"rubbish" * 1000)
    site.restart()
    assert is_pingable(site.net, HOST_IP)
    assert "file is not a database" in pifctl(site.home, "network-create", "name-label=x").error
    file.write_bytes(good)
    eventually(lambda: pifctl(site.home, "pif-plug", "uuid=eth1").status == 0)


@pytest.mark.parametrize("address", ["/nowhere/notify", "@nobody"])
def test_a_service_manager_that_does_not_listen_is_no_reason_to_stop(
    site: Site, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop(site)
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    site.restart()
    assert is_pingable(site.net, HOST_IP)


def test_a_signal_is_heeded_while_a_start_waits_and_the_next_start_goes_on(
    net: Cabling, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    daemon = start_forked(net.host, home)
    await_answer(home)
    output(home, "pif-plug", "uuid=eth1")
    assert daemon.stop() == 0
    net.batch(
        net.host, f"link delete xenbr0\nlink delete xenbr1\naddr add {HOST_IP}/24 dev eth0\nlink set eth0 up"
    )
    net.ip(net.switch, "link", "set", "port0", "down")
    patient = Home(tmp_path, carrier_wait=300)
    daemon = start_forked(net.host, patient)
    eventually(lambda: "xenbr0" in net.links())
    time.sleep(1)
    assert os.waitpid(daemon.pid, os.WNOHANG) == (0, 0)
    begun = time.monotonic()
    os.kill(daemon.pid, signal.SIGTERM)
    assert daemon.wait() == 0
    assert time.monotonic() - begun < PROMPTLY
    net.ip(net.switch, "link", "set", "port0", "up")
    daemon = start_forked(net.host, home)
    await_answer(home)
    assert is_pingable(net, HOST_IP)
    assert daemon.stop() == 0


def test_a_socket_that_can_not_be_had_is_seen_before_the_network_is_touched(
    net: Cabling, tmp_path: Path
) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    before = net.shown()
    daemon = start_forked(net.host, Home(deep))
    assert daemon.wait() == 1
    assert "too long for a socket" in daemon.log.read_text()
    home = Home(tmp_path)
    with locked(home.socket.with_name(f"{home.socket.name}.lock")):
        daemon = start_forked(net.host, home)
        assert daemon.wait() == 1
    assert "is locked" in daemon.log.read_text()
    assert net.shown() == before


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another daemon is just about to have the socket."""
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield

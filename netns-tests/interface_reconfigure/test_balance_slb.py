"""balance-slb on switches that know nothing of it: no loop, no second copy, and nobody who is cut off."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from host.guests import Host, host_with_guests
from host.xenapi import XenAPIError
from network.cabling import run
from network.namespace import opened
from network.patience import patience
from network.traffic import TRIAL, Tap, answers, shout, watching

from tests.scenarios.modes import BALANCE_SLB

pytestmark = pytest.mark.needs(BALANCE_SLB)

GUESTS = 2
STRANGER = "02:00:00:00:0f:01"
PATIENCE = patience(5)
PORTS = ("port0", "port1")
PORT_OF = {"eth0": ("port1", "eth1"), "eth1": ("port0", "eth0")}
"""By the port that takes no broadcasts in: the switch's port at the one that does, and that one."""
IPV4_GROUPS = "01:00:5e"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host with guests on a bond; nobody has named its mode."""
    with host_with_guests(tmp_path, GUESTS) as host:
        host.create()
        yield host


def eventually(is_so: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def table(host: Host) -> dict[str, list[str]]:
    """The chains of all tables, each with its lines, as nft lists them."""
    shown = run("ip", "netns", "exec", host.net.host, "nft", "--terse", "list", "ruleset")
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in filter(None, map(str.strip, shown.splitlines())):
        if line.startswith("table "):
            lines = []
        elif line.startswith("chain "):
            lines = found.setdefault(line.split()[1], [])
        lines.append(line)
    return found


def chains(host: Host) -> list[str]:
    return sorted(table(host))


def deaf(host: Host) -> str:
    """The port that takes no broadcasts in."""
    return next(iter(name.removeprefix("in-") for name in table(host) if name.startswith("in-")), "")


def elements(host: Host) -> str:
    """What the sets of the rules hold, as nft shows it."""
    sets = ("tagged", "untagged")
    inside = ("ip", "netns", "exec", host.net.host, "nft", "list", "set", "netdev", "pifd-bond0")
    return "".join(run(*inside, one) for one in sets)


@contextmanager
def taps(*places: tuple[str, str]) -> Iterator[list[Tap]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Tap(*place)) for place in places]


def trials(tap: Tap, seconds: float = 0.0) -> list[str]:
    """The sources of the frames of no protocol's that have passed."""
    return [frame.source for frame in tap.frames(seconds) if frame.kind == TRIAL]


def switch_ports(host: Host, sources: list[str]) -> list[set[str]]:
    """The ports of the switch at which it has seen each source."""
    entries = json.loads(run("bridge", "-n", host.net.switch, "-j", "fdb", "show"))
    return [
        {e["ifname"] for e in entries if e["mac"] == source and e["ifname"] in PORTS} for source in sources
    ]


def cut(host: Host, port: str, *, off: bool) -> None:
    host.net.ip(host.net.switch, "link", "set", port, "down" if off else "up")


def test_what_is_broadcast_comes_once_and_what_was_sent_does_not_come_back(host: Host) -> None:
    """On both links, from outside and from the inside, with and without a tag."""
    assert host.api.call("Bond.get_mode", host.api.call("Bond.get_all")[0]) == "balance-slb"
    one, other = host.guests
    host.net.ip(host.net.admin, "link", "add", "link", "eth0", "name", "eth0.7", "type", "vlan", "id", "7")
    host.net.ip(host.net.admin, "link", "set", "eth0.7", "up")
    inside = [(guest.namespace, "eth0") for guest in host.guests]
    with taps(*inside, (host.net.admin, "eth0"), (host.net.host, "xapi0")) as seen:
        shout(host.net.admin, "eth0", STRANGER)
        assert [trials(tap, 0.5) for tap in seen[:2]] == [[STRANGER]] * 2
        for tap in seen:
            tap.frames()
        shout(one.namespace, "eth0", one.MAC)
        assert [trials(tap, 0.5) for tap in (seen[2], seen[1], seen[0])] == [[one.MAC]] * 3
    with taps((host.net.host, "xapi0")) as (bridge,):
        for _ in range(20):
            shout(one.namespace, "eth0", one.MAC)
            shout(other.namespace, "eth0", other.MAC)
        assert len(trials(bridge, 0.5)) == 2 * 20  # in by the VIF, and never again by the bond
    assert [len(ports) for ports in switch_ports(host, [one.MAC, other.MAC])] == [1, 1]


def test_a_link_fails_and_comes_back_and_the_rules_follow(host: Host) -> None:
    """The port that takes broadcasts in fails, then the other; traffic goes on in both directions."""
    for _ in range(2):
        failing, left = PORT_OF[deaf(host)]
        with watching(host.net.admin, host.guests[0].address) as watch:
            cut(host, failing, off=True)
            eventually(lambda left=left: deaf(host) == left, "the rules do not follow")  # type: ignore[misc]
            assert answers(host.guests[0].namespace, "192.0.2.1")
            with taps((host.guests[1].namespace, "eth0")) as (guest,):
                shout(host.net.admin, "eth0", STRANGER)
                assert trials(guest, 0.5) == [STRANGER]
            cut(host, failing, off=False)
            time.sleep(1)  # updelay, and the switch's port
        assert watch.count.longest_silence < 1000 * patience(1.0)
        assert all(answers(guest.namespace, "192.0.2.1") for guest in host.guests)
        with taps((host.guests[1].namespace, "eth0")) as (guest,):
            shout(host.net.admin, "eth0", STRANGER)
            assert trials(guest, 0.5) == [STRANGER]


def test_rules_that_somebody_flushes_come_back_and_go_with_the_bond(host: Host) -> None:
    inside = ("ip", "netns", "exec", host.net.host, "nft")
    run(*inside, "add", "table", "netdev", "somebodys")
    whole = table(host)
    for harm in (("flush", "table", "netdev", "pifd-bond0"), ("delete", "table", "netdev", "pifd-bond0")):
        run(*inside, *harm)
        eventually(lambda: table(host) == whole, f"nft {' '.join(harm)} is not put right")
    for bond in host.api.call("Bond.get_all"):
        host.api.call("Bond.set_mode", bond, "active-backup")
        assert chains(host) == []
        host.api.call("Bond.set_mode", bond, "balance-slb")
        assert table(host).keys() == whole.keys()
    host.destroy()
    assert run(*inside, "list", "tables").split() == ["table", "netdev", "somebodys"]


def test_a_vm_that_leaves_is_heard_from_elsewhere_at_once(host: Host) -> None:
    leaving, staying = host.guests
    for guest in host.guests:
        shout(guest.namespace, "eth0", guest.MAC)
    assert leaving.MAC in elements(host)
    vif = next(ref for ref, one in host.api.call("VIF.get_all_records").items() if one["MAC"] == leaving.MAC)
    host.api.call("VIF.unplug", vif)
    eventually(lambda: leaving.MAC not in elements(host), "it is still taken for one of this host's")
    with taps((staying.namespace, "eth0")) as (seen,):
        shout(host.net.admin, "eth0", leaving.MAC)
        assert leaving.MAC in trials(seen, 0.5)


def test_reports_of_multicast_groups_leave_by_the_port_that_takes_multicast_in(host: Host) -> None:
    """With its own hash, one of the two guests would send them by the other."""
    groups = ("239.1.2.3", "239.1.2.4", "239.1.2.5")
    primary = PORT_OF[deaf(host)][0]
    with ExitStack() as stack:
        seen = stack.enter_context(taps(*((host.net.switch, port) for port in PORTS)))
        for guest in host.guests:
            for group in groups:
                member = stack.enter_context(opened(guest.namespace, socket.AF_INET, socket.SOCK_DGRAM, 0))
                own = socket.inet_aton(guest.address)
                member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + own)
        time.sleep(patience(1))
        reported = {port: reporting(tap) for port, tap in zip(PORTS, seen, strict=True)}
    assert reported == {port: {g.MAC for g in host.guests} if port == primary else set() for port in PORTS}


def reporting(tap: Tap) -> set[str]:
    """The sources of what has come for groups of IPv4's."""
    return {frame.source for frame in tap.frames() if frame.came and frame.target.startswith(IPV4_GROUPS)}


def test_a_table_of_somebody_elses_is_left_alone_and_the_call_is_as_if_it_had_not_been(
    tmp_path: Path,
) -> None:
    with host_with_guests(tmp_path, 1) as host:
        inside = ("ip", "netns", "exec", host.net.host, "nft")
        run(*inside, "add", "table", "netdev", "pifd-bond0")
        with pytest.raises(XenAPIError) as refused:
            host.create()
        assert "the table pifd-bond0 of nftables is not pifd's" in str(refused.value)
        assert answers(host.net.admin, host.guests[0].address)
        assert run(*inside, "list", "tables").split() == ["table", "netdev", "pifd-bond0"]

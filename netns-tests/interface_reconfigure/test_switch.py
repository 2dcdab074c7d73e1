"""What the switch learns of a change: each MAC is at its new port once, and never at the old one again."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from host.guests import Host, host_with_guests
from network.cabling import HOST_IP, MACS, run
from network.traffic import answers

ROUNDS = 3
CHATTER_OF_A_NIC = 1.5
"""Seconds in which a NIC that has just come up as one by itself would have told of itself."""

Learned = dict[str, list[str]]
"""By MAC the ports where the switch took it to be, one after the other."""


@contextmanager
def learning(host: Host) -> Iterator[Learned]:
    """What the switch learns while inside, and a while afterwards, of the host's MAC and each guest's."""
    command = ["stdbuf", "-oL", "bridge", "-n", host.net.switch, "monitor", "fdb"]
    learned: Learned = {MACS[0]: [], **{guest.MAC: [] for guest in host.guests}}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as monitor:
        try:
            assert answers(host.net.admin, HOST_IP)
            yield learned
            subprocess.run(["sleep", str(CHATTER_OF_A_NIC)], check=True)
        finally:
            monitor.terminate()
        told, _ = monitor.communicate()
    for MAC, port in (line.split()[0:3:2] for line in told.splitlines() if " dev " in line[17:22]):
        if MAC in learned and learned[MAC][-1:] != [port]:
            learned[MAC].append(port)


def only(host: Host, port: str) -> Mapping[str, list[str]]:
    return {MACS[0]: [port], **{guest.MAC: [port] for guest in host.guests}}


def ask_for_no_routers(host: Host) -> None:
    """While its IPv6 addresses are at both places, which take what comes, the host sends nothing by itself.

    Its questions would leave by the old place (docs/decisions/0007).
    """
    every = "for file in /proc/sys/net/ipv6/conf/*/router_solicitations; do echo 0 >$file; done"
    run("ip", "netns", "exec", host.net.host, "sh", "-c", every)


def test_each_MAC_changes_its_port_once_a_change_and_never_back(tmp_path: Path) -> None:
    with host_with_guests(tmp_path, 2) as host:
        ask_for_no_routers(host)
        for _ in range(ROUNDS):
            for change, port in ((host.create, "port1"), (host.destroy, "port0")):
                with learning(host) as learned:
                    change()
                assert learned == only(host, port)


def test_a_NIC_that_is_free_again_gives_itself_addresses_as_others_do(tmp_path: Path) -> None:
    with host_with_guests(tmp_path, 0) as host:
        host.create()
        host.destroy()
        run("ip", "-n", host.net.host, "link", "set", "eth1", "up")
        assert "scope link" in run("ip", "-n", host.net.host, "-6", "addr", "show", "dev", "eth1")
        run("ip", "-n", host.net.host, "link", "set", "eth1", "down")

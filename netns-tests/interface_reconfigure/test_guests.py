"""What the guests notice of a bond that their host makes and unmakes: nothing."""

import json
from pathlib import Path

from host.guests import Host, chatting, draw, host_with_guests
from network.cabling import ADMIN_IP, HOST_IP, HOST_IPV6, run
from network.many_pings import Way, many_pings
from runner.seed import SEED

ROUNDS = 5
EVERY = 0.005
"""Seconds between two pings."""
IN_THE_MOMENT = 1
LONGEST = 2.0
"""Seconds that a guest talks at the most: about as long as a call takes in a guest kernel."""


def looked_for_elsewhere(host: Host) -> list[str]:
    """The guests that a bridge of the host's takes to be outside, where their VIFs are inside."""
    entries = json.loads(run("bridge", "-n", host.net.host, "-j", "fdb", "show"))
    links = host.net.links()
    return [
        f"{entry['mac']} at {entry['ifname']}"
        for guest in host.guests
        for entry in entries
        if entry["mac"] == guest.MAC
        and entry["ifname"] != guest.device
        and entry.get("master") == links[guest.device].get("master")
    ]


def test_a_guest_that_falls_silent_in_the_middle_of_a_change_is_found_afterwards(tmp_path: Path) -> None:
    with host_with_guests(tmp_path, 1) as host:
        for number in range(ROUNDS):
            for change in (host.create, host.destroy):
                with chatting(host.guests[0], draw(f"{SEED} {number} {change.__name__}", LONGEST)):
                    change()
                assert looked_for_elsewhere(host) == []


def ways_of(host: Host) -> list[Way]:
    """Each guest is pinged by the admin, and pings it; so is the host."""
    to = [Way(f"to {guest.device}", host.net.admin, guest.address) for guest in host.guests]
    back = [Way(f"from {guest.device}", guest.namespace, ADMIN_IP) for guest in host.guests]
    return [*to, *back, Way("IPv4", host.net.admin, HOST_IP), Way("IPv6", host.net.admin, HOST_IPV6)]


def test_guests_of_both_nics_are_reached_all_along(tmp_path: Path) -> None:
    """In the moment between a VIF's move and its announcement a frame may go astray: one a guest, no more."""
    with host_with_guests(tmp_path, 2, nics=2) as host:
        for change in (host.create, host.destroy):
            with many_pings(ways_of(host), EVERY) as pings:
                change()
            assert {way: lost for way, lost in pings.lost.items() if lost > IN_THE_MOMENT} == {}
            assert [way for way in ("IPv4", "IPv6") if way in pings.lost] == []

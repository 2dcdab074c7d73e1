"""What the guests notice of a bond that their host makes and unmakes: nothing."""

import json
from pathlib import Path

from host.guests import Host, chatting, draw, host_with_guests
from network.cabling import run
from runner.seed import SEED

ROUNDS = 5
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

"""Loss: how many of an admin's pings a bond's creation and destruction cost, best and worst of some rounds.

As a program: loss.py [ROUNDS], on a kernel with bonding.  The silences include the machine's own pauses: with
nothing lost, a long one means that the pinger itself had to wait for the processor.
"""

import sys
import tempfile
from pathlib import Path

from host.daemon import Home, await_answer, start_forked
from host.pifctl import output
from network.cabling import HOST_IP, HOST_IPV6, cabling
from network.pinger import Count, pinging

ROUNDS = 5

Counts = dict[tuple[str, str], list[Count]]


def main(rounds: int) -> None:
    """Print a line for each direction and family."""
    for (direction, family), counts in measured(rounds).items():
        sent = sum(count.sent for count in counts)
        lost = [count.lost for count in counts]
        silences = [count.longest_silence for count in counts]
        some = f"in {sum(map(bool, lost))} of {len(lost)} rounds, {sent} sent in all"
        print(f"{direction}, {family}: pings lost in a round\t{min(lost)} to {max(lost)} ({some})")
        print(f"{direction}, {family}: longest silence of a round\t{min(silences)} to {max(silences)} ms")


def measured(rounds: int) -> Counts:
    """What was lost in each round, by direction and family."""
    counts: Counts = {}
    with cabling() as net, tempfile.TemporaryDirectory() as directory:
        home = Home(Path(directory))
        daemon = start_forked(net.host, home)
        await_answer(home)
        network = output(home, "network-create", "name-label=Bonded")
        directions = {
            "bond-create": ("bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1"),
            "bond-destroy": ("bond-destroy", "uuid=bond0"),
        }
        for _ in range(rounds):
            for direction, command in directions.items():
                with pinging(net.admin, HOST_IP) as ipv4, pinging(net.admin, HOST_IPV6) as ipv6:
                    output(home, *command)
                counts.setdefault((direction, "IPv4"), []).append(ipv4.count)
                counts.setdefault((direction, "IPv6"), []).append(ipv6.count)
        daemon.stop()
    return counts


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else ROUNDS)

"""Bring-up: N networks, each a bridge with one NIC, by pifd's engine and by `ip -batch`, on the same kernel.

As a program: bring_up.py [N].  The NICs (dummy devices) are made beforehand.  `ip` gets the fewest lines
that do it, three a network; pifd also marks each bridge as its own, gives it an alias, reads the kernel
before and after, and compares.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

from network.cabling import run
from network.namespace import enter

from agent.desired.desired import desired
from agent.engine.converge import reach
from agent.model.draft import Draft
from agent.model.model import Model
from agent.model.records import PIF, Host, Network
from agent.netlink import Netlink

NUMBER = 100
REPEATS = 3
"""How often the short things are timed; the best counts."""


def main(number: int) -> None:
    """Print a line for each figure."""
    with namespace(number) as one:
        by_ip = seconds(partial(batch, one, ip_lines(number)))
    with namespace(number) as other:
        enter(other)
        kernel = Netlink(Path("/nonexistent"), carrier_wait=1)
        wanted = partial(desired, model_of(number))
        by_pifd = seconds(lambda: asyncio.run(reach(kernel, wanted)))
        writes = kernel.writes
        nothing = min(seconds(lambda: asyncio.run(reach(kernel, wanted))) for _ in range(REPEATS))
        shown = min(seconds(partial(run, "ip", "-j", "-d", "link")) for _ in range(REPEATS))
        assert kernel.writes == writes, "nothing was to do, and something was done"
        kernel.close()
    what = f"{number} networks with a bridge and a NIC each"
    print(f"{what}: ip -batch\t{by_ip:.2f} s")
    print(f"{what}: pifd\t{by_pifd:.2f} s ({by_pifd / by_ip:.1f} times ip -batch; {writes} messages)")
    print(f"{what}, nothing to do: ip -j -d link\t{shown * 1000:.0f} ms")
    print(f"{what}, nothing to do: pifd\t{nothing * 1000:.0f} ms ({nothing / shown:.1f} times ip)")


@contextmanager
def namespace(number: int) -> Iterator[str]:
    """A network namespace with NICs that nothing uses."""
    name = f"pifd{os.getpid()}-{time.monotonic_ns()}"
    run("ip", "netns", "add", name)
    try:
        batch(name, "".join(f"link add nic{n} address {mac_of(n)} type dummy\n" for n in range(number)))
        yield name
    finally:
        run("ip", "netns", "delete", name)


def batch(name: str, lines: str) -> None:
    """Let `ip` do several things in a namespace."""
    run("ip", "-n", name, "-batch", "-", text=lines)


def ip_lines(number: int) -> str:
    """What `ip` is told."""
    options = "stp_state 0 forward_delay 0 mcast_snooping 0"
    return "".join(
        f"link add br{n} address {mac_of(n)} type bridge {options}\n"
        f"link set nic{n} up master br{n}\n"
        f"link set br{n} up\n"
        for n in range(number)
    )


def model_of(number: int) -> Model:
    """A host whose NICs are all plugged, each into its own network."""
    draft = Draft(Model())
    host = draft.put(Host(uuid=str(uuid4()), name_label="host", hostname="host"))
    for n in range(number):
        network = draft.put(Network(uuid=str(uuid4()), name_label=f"Network {n}", bridge=f"br{n}"))
        draft.put(
            PIF(
                uuid=str(uuid4()),
                device=f"nic{n}",
                network=network.ref,
                host=host.ref,
                MAC=mac_of(n),
                MTU=1500,
                physical=True,
                currently_attached=True,
            )
        )
    return draft.model


def mac_of(number: int) -> str:
    """The MAC of the n-th NIC."""
    return f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"


def seconds(action: Callable[[], object]) -> float:
    """How long something takes."""
    start = time.monotonic()
    action()
    return time.monotonic() - start


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else NUMBER)

"""A host with N VLANs: its start against `ip -batch` with the fewest lines, and a start with nothing to do.

As a program: vlans.py [N ...].  Each VLAN has its bridge, on a bond of two NICs.  pifd also marks each device
as its own and gives it an alias, plans, reads back and compares, and writes its store.  Everything happens in
one guest, in one run: the ratios count.
"""

import asyncio
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from network.cabling import run
from network.namespace import enter

from agent.__main__ import let_readers_in
from agent.engine.engine import Engine
from agent.hotplug.builtin import BuiltIn
from agent.model.model import Model
from agent.netlink import Netlink
from agent.store.sqlite import Store
from benchmarks.big_host import FIRST_TAG, NICS, big_model, real_kernel

NUMBERS = (100, 1000)
REPEATS = 3
"""How often the short things are timed; the best counts."""


def main(numbers: list[int]) -> None:
    """Print a line for each figure."""
    for number in numbers:
        with host() as one:
            by_ip = seconds(partial(run, "ip", "-n", one, "-batch", "-", text=ip_lines(number)))
            shown = min(seconds(partial(run, "ip", "-n", one, "-j", "-d", "link")) for _ in range(REPEATS))
        with host() as other, tempfile.TemporaryDirectory() as directory:
            status = os.fork()
            if status == 0:
                in_namespace(other, Path(directory), number, by_ip, shown)
            os.waitpid(status, 0)


def in_namespace(name: str, directory: Path, number: int, by_ip: float, shown: float) -> None:
    """A process of its own, so that its memory can be told."""
    try:
        enter(name)
        let_readers_in()
        store = Store(directory / "pifd.sqlite")
        store.commit(Model(), big_model(number + len(NICS) + 1))
        first, again, empty, writes, peak = asyncio.run(starts(store))
        print(f"{number} VLANs with bridges, start with none in the kernel\t{first:.2f} s, ", end="")
        print(f"{first / by_ip:.2f} of ip -batch ({by_ip:.2f} s; {writes} messages)")
        print(f"{number} VLANs, start with nothing to do\t{again * 1000:.0f} ms, ", end="")
        print(f"{again / shown:.2f} of ip -j -d link ({shown * 1000:.0f} ms)")
        print(
            f"{number} VLANs, then an empty read\t{empty * 1000:.1f} ms, {empty / shown:.3f} of ip -j -d link"
        )
        print(f"{number} VLANs, peak memory\t{peak} MB", flush=True)
    finally:
        os._exit(0)


async def starts(store: Store) -> tuple[float, float, float, int, int]:
    """Seconds of a start with everything to do, of one with nothing to do, of a read; messages; MB after the
    first start."""
    kernel, first = await started(store)
    writes, peak = kernel.writes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    again = float("inf")
    for _ in range(REPEATS):
        kernel.close()
        kernel, took = await started(store)
        again = min(again, took)
        assert kernel.writes == 0, "nothing was to do, and something was done"
    begun = time.monotonic()
    await kernel.read()
    empty = time.monotonic() - begun
    kernel.close()
    return first, again, empty, writes, peak


async def started(store: Store) -> tuple[Netlink, float]:
    """A kernel after a start, and how long that took."""
    begun = time.monotonic()
    kernel = real_kernel()
    engine = Engine(kernel, store, BuiltIn(), NICS)
    await engine.start("host")
    took = time.monotonic() - begun
    assert not engine.failures, engine.failures
    await engine.close()
    return kernel, took


@contextmanager
def host() -> Iterator[str]:
    """A network namespace with three NICs, whose cables are plugged in; the first has an address."""
    name = f"pifd{os.getpid()}-{time.monotonic_ns()}"
    run("ip", "netns", "add", name)
    try:
        lines = [
            f"link add {nic} address 02:00:00:00:00:0{n} type veth peer name port{n}\n"
            f"link set port{n} up\nlink set {nic} up\n"
            for n, nic in enumerate(NICS)
        ]
        address = "addr add 192.0.2.10/24 dev eth0\nroute add default via 192.0.2.1\n"
        run("ip", "-n", name, "-batch", "-", text="".join([*lines, address]))
        yield name
    finally:
        run("ip", "netns", "delete", name)


def ip_lines(number: int) -> str:
    """What `ip` is told: two lines a VLAN."""
    quiet = "type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
    bond = "link add bond0 type bond mode active-backup miimon 100\n" + "".join(
        f"link set {nic} down\nlink set {nic} master bond0\n" for nic in NICS[1:]
    )
    bridges = f"link add xapi0 up {quiet}\nlink set bond0 up master xapi0\n"
    return (
        bond
        + bridges
        + "".join(
            f"link add xapi{tag} up {quiet}\n"
            f"link add link bond0 name bond0.{tag} up master xapi{tag} type vlan id {tag}\n"
            for tag in range(FIRST_TAG, FIRST_TAG + number)
        )
    )


def seconds(action: Callable[[], object]) -> float:
    """How long something takes."""
    start = time.monotonic()
    action()
    return time.monotonic() - start


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]] or list(NUMBERS))

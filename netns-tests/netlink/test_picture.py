"""The picture of the kernel is a fresh dump's, whatever others do, and however much of it is lost."""

import asyncio
import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from network.cabling import run
from network.namespace import inside
from network.picture import SETTLING, tell_apart
from runner.seed import SEED

from agent.kernel.state import KernelState
from agent.netlink import Netlink

CHANGES = int(os.environ.get("PIFD_CHANGES", "2000"))
BURST = 40
"""Changes between two comparisons."""
NAMES = [f"other{n}" for n in range(12)]
INDICES = [200, 201, 202]
"""Some devices get an index that another one had before."""


@pytest.fixture
def others() -> Iterator[str]:
    """A namespace in which others are at work."""
    name = f"pifd{os.getpid()}-others"
    run("ip", "netns", "add", name)
    yield name
    run("ip", "netns", "delete", name)


def opened(namespace: str, receive_buffer: int) -> Netlink:
    return inside(namespace, lambda: Netlink(Path("/nonexistent"), 1, receive_buffer))


def fresh(namespace: str) -> KernelState:
    """What a new reader sees."""
    with closing(opened(namespace, 1 << 24)) as kernel:
        return asyncio.run(kernel.read())


def change(draw: random.Random) -> str:
    """One line for `ip -batch`; many fail, which is no matter."""
    one, other = draw.sample(NAMES, 2)
    n = draw.randrange(1, 5)
    metric = draw.choice((0, 100, 200))
    return draw.choice((
        f"link add {one} type dummy",
        f"link add {one} index {draw.choice(INDICES)} type dummy",
        f"link add {one} type bridge",
        f"link add link {one} name {other} type vlan id {n}",
        f"link add {one} type veth peer name {other}",
        f"link add {one} type vxlan id {n} dstport 4789 local 192.0.2.{n}",
        f"link delete {one}",
        f"link set {one} up",
        f"link set {one} up",
        f"link set {one} down",
        f"link set {one} name {other}",
        f"link set {one} master {other}",
        f"link set {one} nomaster",
        f"link set {one} mtu {draw.choice((1400, 1500, 2000))}",
        f"link set {one} address 02:00:00:00:{n:02x}:01",
        f"link set {one} alias alias{n}",
        f"link set {one} group {n}",
        f"link set {one} type bridge stp_state {n % 2} forward_delay 0",
        f"link set {one} type bridge_slave isolated on",
        f"address add 192.0.2.{n}/24 dev {one}",
        f"address add 192.0.2.{n}/24 dev {one}",
        f"address delete 192.0.2.{n}/24 dev {one}",
        f"address add 2001:db8:{n}::{n}/64 dev {one} nodad",
        f"address delete 2001:db8:{n}::{n}/64 dev {one}",
        f"route add 198.51.100.{n * 16}/28 dev {one} metric {metric}",
        f"route add 198.51.100.{n * 16}/28 via 192.0.2.{n} dev {one} metric {metric}",
        f"route replace 198.51.100.{n * 16}/28 dev {one} metric {metric}",
        f"route append 198.51.100.{n * 16}/28 dev {one} metric {metric}",
        f"route add 203.0.113.{n * 16}/28 dev {one} src 192.0.2.{n}",
        f"route add 203.0.113.0/24 table {100 + n} dev {one}",
        f"route add 198.51.100.200/32 nexthop dev {one} nexthop dev {other}",
        f"route delete 198.51.100.{n * 16}/28 metric {metric}",
        f"-6 route add 2001:db8:9{n}::/64 dev {one} metric {metric + 1}",
        f"-6 route replace 2001:db8:9{n}::/64 dev {one} metric {metric + 1}",
        f"-6 route append 2001:db8:9{n}::/64 via 2001:db8:{n}::99 dev {one} metric {metric + 1}",
        f"-6 route delete 2001:db8:9{n}::/64 metric {metric + 1}",
        f"nexthop add id {n} dev {one}",
        f"nexthop delete id {n}",
        f"route add 198.51.100.201/32 nhid {n}",
    ))  # fmt: skip


def settled_difference(kernel: Netlink, namespace: str) -> list[str]:
    """What differs from a fresh dump for a second: carrier comes, and IPv6 is ready, by themselves."""
    end = time.monotonic() + SETTLING
    while True:
        found = tell_apart(asyncio.run(kernel.read()), fresh(namespace))
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.05)


@pytest.mark.parametrize("receive_buffer", [1, 1 << 24], ids=["much is lost", "nothing is lost"])
def test_after_random_changes_by_others_the_picture_is_a_fresh_dumps(
    others: str, receive_buffer: int
) -> None:
    draw = random.Random(SEED)
    with closing(opened(others, receive_buffer)) as kernel:
        for _ in range(0, CHANGES, BURST):
            lines = "\n".join(change(draw) for _ in range(BURST))
            command = ["ip", "-n", others, "-force", "-batch", "-"]
            with subprocess.Popen(command, stdin=-1, stdout=-3, stderr=-3, text=True) as working:
                assert working.stdin is not None
                working.stdin.write(lines)
                working.stdin.close()
                while working.poll() is None:
                    asyncio.run(kernel.read())
            assert settled_difference(kernel, others) == [], lines

"""Hearing of links from a real kernel: nobody has to ask for what has changed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import Site
from host.pifctl import output
from host.xenapi import XenAPI
from network.cabling import Cabling
from network.namespace import inside
from network.patience import patience
from network.witness import bonding

from agent.kernel.live import Device
from agent.netlink import Netlink

PATIENCE = patience(10)
MANY = [f"lost{n}" for n in range(300)]
"""Links, whose events are more than the smallest buffer holds."""


@contextmanager
def kernel_of(namespace: str, **options: Any) -> Iterator[Netlink]:
    """The door to the kernel as the daemon has it, made in a namespace and used outside."""
    with closing(inside(namespace, lambda: Netlink(Path("/nonexistent"), 1, **options))) as kernel:
        yield kernel


def names(kernel: Netlink) -> set[str]:
    """Those of all links."""
    return set(asyncio.run(kernel.read()).links)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


async def until_told(told: list[frozenset[str]], name: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while not any(name in names for names in told):
            await asyncio.sleep(0.01)


async def until_says(kernel: Netlink, name: str, holds: Callable[[Device], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds(kernel.devices([name])[name]):
            await asyncio.sleep(0.01)


def hears(net: Cabling, do: Callable[[Netlink, list[frozenset[str]]], Awaitable[None]]) -> None:
    """Run something with the host's kernel and what it tells."""

    async def run(kernel: Netlink) -> None:
        told: list[frozenset[str]] = []
        kernel.watch(told.append)
        await do(kernel, told)
        kernel.unwatch()

    with kernel_of(net.host) as kernel:
        asyncio.run(run(kernel))


def test_a_cable_that_is_pulled_at_its_other_end_takes_the_carrier_away(net: Cabling) -> None:
    both = {"eth0", "eth1"}
    with kernel_of(net.host) as kernel:
        assert kernel.carriers(both) == both
        net.ip(net.switch, "link", "set", "port1", "down")
        until(lambda: kernel.carriers(both) == {"eth0"})
        net.ip(net.switch, "link", "set", "port1", "up")
        until(lambda: kernel.carriers(both) == both)


def test_a_link_is_known_under_the_name_that_it_has_now(net: Cabling) -> None:
    with kernel_of(net.host) as kernel:
        net.batch(net.host, "link set eth1 down\nlink set eth1 name lan0\nlink set lan0 up")
        until(lambda: kernel.carriers(["eth1", "lan0"]) == {"lan0"})
        assert "eth1" not in names(kernel)
        net.ip(net.host, "link", "delete", "lan0")
        assert kernel.carriers(["lan0"]) == frozenset()
        assert "lan0" not in names(kernel)


def test_a_port_that_leaves_its_bridge_is_still_a_link(net: Cabling) -> None:
    with kernel_of(net.host) as kernel:
        net.batch(
            net.host, "link add other0 type bridge\nlink set eth1 master other0\nlink set eth1 nomaster"
        )
        assert kernel.carriers(["eth1"]) == {"eth1"}


def test_each_namespace_has_its_own_links(net: Cabling) -> None:
    with kernel_of(net.host) as host, kernel_of(net.switch) as switch:
        net.ip(net.switch, "link", "add", "only-here", "type", "dummy")
        assert ("only-here" in names(switch), "only-here" in names(host)) == (True, False)


def test_what_was_told_and_could_not_be_kept_is_read_again(net: Cabling) -> None:
    with kernel_of(net.host, receive_buffer=1) as kernel:
        net.batch(net.host, "".join(f"link add {name} type dummy\nlink set {name} up\n" for name in MANY))
        assert names(kernel) >= set(MANY)
        assert kernel.carriers(MANY) == set(MANY)
        net.batch(net.host, "".join(f"link delete {name}\n" for name in MANY))
        assert names(kernel).isdisjoint(MANY)
        assert kernel.carriers(MANY) == frozenset()


def test_what_a_NIC_says_is_read_again_when_its_carrier_comes(net: Cabling) -> None:
    async def scene(kernel: Netlink, told: list[frozenset[str]]) -> None:
        first = kernel.devices(["eth1"])["eth1"]
        assert first == Device(speed=10000, full_duplex=True, read_at=first.read_at)
        net.ip(net.switch, "link", "set", "port1", "down")
        await until_told(told, "eth1")
        assert kernel.carriers(["eth0", "eth1"]) == {"eth0"}
        await until_says(kernel, "eth1", lambda said: said.read_at > first.read_at)

    hears(net, scene)


def test_a_bond_says_another_speed_when_another_slave_is_active(net: Cabling) -> None:
    net.batch(
        net.host,
        "link add pair0 type bond mode active-backup miimon 50\n"
        "link set eth1 down\nlink set eth1 master pair0\n"
        "link add slow0 type dummy\nlink set slow0 master pair0\nlink set pair0 up\n",
    )

    async def scene(kernel: Netlink, told: list[frozenset[str]]) -> None:
        await until_says(kernel, "pair0", lambda said: said.speed == 10000)
        told.clear()
        net.ip(net.switch, "link", "set", "port1", "down")
        await until_says(kernel, "pair0", lambda said: said.speed == 0)
        assert any("pair0" in names for names in told)

    hears(net, scene)
    net.batch(net.host, "link delete pair0\nlink delete slow0")


@pytest.fixture
def api(site: Site) -> Iterator[XenAPI]:
    api = XenAPI(site.home.socket)
    yield api
    api.close()


def test_of_a_cable_that_is_pulled_Bond_and_PIF_metrics_tell(site: Site, api: XenAPI) -> None:
    network = output(site.home, "network-create", "name-label=Bonded")
    output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
    ((bond, record),) = api.call("Bond.get_all_records").items()
    pifs = {pif["device"]: pif["metrics"] for pif in api.call("PIF.get_all_records").values()}
    assert record["links_up"] == 2

    def carriers() -> tuple[bool, ...]:
        every = api.call("PIF_metrics.get_all_records")
        return tuple(every[pifs[device]]["carrier"] for device in ("eth0", "eth1", "bond0"))

    assert carriers() == (True, True, True)
    active = bonding(site.net, "bond0")["Currently Active Slave"]
    site.net.ip(site.net.switch, "link", "set", f"port{active[-1]}", "down")
    until(lambda: api.call("Bond.get_links_up", bond) == 1)
    assert carriers() == (active != "eth0", active != "eth1", True)
    assert api.call("PIF_metrics.get_speed", pifs[active]) == 0
    until(lambda: api.call("PIF_metrics.get_speed", pifs["bond0"]) == 10000)
    site.net.ip(site.net.switch, "link", "set", f"port{active[-1]}", "up")
    until(lambda: api.call("Bond.get_links_up", bond) == 2)
    assert carriers() == (True, True, True)


def test_references_to_metrics_outlive_the_daemon(site: Site, api: XenAPI) -> None:
    before = api.call("PIF_metrics.get_all")
    site.daemon.kill()
    site.daemon.wait()
    site.restart()
    again = XenAPI(site.home.socket)
    assert again.call("PIF_metrics.get_all") == before
    again.close()

"""What devices say of themselves, remembered until there is news of them."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from agent.kernel.live import Device
from agent.netlink.nft.netfilter import Netfilter
from agent.netlink.nics.ethtool import read_device
from agent.netlink.nics.nic_info_cache import Devices
from agent.netlink.picture.device import News
from agent.netlink.picture.listener import Listener
from agent.netlink.sockets.monitor import Monitor
from agent.netlink.sockets.socket import Wire

PATIENCE = 5


class Kernel:
    """Devices that can be told to be faster, and who has read them; a read waits until `gate` is open."""

    def __init__(self) -> None:
        self.speeds = {"eth0": 1000, "eth1": 1000}
        self.reads: Counter[str] = Counter()
        self.entry: list[frozenset[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.devices = Devices(self.read, self.speeds, self.entry.append)

    def read(self, name: str) -> Device:
        assert self.gate.wait(PATIENCE)
        self.reads[name] += 1
        return Device(speed=self.speeds[name], full_duplex=True, read_at=datetime.now(UTC))

    def speed(self, name: str) -> int:
        return self.devices.of([name])[name].speed


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    yield kernel
    kernel.devices.close()


async def until_told(kernel: Kernel, times: int = 1) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(kernel.entry) < times:
            await asyncio.sleep(0)


async def test_a_device_is_read_once(kernel: Kernel) -> None:
    assert [kernel.speed("eth0") for _ in range(3)] == [1000] * 3
    assert kernel.reads == {"eth0": 1}


async def test_with_news_of_it_it_is_read_again_and_what_is_new_is_told(kernel: Kernel) -> None:
    kernel.devices.of(["eth0", "eth1"])
    kernel.speeds["eth0"] = 10000
    kernel.devices.renew({"eth0", "eth1"})
    await until_told(kernel)
    assert (kernel.entry, kernel.speed("eth0")) == ([frozenset({"eth0"})], 10000)
    assert kernel.reads == {"eth0": 2, "eth1": 2}


async def test_nobody_waits_for_a_slow_device(kernel: Kernel) -> None:
    kernel.devices.of(["eth0"])
    kernel.gate.clear()
    kernel.speeds["eth0"] = 10000
    kernel.devices.renew({"eth0"})
    await asyncio.sleep(0.01)
    assert kernel.speed("eth0") == 1000
    kernel.gate.set()
    await until_told(kernel)
    assert kernel.speed("eth0") == 10000


async def test_news_that_comes_while_a_device_is_read_has_it_read_once_more(kernel: Kernel) -> None:
    kernel.devices.of(["eth0"])
    kernel.gate.clear()
    kernel.devices.renew({"eth0"})
    await asyncio.sleep(0.01)
    kernel.speeds["eth0"] = 10000
    for _ in range(5):
        kernel.devices.renew({"eth0"})
    kernel.gate.set()
    await until_told(kernel)
    await asyncio.sleep(0.05)
    assert (kernel.speed("eth0"), kernel.reads) == (10000, {"eth0": 3})


async def test_news_of_what_nobody_has_asked_for_costs_nothing(kernel: Kernel) -> None:
    kernel.devices.renew({"eth0"})
    await asyncio.sleep(0.01)
    assert (kernel.reads, kernel.entry) == ({}, [])


async def test_a_name_that_no_device_has_is_not_read_until_one_has_it(kernel: Kernel) -> None:
    assert kernel.speed("eth2") == 0
    kernel.devices.renew({"eth2"})
    await asyncio.sleep(0.01)
    assert kernel.reads == {}
    kernel.speeds["eth2"] = 2500
    kernel.devices.renew({"eth2"})
    await until_told(kernel)
    assert kernel.speed("eth2") == 2500


async def test_a_device_that_has_gone_says_nothing_any_more(kernel: Kernel) -> None:
    kernel.devices.of(["eth0"])
    del kernel.speeds["eth0"]
    kernel.devices.renew({"eth0"})
    await until_told(kernel)
    assert (kernel.entry, kernel.speed("eth0")) == ([frozenset({"eth0"})], 0)


async def test_after_its_end_nothing_is_read_or_told(kernel: Kernel) -> None:
    kernel.devices.of(["eth0"])
    kernel.gate.clear()
    kernel.speeds["eth0"] = 10000
    kernel.devices.renew({"eth0"})
    await asyncio.sleep(0)
    kernel.devices.close()
    kernel.gate.set()
    await asyncio.sleep(0.05)
    assert (kernel.entry, asyncio.all_tasks()) == ([], {asyncio.current_task()})


def test_the_loopback_device_has_neither_speed_nor_place() -> None:
    wire = Wire()
    found = read_device(wire, "lo")
    assert (found.speed, found.full_duplex, found.bus_path, found.vendor_id) == (0, False, "", "")
    wire.close()


class Heard:
    """What a Listener has around it: eth0 and its carrier are news each time."""

    def catch_up(self, most: int) -> bool:
        return False

    def news(self) -> News:
        return News(frozenset({"eth0"}), frozenset(), frozenset({"eth0"}), ())

    def __contains__(self, name: str) -> bool:
        return False


async def test_news_that_is_heard_beside_the_loop_is_passed_on_in_it() -> None:
    """Records are made in a thread, and say what NICs say of themselves."""
    heard, told = Heard(), list[threading.Thread]()
    with closing(Monitor()) as monitor, closing(Wire()) as wire:
        listener = Listener(wire, monitor, heard, Netfilter(), frozenset)  # type: ignore[arg-type]
        listener.watch(lambda names: told.append(threading.current_thread()))
        await asyncio.to_thread(listener.devices, ["eth0"])
        async with asyncio.timeout(PATIENCE):
            while not told:
                await asyncio.sleep(0)
        listener.unwatch()
    assert set(told) == {threading.current_thread()}

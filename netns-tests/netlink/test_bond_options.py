"""Every option of a bond in every mode, without ports and with them, down and up: it is read back as it was
asked for, or refused with the reason before anything is touched."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from network.cabling import Cabling
from network.namespace import inside

from agent.engine.converge import reach
from agent.kernel.kinds.bond_port import BondPortOptions
from agent.kernel.kinds.option import Row, table
from agent.kernel.kinds.types import Addresses, Choice, Flag, HardwareAddress, Number, Port
from agent.kernel.link import GROUP
from agent.kernel.state import KernelState, Link, Role
from agent.kernel.steps import SetDown
from agent.model.bond_options import ROWS, BadProperty, BondSettings, lacking, settings_of
from agent.model.facts import Bonding
from agent.model.records import BondMode
from agent.netlink import Netlink

PORTS = ("eth0", "eth1")
MODES = [mode for mode in BondMode if mode != BondMode.BALANCE_SLB]
BOND = Link(name="bond0", kind="bond", MAC="02:00:00:00:00:aa", up=True, group=GROUP, alias="pifd test")
ARP = {"arp_interval": "100", "arp_ip_target": "192.0.2.1"}
BESIDE: dict[str, dict[str, str]] = {"arp_validate": ARP, "arp_interval": ARP, "missed_max": ARP}
"""What an option needs beside it to make sense."""


def texts(row: Row) -> list[str]:
    """Values to ask for: each of a choice, the other of two, the ends of a range."""
    match row.option.type:
        case Choice(names=names):
            return list(names)
        case Flag():
            return ["0", "1"]
        case Number() if row.option.multiple_of or row.name == "miimon":
            return ["100", "300"]
        case Number(low=low):
            return [str(low), str(min(row.option.type.highest, 2**20))]
        case Addresses(version=version):
            return ["192.0.2.1,192.0.2.2", "192.0.2.9", ""] if version == 4 else ["2001:db8::1", ""]
        case HardwareAddress():
            return ["02:00:00:00:00:07"]
        case Port():
            return ["eth1", ""]
    raise AssertionError(row)


def cells() -> Iterator[tuple[BondMode, dict[str, str]]]:
    for mode in MODES:
        for name, row in ROWS.items():
            if name == row.name != "mode":
                for text in texts(row):
                    yield mode, {**BESIDE.get(name, {}), name: text}
        for name, row in table(BondPortOptions).items():
            for text in texts(row):
                yield mode, {f"eth1.{name}": text}


class Bench:
    """A bond of pifd's with the kernel that has it."""

    def __init__(self, kernel: Netlink, lacks: Bonding) -> None:
        self.kernel, self.lacks = kernel, lacks
        self.outcomes: Counter[str] = Counter()

    async def has(self, settings: BondSettings, ports: tuple[str, ...]) -> None:
        await reach(self.kernel, lambda actual: wanted(actual, settings, ports))

    async def read(self) -> tuple[Any, dict[str, Any]]:
        links = (await self.kernel.read()).links
        return links["bond0"].options, {name: links[name].port for name in PORTS if links[name].port}

    async def check(self, mode: BondMode, properties: dict[str, str], ports: tuple[str, ...]) -> None:
        plain = settings_of(mode, {}, PORTS)
        try:
            settings = settings_of(mode, properties, PORTS)
        except BadProperty:
            self.outcomes["refused by the table"] += 1
            return
        if missing := [*lacking(mode, settings, self.lacks)]:
            assert all(bad.why for bad in missing)
            self.outcomes["refused, the kernel has not got it"] += 1
            return
        if not ports:
            settings = BondSettings(replace(settings.options, primary=""))
        await self.has(settings, ports)
        expected = {name: settings.ports.get(name, BondPortOptions()) for name in ports}
        assert await self.read() == (settings.options, expected), (mode, properties, ports)
        await self.has(plain, ports)
        self.outcomes["read back"] += 1


def wanted(actual: KernelState, settings: BondSettings, ports: tuple[str, ...]) -> KernelState:
    links = dict(actual.links)
    there = actual.links.get("bond0")
    own = settings.options.fail_over_mac != "none"
    MAC = there.MAC if there and (own or not ports) else BOND.MAC
    links["bond0"] = replace(BOND, MAC=MAC, options=settings.options, gro=there.gro if there else True)
    for name in PORTS:
        link = actual.links[name]
        plain = link.original_MAC or link.MAC
        if name in ports:
            links[name] = replace(
                link, up=True, master="bond0", MAC=link.MAC if own else MAC, role=Role.NIC,
                original_MAC=plain, original_MTU=1500, port=settings.ports.get(name, BondPortOptions()),
            )  # fmt: skip
        else:
            links[name] = replace(link, up=False, master="", MAC=plain, role=Role.NIC, port=None)
    return replace(actual, links=links)


@pytest.mark.parametrize("situation", ["up, no ports", "up, ports", "down, no ports", "down, ports"])
def test_every_option_in_every_mode_is_read_back_or_refused(net: Cabling, situation: str) -> None:
    ports = PORTS if "no ports" not in situation else ()

    async def run(kernel: Netlink) -> Counter[str]:
        bench = Bench(kernel, Bonding(await kernel.missing_in_bonding()))
        before = None
        for mode, properties in cells():
            if mode != before:
                await bench.has(settings_of(mode, {}, PORTS), ports)
                before = mode
            if situation.startswith("down"):
                await kernel.apply(SetDown("bond0"))
            await bench.check(mode, properties, ports)
        return bench.outcomes

    for name in PORTS:  # the cabling's NICs, with nothing on them
        net.ip(net.host, "address", "flush", "dev", name)
        net.ip(net.host, "link", "set", name, "down")
    with closing(inside(net.host, lambda: Netlink(Path("/nonexistent"), 0.2))) as kernel:
        outcomes = asyncio.run(run(kernel))
    print(situation, dict(outcomes))
    assert outcomes["read back"] > 200
    net.ip(net.host, "link", "delete", "bond0")

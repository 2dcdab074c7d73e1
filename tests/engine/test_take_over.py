"""What pifd tells of a take-over before it does it, and the name server's zone that goes along."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from agent.desired.desired import desired
from agent.engine.engine import Engine
from agent.errors import ConfiguredByOther, PIFUnmanaged
from agent.kernel.resolv_conf_text import nameservers_of
from agent.kernel.state import Address, Link, Route
from agent.model.records import PIF
from agent.network_managers import at_work_on, managers_of
from agent.rules import network
from agent.rules.pif import plug
from tests.fakes.mortal_store import MortalStore
from tests.worlds.world import GATEWAY, World, decision, host, pif_of, taken_over


async def test_a_check_tells_what_a_start_will_do_and_does_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    state = world.kernel.state
    world.kernel.state = replace(
        state,
        addresses=state.addresses | {Address("eth0", "192.0.2.200/32")},
        routes=frozenset({Route("eth0", "0.0.0.0/0", GATEWAY, 100)}),
        links={**state.links, "mv0": Link(name="mv0", kind="macvlan", lower="eth1")},
    )
    before = world.kernel.state
    store = MortalStore(world.file, world.kernel)
    engine = Engine(world.kernel, store, world.hotplug, (), lambda nic: [f"somebody configures {nic}"])
    lines = await engine.foresee_start("host1")
    assert lines[:6] == [
        "eth0: taken over, the management interface, by the bridge xenbr0: 192.0.2.10/24, "
        "a route to 0.0.0.0/0 via 192.0.2.1 (metric 100, table 254)",
        "eth0: 192.0.2.200/32 is some other program's: it goes along, and is not made at a boot",
        "somebody configures eth0",
        "eth1: left alone, mv0 has it",
        "eth8: left alone, storage has it",
        "eth9: left alone, storage has it",
    ]
    assert lines[6] == "left alone: docker0, eth1, eth8, eth9, gre0, lo, mv0, storage"
    assert lines[7].startswith("step 1 of ")
    assert (world.kernel.state, world.kernel.parts, store.load().records) == (before, 0, {})
    store.close()


def test_a_link_local_name_server_is_reached_over_the_bridge() -> None:
    state = replace(host(), resolver="nameserver fe80::1%eth0\n")
    model = taken_over(state)
    assert pif_of(model, "eth0").ip_configuration.DNS == "fe80::1"
    assert nameservers_of(desired(model, state).resolver or "") == ("fe80::1%xenbr0",)


@pytest.mark.parametrize(
    ("file", "text", "manager"),
    [
        ("run/NetworkManager/devices/7", "[device]\nmanaged=1\n", "NetworkManager"),
        ("run/systemd/netif/links/7", "ADMIN_STATE=configured\nOPER_STATE=routable\n", "systemd-networkd"),
        ("etc/netplan/01-host.yaml", "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n", "netplan"),
        ("etc/network/interfaces", "auto eth0\niface eth0 inet dhcp\n", "ifupdown"),
        ("run/network/ifstate", "lo=lo\neth0=eth0\n", "ifupdown"),
        ("etc/network/interfaces.d/50-cloud-init", "iface eth0 inet dhcp\n", "cloud-init"),
        ("proc/41/cmdline", "/sbin/dhclient\0-4\0eth0\0", "a DHCP client"),
    ],
)
def test_who_else_configures_a_NIC_is_told_by_name(
    tmp_path: Path, file: str, text: str, manager: str
) -> None:
    put(tmp_path / "sys/class/net/eth0/ifindex", "7\n")
    put(tmp_path / file, text)
    lines = list(managers_of("eth0", tmp_path))
    assert any(line.startswith(f"{manager} configures eth0; to hand it over: ") for line in lines)
    assert list(managers_of("eth1", tmp_path)) == []


def test_a_NIC_that_the_others_leave_alone_is_nobodys(tmp_path: Path) -> None:
    put(tmp_path / "sys/class/net/eth0/ifindex", "7\n")
    put(tmp_path / "run/NetworkManager/devices/7", "[device]\nmanaged=0\n")
    put(tmp_path / "run/systemd/netif/links/7", "ADMIN_STATE=unmanaged\n")
    put(tmp_path / "etc/network/interfaces", "iface eth0 inet manual\niface eth00 inet dhcp\n")
    assert list(managers_of("eth0", tmp_path)) == []


@pytest.mark.parametrize(
    ("command", "lease"),
    [
        ("/sbin/dhclient\0-4\0-pf\0/run/dhclient.eth0.pid\0eth0\0", ""),
        ("udhcpc\0-b\0-ieth0\0", ""),
        ("/sbin/udhcpc\0--interface=eth0\0", ""),
        ("dhcpcd: eth0 [ip4]", ""),
        ("dhcpcd: [manager] [ip4] [ip6]", "var/lib/dhcpcd/eth0.lease"),
        ("/usr/sbin/dhcpcd\0-b\0", "var/lib/dhcpcd5/dhcpcd-eth0.lease"),
    ],
)
def test_a_DHCP_client_is_known_by_its_process(tmp_path: Path, command: str, lease: str) -> None:
    put(tmp_path / "proc/41/cmdline", command)
    if lease:
        put(tmp_path / lease, "")
    assert at_work_on("eth0", tmp_path).startswith(
        "a DHCP client configures eth0; to hand it over: end it with"
    )
    assert [at_work_on(other, tmp_path) for other in ("eth1", "eth00", "eth")] == ["", "", ""]


def test_a_program_that_does_not_run_here_is_not_at_work(tmp_path: Path) -> None:
    put(tmp_path / "sys/class/net/eth0/ifindex", "7\n")
    put(tmp_path / "run/systemd/netif/links/7", "ADMIN_STATE=configured\n")
    assert at_work_on("eth0", tmp_path) == ""
    put(tmp_path / "proc/41/cmdline", "/lib/systemd/systemd-networkd\0")
    for process, namespace in (("self", "net:[1]"), ("41", "net:[1]")):
        (tmp_path / "proc" / process / "ns").mkdir(parents=True)
        (tmp_path / "proc" / process / "ns/net").symlink_to(namespace)
    assert at_work_on("eth0", tmp_path).startswith("systemd-networkd configures eth0")
    (tmp_path / "proc/41/ns/net").unlink()
    (tmp_path / "proc/41/ns/net").symlink_to("net:[2]")
    assert at_work_on("eth0", tmp_path) == ""


CLIENT = "a DHCP client configures {}; to hand it over: end it"


async def test_a_host_whose_management_a_program_configures_stays_until_it_is_handed_over(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    before, busy = world.kernel.state, {"eth0"}
    store = MortalStore(world.file, world.kernel)
    engine = Engine(
        world.kernel,
        store,
        world.hotplug,
        (),
        at_work_on=lambda nic: CLIENT.format(nic) if nic in busy else "",
    )
    with pytest.raises(ConfiguredByOther) as caught:
        await engine.start("host1")
    assert caught.value.parameters == ("eth0", CLIENT.format("eth0"))
    assert (world.kernel.state, store.load().records) == (before, {})
    engine.watch_over("host1", caught.value)
    assert engine.words == f"nothing can be changed: eth0: {CLIENT.format('eth0')}"
    with pytest.raises(ConfiguredByOther):
        await engine.change(decision(network.create, {}))
    busy.clear()
    async with asyncio.timeout(30):
        while engine.words != "the network is in the model's state":
            await asyncio.sleep(0.05)
    assert world.kernel.state.links["eth0"].master == "xenbr0"
    await engine.close()
    store.close()


async def test_another_NIC_that_a_program_configures_is_left_alone_and_the_rest_taken_over(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    theirs = Address("eth1", "198.51.100.7/24")
    world.kernel.state = replace(world.kernel.state, addresses=world.kernel.state.addresses | {theirs})
    store = MortalStore(world.file, world.kernel)
    engine = Engine(
        world.kernel,
        store,
        world.hotplug,
        (),
        at_work_on=lambda nic: CLIENT.format(nic) if nic == "eth1" else "",
    )
    before = world.kernel.state.links["eth1"]
    assert f"eth1: left alone, {CLIENT.format('eth1')}" in await engine.foresee_start("host1")
    await engine.start("host1")
    assert [(pif.device, pif.managed) for pif in engine.model.all(PIF)][:2] == [
        ("eth0", True),
        ("eth1", False),
    ]
    after = world.kernel.state
    assert (after.links["eth1"], theirs in after.addresses) == (before, True)
    assert after.links["eth0"].master == "xenbr0"
    with pytest.raises(PIFUnmanaged):
        await engine.change(decision(plug, pif_of(engine.model, "eth1").ref))
    await engine.close()
    store.close()


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)

"""What pifd tells of a take-over before it does it, and the name server's zone that goes along."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.desired.desired import desired
from agent.engine.engine import Engine
from agent.kernel.resolv_conf_text import nameservers_of
from agent.kernel.state import Address, Link, Route
from agent.network_managers import managers_of
from tests.fakes.mortal_store import MortalStore
from tests.worlds.world import GATEWAY, World, host, pif_of, taken_over


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


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(text)

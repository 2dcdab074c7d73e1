"""Tunnels to two far hosts at once: frames get through, and none from one far host to the other."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from host.daemon import Home, await_answer, start_forked
from host.xenapi import XenAPI
from interface_reconfigure.crosscheck import disagreements
from network.cabling import HOST_IP, HOST_IPV6, Cabling, cabling
from network.host_state import state_of
from network.machines import Far, far_host, gre, machine, plug_in, vxlan
from network.traffic import TRIAL, Tap, answers, shout

INNER = "10.77.0"
SHOUTER = "02:00:00:00:02:02"
END = "tunnelled"
"""What the far hosts call their ends."""
ON_THE_WAY = 0.3
"""Seconds."""


@dataclass(frozen=True)
class Mesh:
    """A host with a daemon, a VM of its own, and two far hosts."""

    net: Cabling
    api: XenAPI
    vm: str
    fars: tuple[Far, Far]


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    with ExitStack() as stack:
        net = stack.enter_context(cabling())
        vm = stack.enter_context(machine(net, "vm"))
        fars = stack.enter_context(far_host(net, 2)), stack.enter_context(far_host(net, 3))
        home = Home(tmp_path_factory.mktemp("mesh"))
        daemon = start_forked(net.host, home)
        await_answer(home)
        api = XenAPI(home.socket)
        yield Mesh(net, api, vm, fars)
        api.close()
        assert daemon.stop() == 0


@dataclass(frozen=True)
class Tunnel:
    """A tunnel with a VM on it; the references of both, and of the VM's VIF."""

    tunnel: str
    vm: str


def dug(mesh: Mesh, protocol: str, remotes: str) -> Tunnel:
    """A tunnel to both far hosts over eth0, and a VM that is on it."""
    api = mesh.api
    [eth0] = [ref for ref, pif in api.call("PIF.get_all_records").items() if pif["device"] == "eth0"]
    network = api.call("network.create", {"name_label": "tunnelled"})
    tunnel = api.call("tunnel.create", eth0, network, protocol)
    api.call("tunnel.add_to_other_config", tunnel, "remote-ips", remotes)
    vm = api.call("VM.create", {"name_label": "alpha"})
    vif = api.call("VIF.create", {"device": "0", "network": network, "VM": vm})
    plug_in(mesh.net, "vif1.0", mesh.vm, api.call("VIF.get_MAC", vif), f"{INNER}.10/24")
    api.call("VM.start", vm)
    return Tunnel(tunnel, vm)


def fill(mesh: Mesh, made: Tunnel) -> None:
    """Take both away again."""
    mesh.api.call("VM.hard_shutdown", made.vm)
    mesh.api.call("tunnel.destroy", made.tunnel)
    mesh.net.ip(mesh.net.host, "link", "delete", "vif1.0")
    for far in mesh.fars:
        mesh.net.ip(far.namespace, "link", "delete", END)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("protocol", ["gre", "vxlan"])
def test_a_vm_talks_to_both_far_hosts_and_what_one_shouts_does_not_come_to_the_other(
    mesh: Mesh, protocol: str, family: int
) -> None:
    ends = [far.address if family == 4 else far.address6 for far in mesh.fars]
    made = dug(mesh, protocol, ",".join(ends))
    status = mesh.api.call("tunnel.get_status", made.tunnel)
    assert status["active"] == "true", status
    dig = gre if protocol == "gre" else vxlan
    for number, far in enumerate(mesh.fars, 2):
        here = HOST_IP if family == 4 else HOST_IPV6
        dig(mesh.net, far, END, int(status["key"]), here, f"{INNER}.{number}/24")
    assert [answers(mesh.vm, f"{INNER}.{number}") for number in (2, 3)] == [True, True]
    assert heard(mesh) == {"vm": 1, "far": 0}
    assert disagreements(state_of(mesh.net.host), mesh.api.records()) == []
    fill(mesh, made)
    assert disagreements(state_of(mesh.net.host), mesh.api.records()) == []


def heard(mesh: Mesh) -> dict[str, int]:
    """How often a broadcast of the first far host's comes to the VM, and to the second far host."""
    with Tap(mesh.vm, "eth0") as vm, Tap(mesh.fars[1].namespace, END) as far:
        shout(mesh.fars[0].namespace, END, SHOUTER)
        taps = {"vm": vm.frames(ON_THE_WAY), "far": far.frames()}
    return {name: sum(frame.kind == TRIAL for frame in frames) for name, frames in taps.items()}

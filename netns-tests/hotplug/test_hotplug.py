"""A running VM's VIF goes into a bond where the operator's script asks the VM, and the script may refuse."""

import signal
import time
from collections.abc import Iterator

import pytest
from host.hypervisor import LIMIT, MAC, VIF, VM, Hypervisor, hypervisor
from host.pifctl import output, pifctl
from network.cabling import HOST_IP
from network.traffic import watching

CREATE = ("bond-create", "network-uuid=Bonded", "pif-uuids=eth0,eth1")
OFFLINE, ONLINE, BACK = "offline xenbr0", "online xapi0", "online xenbr0"
TOLD = {
    "type_if": "vif",
    "vif": VIF,
    "bridge": "xapi0",
    "mac": MAC,
    "mtu": "1500",
    "XENBUS_PATH": "backend/vif/7/0",
    "PIFD_VIF_DEVICE": "0",
    "PIFD_VM_NAME_LABEL": VM,
    "PIFD_VM_DOMID": "7",
    "PIFD_VM_POWER_STATE": "Running",
    "PIFD_VM_PV_DRIVERS": "false",
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hypervisor]:
    with hypervisor(tmp_path_factory.mktemp("hypervisor")) as found:
        yield found


@pytest.fixture
def host(shared: Hypervisor) -> Iterator[Hypervisor]:
    """The host with its VM; a test leaves both as they were."""
    before = shared.state()
    assert (shared.mute(), shared.asked()) == ([], [])
    yield shared
    shared.obey()
    assert (shared.state(), shared.mute()) == (before, [])


def test_a_running_vms_vif_goes_to_the_bonds_bridge_and_comes_back(host: Hypervisor) -> None:
    with watching(host.site.net.admin, HOST_IP) as pings:
        output(host.site.home, *CREATE)
    assert host.asked() == [OFFLINE, ONLINE]
    assert TOLD.items() <= host.environment().items()
    assert (host.site.net.ports("xapi0"), host.mute()) == (["bond0", VIF], [])
    output(host.site.home, "bond-destroy", "uuid=bond0")
    assert host.asked() == ["offline xapi0", BACK]
    assert host.site.net.ports("xenbr0") == ["eth0", VIF]
    assert pings.count.lost == 0


def refusal(host: Hypervisor) -> list[str]:
    """How the bond's creation fails: what a person reads below the VIF that it is about."""
    outcome = pifctl(host.site.home, *CREATE)
    _, kind, vif, *rest = outcome.error.splitlines()
    assert (outcome.status, kind) == (1, "type: VIF")
    assert vif.endswith(f"({VM}/0)")
    return rest


def test_a_script_that_refuses_to_give_the_vif_up_is_quoted(host: Hypervisor) -> None:
    host.order(OFFLINE, "echo 'the guest is busy' >&2; exit 3")
    assert refusal(host) == [f"msg: {VM}: exit status 3: the guest is busy", "code: DEVICE_DETACH_REJECTED"]
    assert host.asked() == [OFFLINE, BACK]


def test_a_script_that_refuses_the_new_bridge_is_asked_for_the_old_one(host: Hypervisor) -> None:
    host.order(ONLINE, "echo 'no such bridge here' >&2; exit 1")
    assert refusal(host) == [
        f"msg: {VM}: exit status 1: no such bridge here",
        "code: DEVICE_ATTACH_REJECTED",
    ]
    assert host.asked() == [OFFLINE, ONLINE, BACK]


def test_a_script_that_hangs_is_ended_with_all_that_it_started(host: Hypervisor) -> None:
    host.order(OFFLINE, 'ip link delete "$vif"; sleep 60 & echo $$ $! >"$here/processes"; wait')
    start = time.monotonic()
    assert refusal(host) == ["code: DEVICE_DETACH_TIMEOUT"]
    assert time.monotonic() - start < LIMIT + 5
    assert host.survivors() == []
    assert host.asked() == [OFFLINE, BACK]


def test_a_vif_whose_daemon_is_killed_while_it_is_given_up_is_back_after_a_restart(host: Hypervisor) -> None:
    host.order(OFFLINE, 'ip link delete "$vif"; kill -KILL $PPID; exit 0')
    assert pifctl(host.site.home, *CREATE).status == 1
    assert host.site.daemon.wait() == -signal.SIGKILL
    host.site.restart()
    assert host.asked() == [OFFLINE, BACK]

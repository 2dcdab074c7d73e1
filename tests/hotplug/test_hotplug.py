"""Who asks VMs: the operator's script, whatever it does, and pifd itself where there is none."""

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from agent.__main__ import hotplug
from agent.errors import (
    DeviceAttachRejected,
    DeviceAttachTimeout,
    DeviceDetachRejected,
    DeviceDetachTimeout,
    Failure,
    VMMissingPVDrivers,
)
from agent.hotplug.builtin import BuiltIn
from agent.hotplug.request import Request, request_of
from agent.hotplug.script import Script
from agent.hotplug.tail import KEPT
from agent.model.records import VIF, VM, PowerState, Ref
from agent.settings import Settings
from tests.worlds.world import World, network_of, with_record

REQUEST = Request(
    vif=Ref[VIF]("OpaqueRef:vif"),
    vm=Ref[VM]("OpaqueRef:vm"),
    vif_uuid="vif-uuid",
    vm_uuid="vm-uuid",
    vm_name_label="alpha",
    device="0",
    host_device="vif7.0",
    bridge="xapi0",
    MAC="02:00:00:00:01:00",
    MTU=1500,
    domid=7,
    power_state=PowerState.RUNNING,
    PV_drivers_detected=True,
)


def script(directory: Path, text: str, *, limit: float = 10) -> Script:
    """A provider that runs this shell script, with the directory as $here."""
    file = directory / "hotplug"
    file.write_text(f"#!/bin/sh\nhere={directory}\n{text}\n")
    file.chmod(0o755)
    return Script(file, limit)


async def refused(provider: Script, action: str = "plug", request: Request = REQUEST) -> Failure:
    with pytest.raises(Failure) as caught:
        await (provider.plug(request) if action == "plug" else provider.unplug(request))
    return caught.value


def is_alive(pid_file: Path) -> bool:
    """Whether the process that wrote its number there runs still (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid_file.read_text().strip()}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_the_script_is_told_what_Xens_scripts_are_told_and_more(tmp_path: Path) -> None:
    provider = script(
        tmp_path, 'env | grep -v "^PWD=\\|^_=\\|^SHLVL=" | sort >>$here/told; echo "$@" >>$here/told'
    )
    await provider.unplug(REQUEST)
    await provider.plug(replace(REQUEST, PV_drivers_detected=False))
    told = (tmp_path / "told").read_text().split("\n")
    assert told[:15] == [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PIFD_VIF_DEVICE=0",
        "PIFD_VIF_UUID=vif-uuid",
        "PIFD_VM_DOMID=7",
        "PIFD_VM_NAME_LABEL=alpha",
        "PIFD_VM_POWER_STATE=Running",
        "PIFD_VM_PV_DRIVERS=true",
        "PIFD_VM_UUID=vm-uuid",
        "XENBUS_PATH=backend/vif/7/0",
        "bridge=xapi0",
        "mac=02:00:00:00:01:00",
        "mtu=1500",
        "type_if=vif",
        "vif=vif7.0",
        "offline",
    ]
    assert (told[21], told[29]) == ("PIFD_VM_PV_DRIVERS=false", "online")


@pytest.fixture
def terminal() -> Iterator[None]:
    """Something that never ends stands where the tests' own standard input was."""
    ours, (outside, inside) = os.dup(0), os.pipe()
    os.dup2(outside, 0)
    yield
    os.dup2(ours, 0)
    for descriptor in (ours, outside, inside):
        os.close(descriptor)


async def test_the_script_has_no_input_and_its_output_goes_nowhere(
    tmp_path: Path, terminal: None, capfd: pytest.CaptureFixture[str]
) -> None:
    await script(tmp_path, 'cat >$here/input; echo "all is well"').plug(REQUEST)
    assert ((tmp_path / "input").read_text(), capfd.readouterr().out) == ("", "")


@pytest.mark.parametrize(
    ("action", "kind"), [("plug", DeviceAttachRejected), ("unplug", DeviceDetachRejected)]
)
async def test_another_exit_status_than_0_is_a_refusal_with_what_the_script_says(
    tmp_path: Path, action: str, kind: type[Failure]
) -> None:
    failure = await refused(script(tmp_path, "echo 'no drivers' >&2; exit 3"), action)
    assert (type(failure), failure.parameters) == (
        kind, ("VIF", REQUEST.vif, "alpha: exit status 3: no drivers"),
    )  # fmt: skip


async def test_a_script_that_says_nothing_is_told_by_its_status(tmp_path: Path) -> None:
    assert (await refused(script(tmp_path, "exit 1"))).parameters[2] == "alpha: exit status 1"


async def test_a_script_that_is_ended_by_a_signal_has_refused(tmp_path: Path) -> None:
    failure = await refused(script(tmp_path, "kill -KILL $$"))
    assert failure.parameters[2] == "alpha: ended by signal 9"


async def test_a_VM_without_a_name_goes_by_its_uuid(tmp_path: Path) -> None:
    failure = await refused(script(tmp_path, "exit 1"), request=replace(REQUEST, vm_name_label=""))
    assert failure.parameters[2] == "vm-uuid: exit status 1"


async def test_the_last_of_much_output_is_told_and_what_is_no_text_is_replaced(tmp_path: Path) -> None:
    provider = script(
        tmp_path, "head -c 1000000 /dev/zero | tr '\\0' x >&2; printf 'end\\377\\033[31m' >&2; exit 1"
    )
    told = (await refused(provider)).parameters[2]
    kept = "x" * (KEPT - 9) + "end\ufffd\ufffd[31m"
    assert told == f"alpha: exit status 1: {kept}"


@pytest.mark.parametrize(
    ("mode", "reason"), [(None, "No such file or directory"), (0o644, "Permission denied")]
)
async def test_a_script_that_cannot_be_run_is_a_refusal(
    tmp_path: Path, mode: int | None, reason: str
) -> None:
    provider = script(tmp_path, "exit 0")
    provider.file.unlink() if mode is None else provider.file.chmod(mode)
    failure = await refused(provider, "unplug")
    assert failure.parameters[2] == f"alpha: {provider.file} can't be run: {reason}"


@pytest.mark.parametrize(("action", "kind"), [("plug", DeviceAttachTimeout), ("unplug", DeviceDetachTimeout)])
async def test_a_script_that_takes_too_long_is_killed_with_all_that_it_started(
    tmp_path: Path, action: str, kind: type[Failure]
) -> None:
    text = "trap '' TERM; sleep 60 & echo $! >$here/child; echo $$ >$here/self; wait"
    failure = await refused(script(tmp_path, text, limit=0.5), action)
    assert (type(failure), failure.parameters) == (kind, ("VIF", REQUEST.vif))
    assert is_alive(tmp_path / "self") is False
    await until(lambda: not is_alive(tmp_path / "child"))


async def test_what_a_script_leaves_running_is_killed_and_not_waited_for(tmp_path: Path) -> None:
    start = monotonic()
    await script(tmp_path, "sleep 60 & echo $! >$here/child").plug(REQUEST)
    await until(lambda: not is_alive(tmp_path / "child"))
    assert monotonic() - start < 5


async def test_a_daemon_of_the_scripts_that_keeps_its_standard_error_holds_nothing_up(tmp_path: Path) -> None:
    start = monotonic()
    failure = await refused(script(tmp_path, "echo why >&2; setsid sleep 3 & exit 1"))
    assert (failure.parameters[2], monotonic() - start < 2) == ("alpha: exit status 1: why", True)


async def test_a_call_that_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    before = open_files()
    call = asyncio.create_task(script(tmp_path, "echo $$ >$here/self; exec sleep 60").plug(REQUEST))
    await until(lambda: (tmp_path / "self").is_file() and (tmp_path / "self").read_text().endswith("\n"))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (is_alive(tmp_path / "self"), open_files() - before) == (False, 0)


async def test_a_name_that_no_environment_can_hold_is_told_as_far_as_it_can_be(tmp_path: Path) -> None:
    provider = script(tmp_path, 'printf %s "$PIFD_VM_NAME_LABEL" >$here/name')
    await provider.plug(replace(REQUEST, vm_name_label="a\0b\ud800ü"))
    assert (tmp_path / "name").read_text() == "a?b?ü"


@pytest.mark.parametrize("state", [PowerState.RUNNING, PowerState.PAUSED])
async def test_without_a_script_a_live_VM_without_PV_drivers_refuses(state: PowerState) -> None:
    request = replace(REQUEST, PV_drivers_detected=False, power_state=state)
    for ask in (BuiltIn().unplug, BuiltIn().plug):
        with pytest.raises(VMMissingPVDrivers) as caught:
            await ask(request)
        assert caught.value.parameters == (REQUEST.vm,)


async def test_without_a_script_others_agree() -> None:
    for request in (REQUEST, replace(REQUEST, PV_drivers_detected=False, power_state=PowerState.HALTED)):
        await BuiltIn().unplug(request)
        await BuiltIn().plug(request)


def test_there_is_a_script_where_the_settings_name_one() -> None:
    named = Settings(hotplug_script=Path("/etc/xen/vif"), hotplug_timeout=5)
    assert hotplug(named) == Script(Path("/etc/xen/vif"), 5)
    assert type(hotplug(Settings())) is BuiltIn


async def test_a_request_says_what_the_model_says(world: World) -> None:
    plugged = await world.run_vm("alpha", network_of(world.model, "xenbr0").ref)
    model = with_record(world.model, replace(world.model.get(plugged), MTU=1400))
    found, vm = model.get(plugged), model.get(model.get(plugged).VM)
    assert request_of(model, plugged) == replace(
        REQUEST,
        vif=plugged,
        vm=vm.ref,
        vif_uuid=found.uuid,
        vm_uuid=vm.uuid,
        host_device="vif1.0",
        bridge="xenbr0",
        MAC=found.MAC,
        MTU=1400,
        domid=1,
    )


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)

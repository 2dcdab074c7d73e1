"""A guest that does not come up is a reason to take another kernel; one that dies later is not."""

import subprocess
import time
from pathlib import Path

import pytest
from guest import boot
from guest.kernel import NoKernelError


def guest(script: str, boot_limit: float = 20) -> boot.Guest:
    """A guest whose kernel is a shell script; "$1" is the folder that it shares with the host."""
    return boot.Guest(
        command_line=lambda job: ["sh", "-c", script, "kernel", str(job.folder)],
        environment={"PATH": "/usr/bin:/bin"},
        modules=Path("/nowhere"),
        mount="hostfs",
        outputs=("/dev/null", "/dev/null"),
        boot_limit=boot_limit,
    )


def test_a_command_has_its_status() -> None:
    assert boot.run(guest('touch "$1/started"; echo 3 >"$1/status"'), ["true"], timeout=20) == 3


def test_a_kernel_that_panics_at_once_did_not_boot() -> None:
    panic = 'echo "Kernel panic: no init"; echo "Call Trace:"; echo " [<0>] panic+0x1"; exit 7'
    with pytest.raises(NoKernelError) as raised:
        boot.run(guest(panic), ["true"], timeout=20)
    assert str(raised.value) == "it did not boot (exit status 7):\nKernel panic: no init"


def test_a_kernel_that_hangs_did_not_boot() -> None:
    began = time.monotonic()
    with pytest.raises(NoKernelError, match=r"it did not boot in 0\.5 s:\nstill waiting"):
        boot.run(guest("echo still waiting; exec sleep 60", boot_limit=0.5), ["true"], timeout=50)
    assert time.monotonic() - began < 20


def test_a_guest_that_dies_under_its_command_is_no_reason_for_another_kernel() -> None:
    with pytest.raises(boot.GuestDiedError, match=r"the guest died \(kernel exit 1\):\nOut of memory"):
        boot.run(guest('touch "$1/started"; echo Out of memory; exit 1'), ["true"], timeout=20)


@pytest.mark.parametrize("begun", ["true", 'touch "$1/started"'])
def test_the_time_for_a_command_has_an_end_wherever_it_is(begun: str) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        boot.run(guest(f"{begun}; exec sleep 60"), ["true"], timeout=0.5)

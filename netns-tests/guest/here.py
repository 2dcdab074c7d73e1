"""This machine's own kernel, where it has what the agent needs."""

import os
import shutil
import subprocess
from contextlib import suppress
from typing import NoReturn

from guest.kernel import PROBE, Kernel, NoKernelError

NEEDED_MODULES = ["bonding", "8021q", "veth", "bridge", "vxlan", "ip_gre", "ip6_gre"]


def kernel() -> Kernel:
    """Raises NoKernelError with what the kernel said to the first device that it can't make."""
    load_modules()
    try:
        probe = subprocess.run(
            ["unshare", "-n", "sh", "-c", PROBE], capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoKernelError(str(error)) from None
    if probe.returncode != 0:
        said = " ".join(probe.stderr.split()) or f"status {probe.returncode}"
        raise NoKernelError(f"it can't make a device of each kind that is needed ({said})")
    return Kernel(f"Linux {os.uname().release} (this machine's own)", run)


def load_modules() -> None:
    if shutil.which("modprobe"):
        # max_bonds=0: loading the module must not leave a bond0 on this machine.
        quietly("modprobe", "-q", "bonding", "max_bonds=0")
        quietly("modprobe", "-q", "-a", *NEEDED_MODULES)


def run(command: list[str], timeout: float) -> NoReturn:
    """Become the command, under coreutils' timeout, which has our very exit statuses."""
    os.execvp("timeout", ["timeout", "--kill-after=10", str(timeout), *command])


def quietly(*command: str) -> None:
    """A command that isn't installed, or fails, changes nothing: the probe decides."""
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(command, capture_output=True, timeout=30, check=False)

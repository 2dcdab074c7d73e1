"""The distribution's own kernel in qemu, over this machine's own file system: where nothing else works.

The kernel's package is unpacked, not installed: that would change what this machine boots.
"""

import os
import platform
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from guest import boot, debian, initramfs
from guest.kernel import Kernel, NoKernelError

BOOT_LIMIT = 600.0
"""Seconds until a command begins: 7 where the processor is emulated on a machine that does nothing else."""
TRIAL_LIMIT = 30.0
"""Seconds that a kernel may take to start and end where the processor does the work."""
KVM = Path("/dev/kvm")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

# The stock kernel of Debian, otherwise of Ubuntu, whose name is the same everywhere.
STOCK = {"debian": "linux-image-{architecture}", "ubuntu": "linux-image-generic"}


@dataclass(frozen=True)
class Processor:
    """What differs between architectures: qemu's program, package and machine, and the console."""

    program: str
    package: str
    architecture: str
    machine: tuple[str, ...]
    console: str


PROCESSORS = {
    "x86_64": Processor("qemu-system-x86_64", "qemu-system-x86", "amd64", (), "ttyS0"),
    "aarch64": Processor("qemu-system-aarch64", "qemu-system-arm", "arm64", ("-machine", "virt"), "ttyAMA0"),
}


@dataclass(frozen=True)
class Parts:
    """What is needed to boot."""

    processor: Processor
    memory: str
    kernel: Path
    modules: Path
    initramfs: Path

    @property
    def release(self) -> str:
        return self.kernel.name.partition("-")[2]


def kernel(memory: str) -> Kernel:
    parts = find(memory)
    reason = why_no_kvm(parts)
    guest = boot.Guest(
        command_line=partial(command_line, parts, reason is None),
        environment=os.environ,
        modules=parts.modules,
        mount="9p",
        outputs=("/dev/vport*p1", "/dev/vport*p2"),
        boot_limit=BOOT_LIMIT,
    )
    how = "qemu guest with KVM" if reason is None else f"qemu guest, slow, without KVM: {reason}"
    return Kernel(f"Linux {parts.release} ({how})", partial(boot.run, guest))


def find(memory: str) -> Parts:
    processor = PROCESSORS.get(platform.machine())
    if not processor:
        raise NoKernelError(f"this is {platform.machine()}; it is tried on {' and '.join(PROCESSORS)}")
    if not shutil.which(processor.program):
        raise NoKernelError(f"qemu is not installed: apt-get install {processor.package}")
    stock = STOCK.get(distribution(), STOCK["debian"]).format(architecture=processor.architecture)
    folder = debian.kept("linux", [stock], needs="linux-(image|modules)", finish=make_bootable)
    modules = modules_of(folder)
    return Parts(processor, memory, next((folder / "boot").glob("vmlinuz-*")), modules, folder / "initramfs")


def distribution() -> str:
    try:
        return platform.freedesktop_os_release()["ID"]
    except OSError:
        return ""


def modules_of(folder: Path) -> Path:
    """The folder that holds RELEASE/kernel/…"""
    return next(folder.glob("**/lib/modules"))


def make_bootable(new: Path, final: Path) -> None:
    """Do what the package's installation would: the list of modules, and a first file system."""
    modules = modules_of(new)
    release = next(modules.iterdir()).name
    base = modules.parents[1]
    debian.command("depmod", "--basedir", str(base), release, limit=300)
    (new / "initramfs").write_bytes(initramfs.made(base, release))


def command_line(parts: Parts, kvm: bool, job: boot.Job) -> list[str]:
    folders = [job.folder, *job.writable]
    return [
        *started(parts, kvm, f"JOB={job.folder}"),
        *shared("root", Path("/"), ",readonly=on"),
        *(word for number, folder in enumerate(folders) for word in shared(f"writable{number}", folder)),
        *("-device", "virtio-serial-pci"),
        *port(1, job.stdout),
        *port(2, job.stderr),
    ]


def started(parts: Parts, kvm: bool, tell: str) -> list[str]:
    """The kernel with a console; what is told is in its first program's environment."""
    return [
        parts.processor.program,
        *("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio"),
        *parts.processor.machine,
        *(("-accel", "kvm", "-cpu", "host") if kvm else ("-accel", "tcg", "-cpu", "max")),
        *("-smp", str(os.cpu_count() or 1), "-m", parts.memory),
        *("-kernel", str(parts.kernel), "-initrd", str(parts.initramfs)),
        "-append",
        f"console={parts.processor.console} loglevel=4 panic=-1 mitigations=off bonding.max_bonds=0 {tell}",
    ]


def shared(tag: str, folder: Path, more: str = "") -> list[str]:
    path = str(folder).replace(",", ",,")
    return ["-virtfs", f"local,path={path},mount_tag={tag},security_model=none,multidevs=remap{more}"]


def port(number: int, descriptor: int) -> list[str]:
    """A device in the guest that writes into a pipe of ours."""
    return [
        *("-chardev", f"file,id=port{number},path=/dev/fd/{descriptor}"),
        *("-device", f"virtserialport,chardev=port{number},nr={number}"),
    ]


def why_no_kvm(parts: Parts) -> str | None:
    """Why the processor has to be emulated; None where it does the work itself.

    /dev/kvm can be there and hang, so a kernel is started with it, once in the life of this machine.
    """
    if not os.access(KVM, os.R_OK | os.W_OK):
        return f"{KVM} can't be used"
    note = debian.CACHE / "kvm"
    boot_id = BOOT_ID.read_text()
    if note.exists() and note.read_text().startswith(boot_id):
        return note.read_text().removeprefix(boot_id) or None
    reason = trial(parts)
    with suppress(OSError):  # then it is tried again the next time
        note.write_text(boot_id + (reason or ""))
    return reason


def trial(parts: Parts) -> str | None:
    """Start a kernel that ends at once; what went wrong."""
    try:
        done = subprocess.run(
            started(parts, kvm=True, tell="TRIAL=1"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TRIAL_LIMIT,
        )
    except subprocess.TimeoutExpired:
        return f"a kernel with {KVM} did not start in {TRIAL_LIMIT:g} s"
    return None if done.returncode == 0 else f"a kernel with {KVM} did not start: {last_line(done.stderr)}"


def last_line(text: str) -> str:
    return re.sub(r"\s+", " ", text.strip().splitlines()[-1]) if text.strip() else "no message"

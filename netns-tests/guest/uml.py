"""User Mode Linux: a Linux that runs as a program, over this machine's own file system."""

import os
import platform
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from guest import boot, debian, xsave
from guest.kernel import Kernel, NoKernelError

INSTALLED_MODULES = Path("/usr/lib/uml/modules")
MODULES = "usr/lib/uml/modules"
PROGRAM = "usr/bin/linux.uml"

TESTED = ("7.2um1",)
"""Versions of Debian unstable that all tests have passed on. Another one is as good as its trial."""
NEEDED_LIBC = (2, 38)
LIBC = "usr/lib/x86_64-linux-gnu"

BOOT_LIMIT = 120.0
"""Seconds until a command begins; it takes two to four on a machine that does nothing else."""


def newest(memory: str) -> Kernel:
    """Debian unstable's; beside a libc that is too old for it, with unstable's libc."""
    require_amd64()
    own_libc = machines_libc() < NEEDED_LIBC
    packages = ["user-mode-linux", *(["libc6"] if own_libc else [])]
    folder = debian.kept(
        "uml-unstable", packages, suite="unstable", finish=give_own_libc if own_libc else None
    )
    version = debian.versions(folder)["user-mode-linux"]
    origin = f"Debian unstable's {version}" + ("" if version in TESTED else ", which nobody has tested yet")
    return kernel(folder / PROGRAM, folder / MODULES, origin, memory)


def distribution(memory: str) -> Kernel:
    """The one that is installed here, otherwise that of the distribution's archive."""
    require_amd64()
    if installed := shutil.which("linux.uml"):
        return kernel(Path(installed), INSTALLED_MODULES, "the distribution's", memory)
    folder = debian.kept("uml-distribution", ["user-mode-linux"])
    version = debian.versions(folder)["user-mode-linux"]
    return kernel(folder / PROGRAM, folder / MODULES, f"the distribution's {version}", memory)


def require_amd64() -> None:
    if platform.machine() != "x86_64":
        raise NoKernelError(f"Debian has it for x86_64 alone, and this is {platform.machine()}")


def machines_libc() -> tuple[int, ...]:
    name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    return tuple(map(int, version.split("."))) if name == "glibc" else ()


def give_own_libc(new: Path, final: Path) -> None:
    """Have the program use the libc beside it. (Started through ld.so, it could not execute itself anew.)"""
    patchelf = shutil.which("patchelf") or debian.kept("patchelf", ["patchelf"]) / "usr/bin/patchelf"
    interpreter = f"{final / LIBC}/ld-linux-x86-64.so.2"
    debian.command(
        *(str(patchelf), "--set-interpreter", interpreter, "--set-rpath", str(final / LIBC)),
        str(new / PROGRAM),
        limit=60,
    )


def kernel(program: Path, modules: Path, origin: str, memory: str) -> Kernel:
    try:
        release = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NoKernelError(f"{program} does not start: {error}") from None
    environment = dict(os.environ)
    if xsave.needs_preload(release.stdout, area := xsave.area()):
        environment["LD_PRELOAD"] = str(xsave.library())
        origin += f", with a preloaded ptrace for {area} bytes of registers"
    guest = boot.Guest(
        command_line=partial(command_line, program, memory),
        environment=environment | {"TMPDIR": memory_folder(memory)},
        modules=modules,
        mount="hostfs",
        outputs=("/dev/tty1", "/dev/tty2"),
        boot_limit=BOOT_LIMIT,
    )
    name = f"Linux {release.stdout.strip()} (User Mode Linux guest, {origin})"
    return Kernel(name, partial(boot.run, guest))


def command_line(program: Path, memory: str, job: boot.Job) -> list[str]:
    return [
        str(program),
        f"mem={memory}",
        *("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro"),
        f"init={job.folder}/init.sh",
        *(f"uml_dir={job.folder}/", "umid=guest"),
        # console 0 is the kernel's, 1 and 2 are the command's output and errors
        *(
            "con=null",
            "con0=null,fd:2",
            f"con1=null,fd:{job.stdout}",
            f"con2=null,fd:{job.stderr}",
            "loglevel=4",
        ),
        "panic=-1",
        "bonding.max_bonds=0",
        "seccomp=auto",  # twice as fast as ptrace, from 6.16 on
    ]


GUESTS = 4
"""So many run side by side in `make test`."""


def memory_folder(memory: str) -> str:
    """The guest's memory is a file: in /dev/shm, unless that is small, as in many containers."""
    size = int(memory[:-1]) << {"M": 20, "G": 30}[memory[-1]]
    fits = shutil.disk_usage("/dev/shm").free >= GUESTS * size
    return "/dev/shm" if fits else tempfile.gettempdir()

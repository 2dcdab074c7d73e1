"""A User Mode Linux guest over this machine's own file system that runs one command and is gone."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PARTS = Path(__file__).resolve().parent
MODULES = Path("/usr/lib/uml/modules")

# program to be found in PATH -> Debian package
PACKAGES = {"linux.uml": "user-mode-linux", "ip": "iproute2", "modprobe": "kmod"}

# What these name does not exist in the guest: sockets, terminals, make's job server.
LEFT_OUT = {
    *("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "NOTIFY_SOCKET", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR"),
    *("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "COLUMNS", "LINES", "OLDPWD", "SHLVL", "_"),
}

# A folder that can't be a guest's window to the host: the guest has its own of it.
GUESTS_OWN = {Path("/"), *map(Path, ("/dev", "/proc", "/run", "/sys"))}

# Outlives us however we end: when our end of the pipe closes, the guest's processes and the folder go.
# (No "--" for kill: dash's doesn't know it.)
KEEPER = 'trap "" HUP INT TERM; read -r _; kill -KILL "-$(cat "$1/pid")"; rm -rf -- "$1"'

# Becomes the guest's kernel once the keeper can find it; if the folder is gone already, it doesn't.
LAUNCHER = 'echo $$ >"$0/pid" && exec "$@"'


class GuestDiedError(Exception):
    """The guest ended without a word on how the command did."""


def name() -> str:
    release = subprocess.run(["linux.uml", "--version"], capture_output=True, text=True, check=True)
    return f"Linux {release.stdout.strip()} (User Mode Linux guest)"


def missing_packages() -> list[str]:
    return [package for program, package in PACKAGES.items() if not shutil.which(program)]


def run(command: list[str], timeout: float, memory: str) -> int:
    """The command's exit status; raises subprocess.TimeoutExpired or GuestDiedError."""
    with job_folder() as job:
        write_job(job, command)
        kernel_exit = run_kernel(job, timeout, memory)
        try:
            return int((job / "status").read_text())
        except (OSError, ValueError):
            raise GuestDiedError(f"the guest died (kernel exit {kernel_exit}):\n{last_words(job)}") from None


def last_words(job: Path) -> str:
    """The end of the console, without the lines of a stack trace."""
    lines = (job / "console").read_text(errors="replace").splitlines()
    return "\n".join([line for line in lines if line.strip() and not re.match(r" [\[0-9a-f]", line)][-20:])


@contextmanager
def job_folder() -> Iterator[Path]:
    """A folder that guest and host share; the guest in it is killed at the end."""
    job = Path(tempfile.mkdtemp(prefix="in-kernel-"))
    keeper = subprocess.Popen(
        ["sh", "-c", KEEPER, "keeper", job],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    assert keeper.stdin is not None
    try:
        yield job
    finally:
        keeper.stdin.close()
        keeper.wait()


def write_job(job: Path, command: list[str]) -> None:
    """The guest's scripts (a kernel command line can't name a path with spaces) and what they read."""
    for script in ("init.sh", "stage2.sh"):
        shutil.copy(PARTS / script, job)
    (job / "writable").write_text("".join(f"{folder}\n" for folder in writable_folders(Path.cwd())))
    environment = [f"{key}={value}" for key, value in os.environ.items() if key not in LEFT_OUT]
    (job / "command").write_text(
        f"cd {shlex.quote(str(Path.cwd()))} && exec env -i {shlex.join(environment)} {shlex.join(command)}\n"
    )


def writable_folders(cwd: Path) -> list[Path]:
    """The git work tree around the current directory; without one, the directory alone."""
    top = next((folder for folder in (cwd, *cwd.parents) if (folder / ".git").exists()), cwd)
    return [] if top in GUESTS_OWN else [top]


def run_kernel(job: Path, timeout: float, memory: str) -> int:
    """Boot, pass on what the command prints, wait for the power-off; the kernel's own exit status."""
    pipes = [os.pipe(), os.pipe()]
    writers = [writer for _, writer in pipes]
    with (job / "console").open("wb") as console:
        kernel = subprocess.Popen(
            ["sh", "-c", LAUNCHER, job, *kernel_command_line(job, memory, *writers)],
            env=kernel_environment(memory),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            pass_fds=writers,
            start_new_session=True,  # ^C is for us alone
        )
    for writer in writers:
        os.close(writer)
    outputs = [
        pass_on(reader, stream)
        for (reader, _), stream in zip(pipes, [sys.stdout.buffer, sys.stderr.buffer], strict=True)
    ]
    status = kernel.wait(timeout)
    for output in outputs:
        output.join(10)
    return status


def kernel_command_line(job: Path, memory: str, stdout: int, stderr: int) -> list[str]:
    return [
        "linux.uml",
        f"mem={memory}",
        *("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro"),
        f"init={job}/init.sh",
        *(f"uml_dir={job}/", "umid=guest"),
        # console 0 is the kernel's, 1 and 2 are the command's output and errors
        *("con=null", "con0=null,fd:2", f"con1=null,fd:{stdout}", f"con2=null,fd:{stderr}", "loglevel=4"),
        "panic=-1",
        "bonding.max_bonds=0",
        # init.sh finds these in its environment
        *(f"JOB={job}", f"MODULES={MODULES}"),
    ]


def kernel_environment(memory: str) -> dict[str, str]:
    """The guest's memory is a file: in /dev/shm, unless that is too small, as in many containers."""
    size = int(memory[:-1]) << {"M": 20, "G": 30}[memory[-1]]
    fits = shutil.disk_usage("/dev/shm").free >= size
    return dict(os.environ) | {"TMPDIR": "/dev/shm" if fits else tempfile.gettempdir()}


def pass_on(reader: int, stream: IO[bytes]) -> threading.Thread:
    """Copy all that comes from the guest to our own output."""

    def copy() -> None:
        with os.fdopen(reader, "rb", buffering=0) as source:
            while chunk := source.read(65536):
                stream.write(chunk)
                stream.flush()

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    return thread

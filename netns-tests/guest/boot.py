"""A guest over this machine's own file system that runs one command and is gone."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from guest.kernel import NoKernelError

PARTS = Path(__file__).resolve().parent

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


@dataclass(frozen=True)
class Guest:
    """How a guest is started, and what its scripts have to know of it.

    outputs: the devices in the guest behind stdout and stderr; mount: how it sees our folders, hostfs or 9p.
    boot_limit: seconds until the command begins.
    """

    command_line: Callable[["Job"], list[str]]
    environment: Mapping[str, str]
    modules: Path
    mount: str
    outputs: tuple[str, str]
    boot_limit: float


@dataclass(frozen=True)
class Job:
    """One run of a guest.

    folder: host and guest share it; writable: what else the guest may write.
    stdout, stderr: descriptors for the command's output and errors.
    """

    folder: Path
    writable: tuple[Path, ...]
    stdout: int
    stderr: int


def run(guest: Guest, command: list[str], timeout: float) -> int:
    """The command's exit status.

    Raises NoKernelError if the guest does not come up, GuestDiedError if it ends without a status of the
    command, subprocess.TimeoutExpired after so many seconds.
    """
    with job_folder() as folder:
        writable = tuple(writable_folders(Path.cwd()))
        write_job(guest, folder, writable, command)
        kernel_exit = run_kernel(guest, folder, writable, timeout)
        try:
            return int((folder / "status").read_text())
        except (OSError, ValueError):
            raise GuestDiedError(
                f"the guest died (kernel exit {kernel_exit}):\n{last_words(folder)}"
            ) from None


def last_words(job: Path) -> str:
    """The end of the console, without a stack trace."""
    told, _, _ = (job / "console").read_text(errors="replace").partition("Call Trace:")
    return "\n".join([line for line in told.splitlines() if line.strip()][-8:])


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


def write_job(guest: Guest, job: Path, writable: tuple[Path, ...], command: list[str]) -> None:
    """The guest's scripts (a kernel command line can't name a path with spaces) and what they read."""
    for script in ("init.sh", "stage2.sh"):
        shutil.copy(PARTS / script, job)
    facts = {"MODULES": guest.modules, "MOUNT": guest.mount, "OUT": guest.outputs[0], "ERR": guest.outputs[1]}
    (job / "facts").write_text("".join(f"{name}={shlex.quote(str(fact))}\n" for name, fact in facts.items()))
    (job / "writable").write_text("".join(f"{folder}\n" for folder in writable))
    environment = [f"{key}={value}" for key, value in os.environ.items() if key not in LEFT_OUT]
    (job / "command").write_text(
        f"cd {shlex.quote(str(Path.cwd()))} && exec env -i {shlex.join(environment)} {shlex.join(command)}\n"
    )


def writable_folders(cwd: Path) -> list[Path]:
    """The git work tree around the current directory; without one, the directory alone."""
    top = next((folder for folder in (cwd, *cwd.parents) if (folder / ".git").exists()), cwd)
    return [] if top in GUESTS_OWN else [top]


def run_kernel(guest: Guest, folder: Path, writable: tuple[Path, ...], timeout: float) -> int:
    """Boot, pass on what the command prints, wait for the power-off; the kernel's own exit status."""
    pipes = [os.pipe(), os.pipe()]
    writers = [writer for _, writer in pipes]
    with (folder / "console").open("wb") as console:
        kernel = subprocess.Popen(
            ["sh", "-c", LAUNCHER, folder, *guest.command_line(Job(folder, writable, *writers))],
            env=guest.environment,
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
    end = time.monotonic() + timeout
    try:
        await_start(kernel, folder, guest.boot_limit, timeout)
        status = kernel.wait(max(end - time.monotonic(), 0))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(kernel.pid, signal.SIGKILL)  # all of the guest's processes
        kernel.wait()
    for output in outputs:
        output.join(10)
    return status


def await_start(kernel: subprocess.Popen[bytes], folder: Path, boot_limit: float, timeout: float) -> None:
    """Wait until the command begins: until then another kernel can be taken instead."""
    began = time.monotonic()
    while not (folder / "started").exists():
        status = kernel.poll()
        if status is not None and not (folder / "started").exists():
            raise NoKernelError(f"it did not boot (exit status {status}):\n{last_words(folder)}")
        if time.monotonic() - began > timeout:
            raise subprocess.TimeoutExpired(kernel.args, timeout)
        if time.monotonic() - began > boot_limit:
            raise NoKernelError(f"it did not boot in {boot_limit:g} s:\n{last_words(folder)}")
        time.sleep(0.02)


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

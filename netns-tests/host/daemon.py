"""A pifd in a namespace: the real daemon, as a process of its own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from network.namespace import enter
from network.patience import patience
from network.picture import differences

from agent.__main__ import real_kernel, run
from agent.engine.kernel import Kernel
from agent.settings import Settings

NICS = "eth*"
PATIENCE = patience(30)
"""Seconds for a daemon to answer, or to end."""

MOST_FILES = 1024
WRONG_PICTURE = 3
"""The exit status of a forked daemon that ends well, with a picture of the kernel that is no fresh dump's."""

OpenKernel = Callable[[Settings], Kernel]


@dataclass(frozen=True)
class Home:
    """Where a daemon keeps its things, who asks its VMs, and who asks it.

    hotplug_timeout, carrier_wait: seconds.  pool: where the pool's etcd is.  plug_spares: not the default,
    because calls are tried from NICs that are unplugged.
    """

    directory: Path
    hotplug_script: Path | None = None
    hotplug_timeout: float = 30
    operators: str = ""
    readers: str = ""
    carrier_wait: float = 5
    pool: tuple[str, ...] = ()
    plug_spares: bool = False

    @property
    def socket(self) -> Path:
        return self.directory / "xapi"

    def settings(self) -> Settings:
        return Settings(
            state_dir=self.directory / "state",
            socket=self.socket,
            nics=(NICS,),
            resolv_conf=self.directory / "resolv.conf",
            carrier_wait=self.carrier_wait,
            hotplug_script=self.hotplug_script,
            hotplug_timeout=self.hotplug_timeout,
            operators=self.operators,
            readers=self.readers,
            audit_log=self.directory / "audit.log",
            pool_endpoints=self.pool,
            pool_timeout=patience(3),
            pool_lease=3,
            plug_spares=self.plug_spares,
        )


@dataclass
class Daemon:
    """A daemon that runs, as process `pid`."""

    pid: int
    home: Home
    log: Path

    def kill(self) -> None:
        """End it without a word."""
        os.kill(self.pid, signal.SIGKILL)

    def reap(self) -> None:
        """What is left of one that was killed."""
        os.waitpid(self.pid, 0)

    def stop(self) -> int:
        """Ask it to stop; its exit status (negative: the signal that ended it).

        So each test that a forked daemon ends well in shows that it had seen the kernel as it is.
        """
        os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """The exit status of a daemon that ends by itself; TimeoutError, and it is killed, if it does not."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        self.kill()
        os.waitpid(self.pid, 0)
        raise TimeoutError(f"the daemon did not end within {PATIENCE:g} s: {self.log.read_text()}")


def start_forked(namespace: str, home: Home, open_kernel: OpenKernel = real_kernel) -> Daemon:
    """Run the daemon's own `run` in a fork: a new process without the seconds that imports take here."""
    log = home.directory / "log"
    pid = os.fork()
    if pid == 0:
        _become_daemon(namespace, home, log, open_kernel)
    return Daemon(pid, home, log)


def _become_daemon(namespace: str, home: Home, log: Path, open_kernel: OpenKernel) -> None:
    status = 1
    try:
        os.setsid()
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.closerange(3, MOST_FILES)  # the test's own pipes: one held open here would never end
        enter(namespace)
        settings = home.settings()
        doors: list[Kernel] = []
        asyncio.run(run(settings, lambda: _kept(doors, open_kernel(settings))))
        found = [one for door in doors for one in asyncio.run(differences(door, settings.resolv_conf))]
        status = WRONG_PICTURE if found else 0
        os.write(2, "\n  ".join(found).encode())
    except BaseException as error:
        os.write(2, f"pifd: {error!r}\n".encode())
    finally:
        os._exit(status)


def _kept(doors: list[Kernel], kernel: Kernel) -> Kernel:
    doors.append(kernel)
    return kernel


@contextmanager
def program(namespace: str, home: Home) -> Iterator[Daemon]:
    """Run `pifd` itself, as a person would start it by hand."""
    log = home.directory / "log"
    settings = home.settings()
    options = [
        f"--{name.replace('_', '-')}={getattr(settings, name)}"
        for name in ("state_dir", "socket", "resolv_conf", "audit_log")
    ]
    pifd = Path(sys.executable).with_name("pifd")
    command = ["ip", "netns", "exec", namespace, str(pifd), *options, f"--nics={NICS}"]
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        await_answer(home, lambda: process.poll() is None)
        yield Daemon(process.pid, home, log)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def await_answer(home: Home, is_alive: Callable[[], bool] = lambda: True, seconds: float = PATIENCE) -> None:
    """Wait until a daemon listens on its socket, as long as it is alive."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and is_alive():
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(home.socket)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"no daemon answers on {home.socket}: {(home.directory / 'log').read_text()}")

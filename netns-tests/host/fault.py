"""Faulty, the real kernel with a fault: a part of a step is refused, or something happens just before it."""

import asyncio
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from host.daemon import Home

from agent.engine.kernel import Kernel
from agent.engine.slb_keeper import BESIDE
from agent.kernel.steps import Refused, Step, Together, flat
from agent.netlink import Netlink
from agent.settings import Settings

REFUSAL = "a fault was injected here"


@dataclass(frozen=True)
class Fault:
    """What is to happen at which part, the next one being 1.

    kind: `refuse` the part, `kill` the daemon before it, or `meddle` before it with an `ip` command.
    """

    kind: str
    part: int
    command: str = ""


def inject(home: Home, fault: Fault) -> None:
    """Arm a daemon that runs with `faulty_kernel`; it is disarmed as the fault happens."""
    (home.directory / "fault").write_text(f"{fault.kind} {fault.part} {fault.command}")


def disarm(home: Home) -> bool:
    """Whether the fault was still to come."""
    armed = (home.directory / "fault").exists()
    (home.directory / "fault").unlink(missing_ok=True)
    return armed


def faulty_kernel(settings: Settings) -> Kernel:
    """A door for `start_forked`."""
    return Faulty(settings.resolv_conf, settings.carrier_wait, settings.socket.parent / "fault")


class Faulty(Netlink):
    """Carries steps out as Netlink does, up to the part where the fault is."""

    def __init__(self, resolv_conf: Path, carrier_wait: float, orders: Path) -> None:
        super().__init__(resolv_conf, carrier_wait)
        self._orders = orders
        self._armed = 0
        self._done = 0

    async def apply(self, step: Step) -> None:
        """The parts before the fault are carried out, in one go as they would be."""
        task = asyncio.current_task()
        if not self._orders.exists() or (task is not None and task.get_name() == BESIDE):
            await super().apply(step)
            return
        self._begin(self._orders.stat().st_mtime_ns)
        kind, number, *command = self._orders.read_text().split()
        parts = flat([step])
        before = int(number) - 1 - self._done
        self._done += len(parts)
        if before >= len(parts):
            await super().apply(step)
            return
        await super().apply(Together(parts[:before]))
        self._orders.unlink()
        if kind == "refuse":
            raise Refused(parts[before], REFUSAL)
        if kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        subprocess.run(["ip", *command], check=True)
        await super().apply(Together(parts[before:]))

    def _begin(self, armed: int) -> None:
        """Count from one for each arming."""
        if armed != self._armed:
            self._armed, self._done = armed, 0

"""Script, the provider that runs an executable of the operator's, by the convention of Xen's hotplug scripts.

It is run with the argument `online` (the VM is to take the VIF) or `offline` (to give it up) and tells by its
exit status whether that was done; docs/hotplug.md is its contract.  Either must succeed when it was done
before: after a failure or a crash pifd asks again, with the bridge where the VIF is to be.
"""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from dataclasses import dataclass
from pathlib import Path

from agent.errors import DeviceAttachRejected, DeviceAttachTimeout, DeviceDetachRejected, DeviceDetachTimeout
from agent.hotplug.request import Request
from agent.hotplug.tail import Tail

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Script:
    """file: the executable.  limit: seconds that it may take, then it is killed with all that it started."""

    file: Path
    limit: float
    makes_devices = True

    async def unplug(self, request: Request) -> None:
        """Run it with `offline`.  Errors: DEVICE_DETACH_REJECTED, DEVICE_DETACH_TIMEOUT."""
        try:
            refusal = await self._run("offline", request)
        except TimeoutError:
            raise DeviceDetachTimeout("VIF", request.vif) from None
        if refusal:
            raise DeviceDetachRejected("VIF", request.vif, refusal)

    async def plug(self, request: Request) -> None:
        """Run it with `online`.  Errors: DEVICE_ATTACH_REJECTED, DEVICE_ATTACH_TIMEOUT."""
        try:
            refusal = await self._run("online", request)
        except TimeoutError:
            raise DeviceAttachTimeout("VIF", request.vif) from None
        if refusal:
            raise DeviceAttachRejected("VIF", request.vif, refusal)

    async def _run(self, action: str, request: Request) -> str:
        """Why the VM, or the script, refuses; "" when it does not."""
        who = request.vm_name_label or request.vm_uuid
        with Tail() as errors:
            try:
                status = await self._status(action, request, errors.entrance)
            except TimeoutError:  # is an OSError, too
                raise
            except OSError as error:
                return f"{who}: {self.file} can't be run: {error.strerror}"
            return f"{who}: {ending(status)}{errors.text()}" if status else ""

    async def _status(self, action: str, request: Request, errors: int) -> int:
        """The exit status, negative for a signal.  TimeoutError when the time is over."""
        async with asyncio.timeout(self.limit):
            process = await asyncio.create_subprocess_exec(
                self.file,
                action,
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=errors,
                cwd="/",
                env=environment(request),
                start_new_session=True,
            )
            try:
                return await process.wait()
            finally:
                await asyncio.shield(end(process))


async def end(process: Process) -> None:
    """Leave nothing of the script's running: it has a process group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def environment(request: Request) -> dict[bytes, bytes]:
    """What Xen's scripts are told, and what pifd knows beyond that.  Nothing of the daemon's own."""
    told = {
        "PATH": PATH,
        "XENBUS_PATH": f"backend/vif/{request.domid}/{request.device}",
        "type_if": "vif",
        "vif": request.host_device,
        "bridge": request.bridge,
        "mac": request.MAC,
        "mtu": str(request.MTU),
        "PIFD_VIF_UUID": request.vif_uuid,
        "PIFD_VIF_DEVICE": request.device,
        "PIFD_VM_UUID": request.vm_uuid,
        "PIFD_VM_NAME_LABEL": request.vm_name_label,
        "PIFD_VM_DOMID": str(request.domid),
        "PIFD_VM_POWER_STATE": request.power_state,
        "PIFD_VM_PV_DRIVERS": "true" if request.PV_drivers_detected else "false",
    }
    return {name.encode(): passable(value) for name, value in told.items()}


def passable(value: str) -> bytes:
    """A value that a process can be given: a name-label may hold what an environment can't."""
    return value.encode("utf-8", "replace").replace(b"\0", b"?")


def ending(status: int) -> str:
    """How the script ended, for a person."""
    return f"exit status {status}" if status > 0 else f"ended by signal {-status}"

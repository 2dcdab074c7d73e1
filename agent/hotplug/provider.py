"""Hotplug, the protocol by which a VM is asked to give up a VIF, or to take one."""

from typing import Protocol

from agent.hotplug.request import Request


class Hotplug(Protocol):
    """Somebody who can ask a VM.

    Errors: DEVICE_DETACH_REJECTED, DEVICE_ATTACH_REJECTED and VM_MISSING_PV_DRIVERS, then the VM has the VIF
    as it had it before; DEVICE_DETACH_TIMEOUT and DEVICE_ATTACH_TIMEOUT, then nobody knows.
    """

    @property
    def makes_devices(self) -> bool:
        """Whether taking a VIF makes its device on the host, and giving it up takes the device away."""

    async def unplug(self, request: Request) -> None:
        """Have the VM give up a VIF.  One that it has given up already is no error."""

    async def plug(self, request: Request) -> None:
        """Have the VM take a VIF.  One that it has taken already, on whatever bridge, is no error."""

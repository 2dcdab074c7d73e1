"""FakeHotplug, VMs in memory: what they are asked is kept, and they are stricter than real ones.

They can refuse a request, or the process can die at one; requests are counted from 0.
"""

import asyncio
from collections.abc import Collection
from dataclasses import replace

from agent.errors import DeviceAttachRejected, DeviceDetachRejected, VMMissingPVDrivers
from agent.hotplug.request import Request
from agent.kernel.state import Link
from tests.fakes.fake_kernel import FakeKernel, Killed


class FakeHotplug:
    """The VMs of a host whose kernel is a FakeKernel.

    makes_devices: whether a VIF's device comes and goes with it.  refuse, die_at, die_after: the numbers of
    the requests to refuse, and of that before or after which the process dies.  stubborn: the names of VMs
    that refuse everything.  forgetful_on: the bridges for which no device is made.  held: the VIFs that VMs
    have, with the bridge that they were told.  asked: every request, as "plug vif1.0 xenbr0".
    """

    def __init__(self, kernel: FakeKernel, *, makes_devices: bool = False) -> None:
        self.kernel, self.makes_devices = kernel, makes_devices
        self.refuse: Collection[int] = ()
        self.die_at = self.die_after = -1
        self.stubborn: Collection[str] = ()
        self.forgetful_on: Collection[str] = ()
        self.requests = 0
        self.held: dict[str, str] = {}
        self.asked: list[str] = []

    async def unplug(self, request: Request) -> None:
        """Give a VIF up."""
        await self._ask("unplug", request)
        self.held.pop(request.host_device, None)
        if self.makes_devices:
            self.kernel.remove(request.host_device)
        self._die_after()

    async def plug(self, request: Request) -> None:
        """Take a VIF; the bridge must be there."""
        await self._ask("plug", request)
        assert request.bridge in self.kernel.state.links, f"{request.bridge} is not there"
        self.held[request.host_device] = request.bridge
        if self.makes_devices and request.bridge not in self.forgetful_on:
            self.kernel.insert(vif_device(request.host_device))
        self._die_after()

    def expect(self, *, refuse: Collection[int] = (), die_at: int = -1, die_after: int = -1) -> None:
        """Count from 0 again, and refuse or die at these requests."""
        self.requests, self.refuse, self.die_at, self.die_after = 0, refuse, die_at, die_after

    async def _ask(self, what: str, request: Request) -> None:
        await asyncio.sleep(0)
        self.kernel.check_alive()
        number, self.requests = self.requests, self.requests + 1
        if number == self.die_at:
            self._die()
        self.asked.append(f"{what} {request.host_device} {request.bridge}")
        if number in self.refuse or request.vm_name_label in self.stubborn:
            raise error(what, request)
        if not self.makes_devices and not request.PV_drivers_detected:
            raise VMMissingPVDrivers(request.vm)

    def _die_after(self) -> None:
        if self.requests - 1 == self.die_after:
            self._die()

    def _die(self) -> None:
        self.kernel.dead = True
        raise Killed


def error(what: str, request: Request) -> Exception:
    """What a VM that refuses is known by."""
    words = f"{request.vm_name_label}: not now"
    if what == "plug":
        return DeviceAttachRejected("VIF", request.vif, words)
    return DeviceDetachRejected("VIF", request.vif, words)


def vif_device(name: str, **fields: object) -> Link:
    """The host's end of a VIF as a toolstack makes it: down, in no bridge."""
    return replace(Link(name=name, kind="veth", MAC="fe:ff:ff:ff:ff:ff"), **fields)  # type: ignore[arg-type]

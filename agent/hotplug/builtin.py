"""BuiltIn, the provider of a host without a hotplug script: pifd moves the host's devices, the VM stays."""

from agent.errors import VMMissingPVDrivers
from agent.hotplug.request import Request
from agent.model.vifs import LIVE


class BuiltIn:
    """Asks nothing of a VM but that it could do what it is asked: VM_MISSING_PV_DRIVERS where it can't."""

    makes_devices = False

    async def unplug(self, request: Request) -> None:
        """Nothing to do: the device is moved while the VM has it."""
        check_pv_drivers(request)

    async def plug(self, request: Request) -> None:
        """Nothing to do: the toolstack has made the device."""
        check_pv_drivers(request)


def check_pv_drivers(request: Request) -> None:
    """A VM that lives must have the drivers; one that does not is not asked (create, step 3)."""
    if request.power_state in LIVE and not request.PV_drivers_detected:
        raise VMMissingPVDrivers(request.vm)

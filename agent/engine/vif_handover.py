"""What VMs are asked during one call, to give up VIFs and to take them, and asking them back."""

import logging
from collections.abc import Awaitable, Callable, Collection

from agent.engine.converge import Kernel, WantedOf, reach
from agent.errors import DeviceAttachRejected, Failure
from agent.hotplug.request import Hotplug, Request, request_of
from agent.kernel.state import KernelState
from agent.model.draft import Plan
from agent.model.layering import Given, given_by
from agent.model.model import Model
from agent.model.records import VIF, Ref
from agent.model.vifs import device_of, is_live, is_plugged

log = logging.getLogger("pifd.hotplug")


def asked_by(plan: Plan) -> frozenset[Ref[VIF]]:
    """The VIFs whose VMs a plan asks."""
    return frozenset(plan.unplug) | frozenset(plan.plug)


def takes_devices(plan: Plan) -> bool:
    """Whether pifd is given NICs, or VIFs whose VMs are not asked: a crash must not have it forget them."""
    before, after = given_by(plan.before), given_by(plan.after)
    asked = {device_of(plan.after, plan.after.get(ref)) for ref in plan.plug}
    return bool(after.nics - before.nics or after.vifs - before.vifs - asked)


def given_to(model: Model, vifs: Collection[Ref[VIF]]) -> Given:
    """The devices of VIFs that VMs were asked to take: pifd may have made them ports, and takes them out."""
    found = (model.get(ref) for ref in vifs)
    return Given(vifs=frozenset(device_of(model, vif) for vif in found if is_live(model.get(vif.VM))))


async def unplug(hotplug: Hotplug, plan: Plan) -> None:
    """The VMs give up their VIFs (create, step 3; destroy, step 1).  Raises the first one's Failure."""
    for ref in plan.unplug:
        await asked("give up", hotplug.unplug, request_of(plan.before, ref))


async def plug(hotplug: Hotplug, plan: Plan) -> None:
    """The VMs take the VIFs, on their new bridges.  Raises the first one's Failure."""
    for ref in plan.plug:
        await asked("take", hotplug.plug, request_of(plan.after, ref))


async def asked(what: str, ask: Callable[[Request], Awaitable[None]], request: Request) -> None:
    """Ask one VM, and say so."""
    vm, number = request.vm_name_label or request.vm_uuid, request.device
    log.info("ask VM %s to %s VIF %s (%s on %s)", vm, what, number, request.host_device, request.bridge)
    await ask(request)


def check_taken(plan: Plan, actual: KernelState) -> None:
    """What the VMs have taken is on the host too: DEVICE_ATTACH_REJECTED where a script did not do its part.

    Without a script, a device that is missing now was missing before, or the plan would have been refused.
    """
    for ref in plan.plug:
        if is_plugged(plan.after, plan.after.get(ref)):
            check_there(plan.after, ref, actual)


async def ask_back(
    kernel: Kernel,
    hotplug: Hotplug,
    model: Model,
    vifs: Collection[Ref[VIF]],
    wanted_of: WantedOf,
) -> None:
    """Each VM has what the model says it has, whatever it was asked, and the kernel is as it is wanted.

    Every VM is asked, then the first trouble is raised: a Failure, or what reach() raises.
    """
    refusals = {ref: await asked_back(hotplug, model, ref) for ref in sorted(vifs)}
    await reach(kernel, wanted_of)
    actual = await kernel.read()
    for ref, refusal in refusals.items():
        if hotplug.makes_devices and is_live(model.get(model.get(ref).VM)):
            check_given_back(model, ref, refusal, actual)


async def asked_back(hotplug: Hotplug, model: Model, ref: Ref[VIF]) -> Failure | None:
    """Ask one VM; gives back its refusal, which need not be trouble (see check_given_back)."""
    vif = model.get(ref)
    try:
        if is_plugged(model, vif):
            await asked("take again", hotplug.plug, request_of(model, ref))
        elif is_live(model.get(vif.VM)):
            await asked("give up again", hotplug.unplug, request_of(model, ref))
    except Failure as refusal:
        log.warning("VIF %s: %s", vif.uuid, refusal)
        return refusal
    return None


def check_given_back(model: Model, ref: Ref[VIF], refusal: Failure | None, actual: KernelState) -> None:
    """A refusal is trouble only where the device is not as the model says.

    A VM that would not give a VIF up, say for lack of PV drivers, may refuse as well to take it again.  It
    has it still.
    """
    vif = model.get(ref)
    there = device_of(model, vif) in actual.links
    if refusal is not None and there != is_plugged(model, vif):
        raise refusal
    if is_plugged(model, vif):
        check_there(model, ref, actual)


def check_there(model: Model, ref: Ref[VIF], actual: KernelState) -> None:
    """The device of a VIF is on the host."""
    device = device_of(model, model.get(ref))
    if device not in actual.links:
        raise DeviceAttachRejected("VIF", ref, f"{device} is not there")

"""Reconciler: the kernel is in the model's state as far as it can be had, and what can't is tried again."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial

from agent.desired.desired import NOTHING_GIVEN, desired
from agent.engine.committed import CommittedModel
from agent.engine.converge import Kernel, NotTaken, reach
from agent.engine.fault_attribution import attributed, devices_of
from agent.engine.notifier import Notifier
from agent.engine.vif_handover import ask_back, given_to
from agent.errors import Failure
from agent.hotplug.provider import Hotplug
from agent.interface_reconfigure.ownership import check_ownership
from agent.kernel.state import KernelState
from agent.kernel.steps import Refused
from agent.model.draft import Draft, Plan, changes
from agent.model.layering import Given, given_by
from agent.model.model import Model
from agent.model.records import PIF, VIF, Ref
from agent.model.vifs import device_of, is_plugged

log = logging.getLogger("pifd.engine")

RETRY_FIRST, RETRY_LAST = 1.0, 60.0
"""Seconds between two attempts to bring a kernel that went astray to the model's state."""

TROUBLE = (Refused, NotTaken, Failure, OSError)
"""What the kernel, a VM or the store may have against it."""

Port = PIF | VIF


class Reconciler:
    """failures: the PIFs and VIFs that could not be had, and why.  in_model_state: set while there are none.

    notifier: notifies when the failures change.
    """

    def __init__(
        self, kernel: Kernel, ledger: CommittedModel, hotplug: Hotplug, turn: asyncio.Lock, notifier: Notifier
    ) -> None:
        self._kernel, self._committed, self._hotplug = kernel, ledger, hotplug
        self._turn, self._notifier = turn, notifier
        self._failures: Mapping[Ref[Port], str] = {}
        self._task: asyncio.Task[None] | None = None
        self.in_model_state = asyncio.Event()

    @property
    def failures(self) -> Mapping[Ref[Port], str]:
        return self._failures

    async def bring_up(self, left: Model) -> None:
        """At a start, one PIF or VIF that can't be had must not keep the others from coming up.

        left: the model as the last process left it, whose NICs were pifd's; its VIFs may refer to nothing.
        """
        given = given_by(Model({pif.ref: pif for pif in left.all(PIF)}))
        while (trouble := await self._trouble(given)) is not None:
            suspects = [found for found in attributed(self._committed.model, trouble) if self._is_in(found)]
            name = self._name(suspects[0]) if suspects else "the host's network"
            log.error("%s: %s", name, trouble)
            self.go_astray()
            if not suspects:
                break
            self._leave_out(suspects[0], str(trouble))
        await self._finish_handovers()
        await self._warn_of_missing_vifs()
        if self._task is None:
            self.in_model_state.set()

    def feasible(self, plan: Plan) -> Plan:
        """The plan without what could not be had before and that it leaves as it is.

        A PIF that is broken must not hold up calls that have nothing to do with it.
        """
        changed = {record.ref for record, _ in changes(plan).changed}
        still = self._failures.keys() & plan.after.records.keys() - changed
        before, after = without(plan.before, self._failures), without(plan.after, still)
        return replace(plan, before=before, after=after)

    def leave_out_what_is_lost(self, actual: KernelState) -> None:
        """What somebody else has taken since, and can be seen not to be had any more, holds up no call."""
        while (refused := self._preflight(actual)) is not None:
            suspects = [found for found in attributed(self._committed.model, refused) if self._is_in(found)]
            if not suspects:
                return
            log.error("%s: %s", self._name(suspects[0]), refused)
            self.go_astray()
            self._leave_out(suspects[0], str(refused))

    def _preflight(self, actual: KernelState) -> Refused | None:
        try:
            check_ownership(actual, self._wanted(actual))
        except Refused as refused:
            return refused
        return None

    def carried_out(self, whole: Plan) -> None:
        """A plan has been carried out: what it has changed could be had, or is not wanted any more."""
        carried_out = self.feasible(whole).after
        left = {
            ref: why
            for ref, why in self._failures.items()
            if (found := whole.after.records.get(ref)) is not None and carried_out.get(ref) != found
        }
        self._set_failures(left)
        if not left and not self._committed.asked:
            self.in_model_state.set()

    def go_astray(self) -> None:
        """The kernel is not in the model's state: try until it is."""
        self.in_model_state.clear()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._retry())

    @property
    def is_astray(self) -> bool:
        return self._task is not None and not self._task.done()

    async def close(self) -> None:
        """Stop trying; not in the middle of an attempt."""
        async with self._turn:
            if self._task is not None:
                self._task.cancel()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _retry(self) -> None:
        pause = RETRY_FIRST
        while not self.in_model_state.is_set():
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_LAST)
            async with self._turn:
                await self._try_again()

    async def _try_again(self) -> None:
        """All of the model; if that still can't be had, at least what could be had before."""
        trouble = await self._trouble(left_out=())
        if trouble is None:
            self._set_failures({})
        else:
            log.error("still not in the model's state: %s", trouble)
            await self._trouble()
        if await self._finish_handovers() and trouble is None:
            self.in_model_state.set()
            log.info("the kernel is in the model's state again")

    async def _trouble(
        self, given: Given = NOTHING_GIVEN, left_out: Collection[Ref[Port]] | None = None
    ) -> Exception | None:
        """What stands in the way of the model, less what is left out of it (else what could not be had)."""
        try:
            await reach(self._kernel, partial(self._wanted, given=given, left_out=left_out))
        except TROUBLE as error:
            return error
        return None

    def _wanted(
        self,
        actual: KernelState,
        given: Given = NOTHING_GIVEN,
        left_out: Collection[Ref[Port]] | None = None,
    ) -> KernelState:
        model = self._committed.model
        every = given | given_by(model) | given_to(model, self._committed.asked)
        return desired(without(model, self._failures if left_out is None else left_out), actual, every)

    async def _finish_handovers(self) -> bool:
        """VMs that a call asked something, and did not live to see the end of, are asked back."""
        model, asked = self._committed.model, self._committed.asked
        try:
            if asked:
                await ask_back(self._kernel, self._hotplug, model, asked, self._wanted)
                await self._committed.commit(model, ended=asked)
        except TROUBLE as error:
            log.error("what a VM was asked before can't be taken back: %s", error)
            self.go_astray()
            return False
        return True

    async def _warn_of_missing_vifs(self) -> None:
        actual, model = await self._kernel.read(), self._committed.model
        for vif in model.all(VIF):
            if is_plugged(model, vif) and device_of(model, vif) not in actual.links:
                vm = model.get(vif.VM)
                log.warning("%s of VM %s is not there", device_of(model, vif), vm.name_label or vm.uuid)

    def _leave_out(self, port: Port, why: str) -> None:
        self._set_failures({**self._failures, port.ref: why})

    def _set_failures(self, failures: Mapping[Ref[Port], str]) -> None:
        """Readers have the old ones or the new ones, never some of each."""
        if failures != self._failures:
            self._failures = failures
            self._notifier.notify()

    def _is_in(self, port: Port) -> bool:
        return port.currently_attached and port.ref not in self._failures

    def _name(self, port: Port) -> str:
        model = self._committed.model
        return device_of(model, port) if isinstance(port, VIF) else "/".join(devices_of(model, port))


def without(model: Model, refs: Collection[Ref[Port]]) -> Model:
    """The model as if some PIFs and VIFs were unplugged."""
    draft = Draft(model)
    for ref in sorted(model.records.keys() & set(refs)):
        draft.put(replace(model.get(Ref(ref)), currently_attached=False))
    return draft.model

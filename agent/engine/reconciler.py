"""Reconciler: the kernel is brought to the model's state, and what fails is tried again."""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from agent.desired.desired import NOTHING_GIVEN
from agent.engine.cards import Cards
from agent.engine.committed import CommittedModel
from agent.engine.condition import ALL_IS_WELL, Condition, condition_of, missing_vifs, without_ipv6, words_for
from agent.engine.converge import Kernel, NotTaken, reach
from agent.engine.faults import NO_FAULTS, Faults, wanted, with_trouble, without
from agent.engine.notifier import Notifier
from agent.engine.off_loop import off_loop
from agent.engine.progress import UNWATCHED, Progress, Stoppable
from agent.engine.scope import Scope, scope_of
from agent.engine.vif_handover import ask_back, given_to
from agent.errors import Failure
from agent.hotplug.request import Hotplug
from agent.kernel.state import KernelState
from agent.kernel.steps import Refused
from agent.model.draft import Plan, changes
from agent.model.layering import Given, given_by, nics_given_by
from agent.model.model import Model
from agent.model.records import PIF, Ref
from agent.model.vifs import device_of
from agent.rules.management import under_management, with_management_alone

log = logging.getLogger("pifd.engine")

RETRY_FIRST, RETRY_LAST = 1.0, 60.0
"""Seconds between two attempts to bring the kernel to the model's state."""
NEWS_PAUSE = 0.1
"""Seconds from news of a device to a look at it: more may come."""
LEISURE, LONGEST_LEISURE = 60, 10.0
"""How many times as long as a look computes there is no other one, whatever happens; seconds at the most."""

TROUBLE = (Refused, NotTaken, Failure, OSError)
"""What the kernel, a VM or the store may have against it."""


class Reconciler:
    """condition: what is not as the model says.  in_model_state: set while that is nothing.

    notifier: notifies when the condition changes.
    """

    def __init__(
        self,
        kernel: Kernel,
        committed: CommittedModel,
        cards: Cards,
        hotplug: Hotplug,
        turn: asyncio.Lock,
        notifier: Notifier,
    ) -> None:
        self._kernel, self._committed, self._hotplug = kernel, committed, hotplug
        self._cards = cards
        self._turn, self._notifier = turn, notifier
        self._faults = NO_FAULTS
        self._trouble = ""
        self._condition = ALL_IS_WELL
        self._news, self._mends = asyncio.Event(), False
        self._task: asyncio.Task[None] | None = None
        self._tries = 0
        self._indices: Mapping[str, int] = {}
        self.is_astray = False
        self.in_model_state = asyncio.Event()

    @property
    def condition(self) -> Condition:
        return self._condition

    @property
    def failures(self) -> Mapping[Ref[Any], str]:
        """The plugged PIFs and VIFs that are not up, and why."""
        return self._condition.failures

    @property
    def words(self) -> str:
        """One line on how the network is."""
        return words_for(self._committed.here, self._condition, self._trouble)

    async def bring_up(self, left: Model, progress: Progress = UNWATCHED) -> None:
        """At a start, one thing that fails keeps no other from coming up; management comes first.

        left: the model as the last process left it, whose NICs were pifd's; its VIFs may refer to nothing.
        """
        given = nics_given_by(left)
        actual = await self._kernel.read()
        if not any(link.owned for link in actual.links.values()):
            await self._bring_management_up(progress)
        await self._attempt(given, progress)
        if self._condition:
            log.error("%s", self.words)
        model, actual = self._committed.here, await self._kernel.read()
        self._is_back(actual)
        for vif in missing_vifs(model, actual):
            vm = model.get(vif.VM)
            log.warning("%s of VM %s is not there", device_of(model, vif), vm.name_label or vm.uuid)

    def begin(self) -> None:
        """From now on, news is heeded and what failed is tried again."""
        self._task = asyncio.create_task(self._mind())

    def news(self) -> None:
        """Something happened to a device that the model knows."""
        self._news.set()

    def scope(self, plan: Plan, actual: KernelState) -> Scope:
        """What a plan changes, given what failed before."""
        lost, still = Faults(self._faults.ports), Faults(self._faults_beside(plan).ports)
        before = wanted(plan.before, actual, given_by(plan.before), lost, actual)
        after = wanted(plan.after, actual, given_by(plan.before) | given_by(plan.after), still, actual)
        return scope_of(before, after, actual)

    def wanted_by(self, plan: Plan, scope: Scope, was: KernelState, actual: KernelState) -> KernelState:
        """What the kernel should be for a plan.  was: the kernel before it."""
        given = given_by(plan.before) | given_by(plan.after)
        faults = self._faults_beside(plan).but((), scope.own)
        return scope.within(wanted(plan.after, actual, given, faults, was), actual)

    def tolerates(self, plan: Plan, scope: Scope, trouble: Exception) -> bool:
        """Whether a trouble is none of the plan's; then it is one of the faults from now on."""
        if not isinstance(trouble, Refused | NotTaken) or scope.is_to_blame(trouble):
            return False
        found = with_trouble(plan.before, trouble, self._faults)
        if not found:
            return False
        log.error("%s", trouble)
        self._faults |= found
        self.go_astray()
        return True

    def feasible(self, plan: Plan) -> Plan:
        """The plan without what failed before and that it leaves as it is.

        A PIF that is broken must not hold up calls that have nothing to do with it.
        """
        still = self._faults_beside(plan).ports
        return replace(
            plan, before=without(plan.before, self._faults.ports), after=without(plan.after, still)
        )

    async def carried_out(self, plan: Plan, scope: Scope, actual: KernelState) -> None:
        """A plan has been carried out: what it has changed is up, or is not wanted any more."""
        if self._is_back(actual):
            self.go_astray()
        parts = [part for part in self._faults.parts if part in scope.own]
        self._faults = self._faults_beside(plan).but((), parts)
        known = self._committed.model.records
        self._faults = self._faults.but([ref for ref in self._faults.ports if ref not in known])
        if not scope.narrow:
            self.is_astray = bool(self._faults)
        off = without_ipv6(self._committed.here, actual)
        if self._condition or self.is_astray or off or not self.in_model_state.is_set():
            await self._compare(actual)
        elif not scope.narrow:
            self._news.clear()  # it was of what the plan did, and has been compared

    def _faults_beside(self, plan: Plan) -> Faults:
        """The faults that a plan does not try to mend."""
        found = changes(plan)
        return self._faults.but({record.ref for record, _ in found.changed} | {r.ref for r in found.removed})

    def go_astray(self) -> None:
        """The kernel is not in the model's state: try until it is."""
        self.is_astray = True
        self.in_model_state.clear()
        self._mends = True
        self._news.set()

    async def close(self) -> None:
        """Stop trying; not in the middle of an attempt."""
        async with self._turn:
            if self._task is not None:
                self._task.cancel()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _mind(self) -> None:
        """Look when there is news; try again what failed, at news and now and then."""
        pause = RETRY_FIRST
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause if self.is_astray or self._condition.without_ipv6 else None):
                    await self._news.wait()
            if self._news.is_set():
                await asyncio.sleep(min(NEWS_PAUSE, RETRY_FIRST))
            if self._news.is_set():
                self._tries = 0
            if self._mends:
                pause = RETRY_FIRST
                await asyncio.sleep(pause)
            self._news.clear()
            self._mends = False
            async with self._turn:
                begun = time.process_time()
                await self._mind_once()
            pause = min(2 * pause, RETRY_LAST)
            await asyncio.sleep(min(LEISURE * (time.process_time() - begun), LONGEST_LEISURE))

    async def _mind_once(self) -> None:
        """Whatever goes wrong here, it is said, and tried again."""
        try:
            was_well = self.in_model_state.is_set()
            actual = await self._kernel.read()
            has_moved = await self._cards.follow(actual)
            came = self._is_back(actual) or self._condition.missing & actual.links.keys()
            if self.is_astray or has_moved or came or self._condition.without_ipv6 - actual.no_ipv6:
                self._tries += 1
                await self._attempt(NOTHING_GIVEN, known=self._spared())
            else:
                await self._compare(actual)
            if self.in_model_state.is_set() != was_well:
                log.log(logging.WARNING if was_well else logging.INFO, "%s", self.words)
        except Exception:
            log.exception("the network could not be looked after: it is tried again")
            self.is_astray = True

    def _is_back(self, actual: KernelState) -> bool:
        """Whether a NIC has gone and come since the last look, as when its driver is loaded anew."""
        nics = (pif.device for pif in self._committed.here.by(PIF, "physical", True) if pif.managed)
        before, now = self._indices, {n: actual.links[n].index for n in nics if n in actual.links}
        self._indices = now
        return any(before.get(name, index) != index for name, index in now.items())

    async def _bring_management_up(self, progress: Progress) -> None:
        """First of all, and alone: nothing else is touched."""
        model = self._committed.here
        only = await off_loop(model, with_management_alone, model)
        if only == model:
            return
        try:
            await reach(self._kernel, partial(_wanted_alone, only), progress)
        except TROUBLE as trouble:
            log.error("management: %s", trouble)

    def _spared(self) -> Faults:
        """What is under management and has failed is tried again more and more seldom while there is no
        news: each time, the host may be out of reach for a moment."""
        if self._tries & (self._tries - 1) == 0:
            return NO_FAULTS
        needed = under_management(self._committed.here)
        return Faults({ref: why for ref, why in self._faults.ports.items() if ref in needed})

    async def _attempt(self, given: Given, progress: Progress = UNWATCHED, known: Faults = NO_FAULTS) -> None:
        """All of the model, but for what turns out to be at fault, and what is known to be."""
        was = await self._kernel.read()
        faults, trouble = known, await self._try(known, given, was, progress)
        while trouble is not None and (found := with_trouble(self._committed.here, trouble, faults)):
            log.error("%s", trouble)
            faults |= found
            trouble = await self._try(faults, given, was, progress)
        self._faults, self._trouble = faults, "" if trouble is None else str(trouble)
        self.is_astray = bool(faults) or trouble is not None
        if not await self._finish_handovers(progress):
            self.is_astray = True
        await self._compare(await self._kernel.read())

    async def _try(
        self, faults: Faults, given: Given, was: KernelState, progress: Progress
    ) -> Exception | None:
        """What stands in the way of the model, but for some faults."""
        try:
            await reach(self._kernel, partial(self._wanted, faults=faults, given=given, was=was), progress)
        except (Refused, NotTaken) as error:
            return error
        except Exception as error:
            log.exception("the kernel can't be brought to the model's state")
            return error
        return None

    def _given(self) -> Given:
        model = self._committed.here
        return given_by(model) | given_to(model, self._committed.asked)

    def _wanted(self, actual: KernelState, faults: Faults, given: Given, was: KernelState) -> KernelState:
        return wanted(self._committed.here, actual, given | self._given(), faults, was)

    async def _compare(self, actual: KernelState) -> None:
        """Compare the kernel with the model, and let readers know."""
        model = self._committed.here
        condition = await off_loop(
            actual, condition_of, model, actual, self._given(), self._faults, self._cards.unclear
        )
        if condition or self.is_astray or self._committed.asked:
            self.in_model_state.clear()
        else:
            self.in_model_state.set()
        if condition != self._condition:
            self._condition = condition
            self._notifier.notify()

    async def _finish_handovers(self, progress: Progress) -> bool:
        """VMs that a call asked something, and did not live to see the end of, are asked back."""
        model, asked = self._committed.here, self._committed.asked
        try:
            if asked:
                was = await self._kernel.read()
                wanted_of = partial(self._wanted, faults=self._faults, given=NOTHING_GIVEN, was=was)
                asking = ask_back(self._kernel, self._hotplug, model, asked, wanted_of)
                await (progress.wait(asking) if isinstance(progress, Stoppable) else asking)
                await self._committed.commit(self._committed.model, ended=asked)
        except TROUBLE as error:
            log.error("what a VM was asked before can't be taken back: %s", error)
            return False
        return True


def _wanted_alone(model: Model, actual: KernelState) -> KernelState:
    return wanted(model, actual, NOTHING_GIVEN, NO_FAULTS, actual)

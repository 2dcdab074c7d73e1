"""Start: the host comes to the stored model's state, or is taken over; what fails is tried again."""

import asyncio
import gc
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from secrets import token_bytes

from agent.desired.desired import desired
from agent.desired.nics import facts_of
from agent.engine.cards import Cards
from agent.engine.committed import CommittedModel
from agent.engine.fault_attribution import failure
from agent.engine.forecast import AtWorkOn, Managers, forecast
from agent.engine.kernel import Kernel
from agent.engine.off_loop import off_loop
from agent.engine.progress import UNWATCHED, Progress
from agent.engine.reconciler import Reconciler
from agent.engine.transaction import Transaction
from agent.errors import CannotTakeOver, Failure
from agent.interface_reconfigure.announcing import announcements
from agent.interface_reconfigure.plan import plan as plan_steps
from agent.kernel.state import KernelState
from agent.kernel.steps import Refused, Step
from agent.logs import going_on
from agent.model.draft import Plan
from agent.model.facts import Facts, with_configurers
from agent.model.layering import given_by
from agent.model.model import Model
from agent.model.records import PIF
from agent.rules.first_start import first_start
from agent.rules.rectify import rectify
from agent.rules.spares import plug_spares

log = logging.getLogger("pifd.engine")

RETRY_FIRST, RETRY_LAST = 1.0, 60.0
"""Seconds between two attempts to use a store that can't be used, or to take a host over."""


class Start:
    """obstacle: what is in the way of taking the host over; until it is gone, changes are refused for it.

    nics: shell patterns of the NICs' names.  managers: who else configures a NIC.  at_work_on: who does while
    the host runs.  plug_spares: whether spare NICs and bonds are brought up (rules.spares).
    """

    def __init__(
        self,
        kernel: Kernel,
        committed: CommittedModel,
        reconciler: Reconciler,
        cards: Cards,
        transaction: Transaction,
        nics: Sequence[str],
        managers: Managers,
        at_work_on: AtWorkOn,
    ) -> None:
        self._kernel, self._committed, self._reconciler = kernel, committed, reconciler
        self._cards, self._transaction = cards, transaction
        self._nics, self._managers, self._at_work_on = nics, managers, at_work_on
        self.obstacle: Failure | None = None
        self.plug_spares = False

    @property
    def is_done(self) -> bool:
        """Whether the store can be used, and the host is taken over."""
        return self.obstacle is None and not self._committed.trouble

    async def begin(self, hostname: str, progress: Progress = UNWATCHED) -> None:
        """Bring the host to the model's state, as far as the store could be read.  Raises CannotTakeOver."""
        if not self._committed.is_known:
            return
        if not self._committed.model.records:
            await self._first_start(hostname, progress)
            return
        left = self._committed.here
        for line in await asyncio.to_thread(self._others_at_work, left):
            log.warning("%s", line)
        await self._rectify()
        actual = await self._kernel.read()
        left = await self._cards.follow_at_start(actual, left)
        if self.plug_spares:
            await self._plug_spares(actual)
        if self._committed.is_whole or not await self._is_at_work():
            await self._reconciler.bring_up(left, progress)
            await self._announce()

    async def retry(self, hostname: str, turn: asyncio.Lock) -> None:
        """Until it is done."""
        pause = RETRY_FIRST
        while not self.is_done:
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_LAST)
            async with turn:
                with going_on(log, "the store or the host can't be used: it is tried again"):
                    try:
                        await self._retry_once(hostname)
                    except CannotTakeOver as obstacle:
                        self.obstacle = obstacle

    async def _retry_once(self, hostname: str) -> None:
        known, before = self._committed.is_whole, self._committed.model
        if self._committed.trouble:
            await self._committed.reopen()
            if self._committed.trouble:
                return
            await self._committed.load()
        if not known or self._committed.model != before or self.obstacle is not None:
            await self.begin(hostname)
        self.obstacle = None

    async def foresee(self, hostname: str) -> Sequence[str]:
        """What a start will do, in lines that a person reads; nothing is changed."""
        await self._committed.load()
        actual = await self._kernel.read()
        model = self._committed.here
        if model.records:
            after = rectify(model).model
            if self.plug_spares:
                after = plug_spares(after, facts_of(actual, self._nics)).model
            wanted = desired(after, actual, given_by(model))
            return [str(step) for step in plan_steps(actual, wanted)] or ["nothing is to be done"]
        return self._forecast(self._take_over(hostname, actual), actual)

    async def _first_start(self, hostname: str, progress: Progress) -> None:
        snapshot = await self._kernel.read()
        plan = self._take_over(hostname, snapshot)
        for line in self._forecast(plan, snapshot):
            log.info("take-over: %s", line)
        await self._transaction.take_over(plan, snapshot, progress)

    def _take_over(self, hostname: str, actual: KernelState) -> Plan:
        return first_start(hostname, self._facts(actual), token_bytes(32), plug_spares=self.plug_spares)

    def _facts(self, actual: KernelState) -> Facts:
        return with_configurers(facts_of(actual, self._nics), self._at_work_on)

    def _others_at_work(self, model: Model) -> list[str]:
        """Who may put back at any time what is pifd's now."""
        nics = (pif.device for pif in model.by(PIF, "physical", True) if pif.managed)
        return [line for nic in nics if (line := self._at_work_on(nic))]

    def _forecast(self, plan: Plan, actual: KernelState) -> list[str]:
        facts = self._facts(actual)
        return list(forecast(plan, facts, actual, _foreseen(plan, actual), self._managers))

    async def _rectify(self) -> None:
        """What breaks the rules in the store, by hand or by an older program, is put right first of all."""
        left = self._committed.here
        rectified = await off_loop(left, rectify, left)
        for line in rectified.log:
            log.warning("%s", line)
        if rectified.log and not self._committed.trouble:
            await self._committed.keep_copy()
        await self._committed.commit_or_assume(left, rectified.model, "what was put right")

    async def _plug_spares(self, actual: KernelState) -> None:
        before = self._committed.here
        plugged = plug_spares(before, facts_of(actual, self._nics))
        for line in plugged.log:
            log.info("%s", line)
        await self._committed.commit_or_assume(before, plugged.model, "what was plugged")

    async def _is_at_work(self) -> bool:
        """Whether a network of pifd's is up: it is not changed for half a model."""
        return any(link.owned for link in (await self._kernel.read()).links.values())

    async def _announce(self) -> None:
        """The daemon before this one may have died before it could tell where addresses and VMs are now."""
        actual = await self._kernel.read()
        owned = [name for name, link in sorted(actual.links.items()) if link.owned]
        with going_on(log, "where the host is now could not be announced"):  # the network is up without it
            wanted = await off_loop(actual, desired, self._committed.here, actual)
            for step in announcements(actual, wanted, owned):
                await self._kernel.apply(step)


@contextmanager
def garbage_kept() -> Iterator[None]:
    """While thousands of records and links are made, which stay, nobody goes through them for garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _foreseen(plan: Plan, actual: KernelState) -> tuple[Step, ...]:
    """The steps of a first start; the Failure that can be foreseen, before anything is touched."""
    try:
        return plan_steps(actual, desired(plan.after, actual, given_by(plan.before)))
    except Refused as refused:
        raise failure(plan, refused) from refused

"""Transaction: ask VMs, converge, see that the host is reachable, commit; or undo everything."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

from agent.desired.desired import as_before, desired
from agent.engine import reachability
from agent.engine.committed import CommittedModel
from agent.engine.converge import NotTaken, WantedOf, check_kept, reach
from agent.engine.fault_attribution import failure
from agent.engine.kernel import Kernel
from agent.engine.moved_devices import moved_devices, with_nics_of
from agent.engine.off_loop import off_loop
from agent.engine.preflight import handover_steps, preflight
from agent.engine.progress import UNWATCHED, Progress, Stoppable
from agent.engine.reachability import Unreachable
from agent.engine.reconciler import TROUBLE, Reconciler
from agent.engine.scope import Scope
from agent.engine.vif_handover import ask_back, asked_by, check_taken, plug, takes_devices, unplug
from agent.errors import InternalError, StoreUnavailable
from agent.hotplug.request import Hotplug
from agent.interface_reconfigure.plan import plan_handover
from agent.kernel.state import KernelState, Link
from agent.kernel.steps import Refused, Step
from agent.model.draft import Plan
from agent.model.layering import bridge_of, given_by
from agent.model.model import management
from agent.model.vifs import device_of

log = logging.getLogger("pifd.engine")


class Transaction:
    """Carries out one plan at a time.  A plan that fails leaves everything as it was."""

    def __init__(
        self, kernel: Kernel, hotplug: Hotplug, committed: CommittedModel, reconciler: Reconciler
    ) -> None:
        self._kernel, self._hotplug = kernel, hotplug
        self._committed, self._reconciler = committed, reconciler

    async def preflight(self, plan: Plan, actual: KernelState) -> tuple[Scope, tuple[Step, ...]]:
        """What the plan changes, and the foreseen steps.  What is wrong beside it holds up nothing."""
        narrow = False
        while True:
            scope = await off_loop(actual, self._reconciler.scope, plan, actual)
            scope = replace(scope, narrow=narrow)
            try:
                return scope, await off_loop(actual, self._foresee, plan, scope, actual)
            except Refused as refused:
                if self._reconciler.tolerates(plan, scope, refused):
                    continue
                if narrow or scope.is_to_blame(refused):
                    raise failure(plan, refused) from refused
                narrow = True

    def _foresee(self, plan: Plan, scope: Scope, actual: KernelState) -> tuple[Step, ...]:
        wanted = self._reconciler.wanted_by(plan, scope, actual, actual)
        feasible = self._reconciler.feasible(plan)
        return preflight(feasible, actual, wanted, makes_devices=self._hotplug.makes_devices)

    async def carry_out(
        self, whole: Plan, scope: Scope, steps: Sequence[Step], snapshot: KernelState, progress: Progress
    ) -> None:
        """Ask, converge, check, commit; from then on there is no undo.  steps: the foreseen ones."""
        own = whole.here
        plan = self._reconciler.feasible(own)
        pif = management(plan.before)
        place = bridge_of(plan.before, pif) if pif else ""
        is_at_stake = bool(asked_by(plan)) or reachability.is_touched(steps, snapshot, place)
        ask = reachability.witnesses
        answered = await ask(self._kernel, snapshot, place, pif) if pif and is_at_stake else ()
        async with AsyncExitStack() as undo:
            if takes_devices(plan):  # half-way, one that nobody in the store has would stay as it is then
                undo.push_async_callback(self._committed.commit, whole.before, is_learnt=whole.is_learnt)
                await self._committed.commit(whole.after, is_learnt=whole.is_learnt)
            undo.push_async_exit(partial(self._undo, plan, snapshot))
            await self._committed.note(asked_by(plan))
            await unplug(self._hotplug, plan)
            asked = await self._asked(own, scope, snapshot)
            scope = await self._reach(own, scope, snapshot, progress)
            await self._check_kept(scope, asked, moved_devices(plan))
            await self._hand_over(plan, asked)
            await self._check_reachable(plan, answered)
            await self._have_vifs_taken(own, scope, snapshot)
            await self._check_kept(scope, asked, moved_devices(plan))  # it may have taken seconds
            await self._committed.commit(whole.after, ended=asked_by(plan), is_learnt=whole.is_learnt)
            undo.pop_all()

    async def write_down(self, plan: Plan) -> None:
        """Commit a change that no device shows: there is nothing to take, to check or to undo."""
        try:
            await self._committed.commit(plan.after, is_learnt=plan.is_learnt)
        except OSError as error:
            raise StoreUnavailable(str(error)) from error

    async def take_over(self, plan: Plan, snapshot: KernelState, progress: Progress) -> None:
        """Here the store is written first: the kernel alone could not tell, half-way, what the host had."""
        pif = management(plan.after)
        answered = await reachability.witnesses(self._kernel, snapshot, pif.device, pif) if pif else ()
        async with AsyncExitStack() as undo:
            await self._committed.commit(plan.after)
            undo.push_async_callback(self._forget, plan)
            undo.push_async_exit(partial(self._undo, plan, snapshot))
            wanted_of = partial(desired, plan.after, given=given_by(plan.before))
            there = with_nics_of(snapshot, await self._kernel.read(), plan)
            asked = await off_loop(there, wanted_of, there)
            await reach(self._kernel, wanted_of, progress)
            check_kept(await self._kernel.read(), asked, moved_devices(plan))
            check = self._check_reachable(plan, answered)
            await (progress.wait(check) if isinstance(progress, Stoppable) else check)
            undo.pop_all()
        await self._reconciler.carried_out(plan, Scope(), await self._kernel.read())

    async def _reach(
        self, plan: Plan, scope: Scope, was: KernelState, progress: Progress = UNWATCHED
    ) -> Scope:
        """The kernel is as the plan wants it; what is wrong beside it is kept for later."""
        while True:
            try:
                await reach(self._kernel, partial(self._reconciler.wanted_by, plan, scope, was), progress)
            except (Refused, NotTaken) as trouble:
                if self._reconciler.tolerates(plan, scope, trouble):
                    continue
                if scope.narrow or scope.is_to_blame(trouble):
                    raise
                self._reconciler.go_astray()
                scope = replace(scope, narrow=True)
            else:
                return scope

    async def _asked(self, plan: Plan, scope: Scope, snapshot: KernelState) -> KernelState:
        """What the plan wants of the host as it was at the beginning."""
        there = with_nics_of(snapshot, await self._kernel.read(), plan)
        return await off_loop(there, self._reconciler.wanted_by, plan, scope, snapshot, there)

    async def _check_kept(self, scope: Scope, asked: KernelState, names: frozenset[str]) -> None:
        """What has vanished meanwhile is an error, if it is the plan's."""
        try:
            check_kept(await self._kernel.read(), asked, names)
        except NotTaken as lost:
            if scope.is_to_blame(lost):
                raise
            self._reconciler.go_astray()

    async def _hand_over(self, plan: Plan, wanted: KernelState) -> None:
        """What a call asked for that no state tells: which member of a bond is active is the kernel's."""
        if plan.active_slave is not None:
            await self._take(handover_steps(plan, await self._kernel.read(), wanted))

    async def _check_reachable(self, plan: Plan, answered: Sequence[str]) -> None:
        """The host is as reachable as it was."""
        pif = management(plan.after)
        if pif is not None:
            await reachability.check(self._kernel, bridge_of(plan.after, pif), pif, answered)

    async def _have_vifs_taken(self, plan: Plan, scope: Scope, was: KernelState) -> None:
        """A script may have made devices: they become ports as well."""
        await plug(self._hotplug, plan)
        if plan.plug and self._hotplug.makes_devices:
            made = {device_of(plan.after, plan.after.get(ref)) for ref in plan.plug}
            await self._reach(plan, replace(scope, names=scope.names | made), was)
            check_taken(plan, await self._kernel.read())

    async def _undo(
        self, plan: Plan, snapshot: KernelState, kind: object, cause: BaseException, traceback: object
    ) -> bool:
        """Give everything back as it was, and raise the Failure that the cause is to the caller."""
        if isinstance(cause, (*TROUBLE, Unreachable)) or not isinstance(cause, Exception):
            log.warning("undoing, because of: %s", cause)
        else:
            log.error("undoing, because of a fault of pifd's own", exc_info=cause)
        try:
            await self._give_back(plan, snapshot)
        except Exception as second:
            if not isinstance(second, TROUBLE):
                log.exception("undoing failed, because of a fault of pifd's own")
            self._reconciler.go_astray()
            raise failure(plan, both(cause, second)) from cause
        raise failure(plan, cause) from cause

    async def _give_back(self, plan: Plan, snapshot: KernelState) -> None:
        """First the bridges and bonds, which the VMs' devices then go back to."""
        given = given_by(plan.before) | given_by(plan.after)
        asked = self._committed.asked & asked_by(plan)
        wanted_of = partial(as_before, snapshot, given=given)
        await reach(self._kernel, wanted_of)
        await self._make_active_again(snapshot, wanted_of)
        if asked:
            await ask_back(self._kernel, self._hotplug, self._committed.here, asked, wanted_of)
            await self._committed.commit(self._committed.model, ended=asked)

    async def _take(self, steps: Iterable[Step]) -> None:
        for step in steps:
            log.info("%s", step)
            await self._kernel.apply(step)

    async def _make_active_again(self, snapshot: KernelState, wanted_of: WantedOf) -> None:
        """Which port of a bond is active no wanted state tells.  One that has no carrier yet can't be."""
        actual = await self._kernel.read()
        for bond in bonds_that_changed_over(snapshot, actual):
            try:
                await self._take(plan_handover(actual, wanted_of(actual), bond.name, bond.active_slave))
            except Refused as refused:
                log.warning("%s is not the active slave again: %s", bond.active_slave, refused)

    async def _forget(self, plan: Plan) -> None:
        """A first start that was undone leaves no trace.  One that could not be undone stays in the store:
        what it read from the host is nowhere else."""
        if not self._reconciler.is_astray:
            await self._committed.commit(plan.before)


def bonds_that_changed_over(before: KernelState, after: KernelState) -> Iterator[Link]:
    """The bonds, as they were, whose active slave is another one now, and could be the old one."""
    for bond in before.links.values():
        there, slave = after.links.get(bond.name), after.links.get(bond.active_slave)
        if bond.kind != "bond" or there is None or slave is None or there.active_slave == bond.active_slave:
            continue
        if there.kind == "bond" and slave.master == bond.name and slave.carrier:
            yield bond


def both(cause: BaseException, second: Exception) -> Exception:
    """One trouble for two, a change's and that of undoing it; a bug of pifd's own if one of them is."""
    words = f"undoing it failed too, and is tried again: {second}"
    if not isinstance(cause, (*TROUBLE, Unreachable)) or not isinstance(second, TROUBLE):
        return InternalError(f"{cause}; {words}")
    return (
        Refused(cause.step, f"{cause.reason}; {words}")
        if isinstance(cause, Refused)
        else OSError(f"{cause}; {words}")
    )

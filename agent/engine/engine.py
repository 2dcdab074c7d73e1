"""Engine, one call at a time: decide, ask VMs, converge, see that the host is reachable, commit; or undo."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from secrets import token_bytes
from typing import Any, Protocol

from agent.desired.desired import as_before, desired
from agent.desired.nics import facts_of
from agent.engine import reachability
from agent.engine.committed import CommittedModel, Store
from agent.engine.condition import Condition
from agent.engine.converge import NotTaken, check_kept, reach
from agent.engine.fault_attribution import failure
from agent.engine.forecast import Managers, forecast, words_of_found
from agent.engine.moved_cards import has_moved
from agent.engine.moved_devices import moved_devices, with_nics_of
from agent.engine.notifier import Notifier
from agent.engine.preflight import handover_steps, preflight
from agent.engine.progress import UNWATCHED, Progress, Stoppable
from agent.engine.reachability import Unreachable
from agent.engine.reconciler import TROUBLE, Reconciler
from agent.engine.scope import Scope
from agent.engine.vif_handover import ask_back, asked_by, check_taken, plug, takes_devices, unplug
from agent.errors import CannotTakeOver, Failure, InternalError, StoreUnavailable
from agent.hotplug.provider import Hotplug
from agent.interface_reconfigure.address_steps import announcements
from agent.interface_reconfigure.plan import plan as plan_steps
from agent.kernel.bond_live import LiveLink
from agent.kernel.nic_info import Device
from agent.kernel.state import KernelState
from agent.kernel.steps import Refused, Step
from agent.model.device_names import link_names, speaks_of
from agent.model.draft import Plan, Result
from agent.model.facts import Bonding, Facts, NotProbed
from agent.model.layering import bridge_of, given_by, shown_devices, uplink_devices
from agent.model.model import Model, management
from agent.model.records import PIF, Ref
from agent.model.vifs import device_of
from agent.rules.cards import follow
from agent.rules.first_start import first_start
from agent.rules.rectify import rectify

log = logging.getLogger("pifd.engine")

MEND_FIRST, MEND_LAST = 1.0, 60.0
"""Seconds between two looks at a store that can't be used."""

ANY_NAME = ("*",)
"""A card may have got a name that the patterns of the NICs' names do not have."""

OnNews = Callable[[frozenset[str]], None]
"""What is called with the names of devices."""


Decide = Callable[[Model, Facts], Plan]


class Kernel(Protocol):
    """What the engine needs of the kernel."""

    async def read(self) -> KernelState: ...
    async def apply(self, step: Step) -> None: ...
    def carriers(self, names: Iterable[str]) -> frozenset[str]: ...
    def devices(self, names: Iterable[str]) -> Mapping[str, Device]: ...
    def watch(self, on_change: OnNews, on_drift: OnNews | None = None) -> None: ...
    def unwatch(self) -> None: ...
    async def peers(self, link: str) -> tuple[str, ...]: ...
    async def missing_in_bonding(self) -> Mapping[str, str]: ...
    async def live_links(self, names: Iterable[str]) -> Mapping[str, LiveLink]: ...
    async def probe(self, link: str, peers: Sequence[str], seconds: float) -> frozenset[str]: ...


@dataclass(frozen=True)
class DryRun:
    """What a call would do: the change of the model, and the ordered steps as a person reads them."""

    plan: Plan
    steps: tuple[str, ...]


class Engine:
    """The wanted model and the kernel that follows it.

    nics: shell patterns of the NICs' names, none for the devices with hardware behind them.
    notifier: notifies whenever what a reader sees may have changed.  managers: who else configures a NIC.
    """

    def __init__(
        self,
        kernel: Kernel,
        store: Store,
        hotplug: Hotplug,
        nics: Sequence[str],
        managers: Managers = lambda _: (),
    ) -> None:
        self._kernel, self._hotplug, self._nics, self._managers = kernel, hotplug, nics, managers
        self.notifier = Notifier()
        self._committed = CommittedModel(store, self.notifier)
        self._turn = asyncio.Lock()
        self._obstacle: Failure | None = None
        self._mending: asyncio.Task[None] | None = None
        self._bonding: Bonding | None = None
        self._changes: set[asyncio.Task[Any]] = set()
        self._reconciler = Reconciler(kernel, self._committed, hotplug, self._turn, self.notifier)
        self._reconciler.follow = self.follow

    @property
    def model(self) -> Model:
        """The last committed one, which reads take without waiting."""
        return self._committed.model

    @property
    def in_model_state(self) -> asyncio.Event:
        """Set while the kernel is in the model's state."""
        return self._reconciler.in_model_state

    @property
    def failures(self) -> Mapping[Ref[Any], str]:
        """The plugged PIFs and VIFs that could not be had, and why."""
        return self._reconciler.failures

    @property
    def condition(self) -> Condition:
        """What is not as the model says, and why."""
        return self._reconciler.condition

    @property
    def words(self) -> str:
        """One line on how the network is."""
        if self._obstacle is not None:
            return f"nothing can be changed: {self._obstacle.parameters[0]}: {self._obstacle.parameters[-1]}"
        if self._committed.trouble and not self._committed.is_known:
            return f"nothing is known of the network, and nothing can be changed: {self._committed.trouble}"
        if self._committed.trouble:
            return f"nothing can be changed: {self._committed.trouble}; {self._reconciler.words}"
        return self._reconciler.words

    async def start(self, hostname: str, progress: Progress = UNWATCHED) -> None:
        """Bring the host to the stored model's state; at the first start, make the model from the host.

        Where the store can't be used, as far as it can be read.  Raises CannotTakeOver, and then `watch_over`
        tries it again.
        """
        self._kernel.watch(self._hear, self._hear_of_drift)
        async with self._turn:
            await self._committed.load()
            await self._begin(hostname, progress)
        self.watch_over(hostname)

    def watch_over(self, hostname: str, obstacle: Failure | None = None) -> None:
        """From now on news is heeded, and what could not be done at the start is tried again.

        obstacle: what was in the way of taking the host over; until it is gone, changes are refused for it.
        """
        self._obstacle = obstacle
        self._reconciler.begin()
        if obstacle is not None or self._committed.trouble:
            self._mending = asyncio.create_task(self._mend(hostname))

    async def _begin(self, hostname: str, progress: Progress = UNWATCHED) -> None:
        if not self._committed.is_known:
            return
        if not self.model.records:
            await self._first_start(hostname, progress)
            return
        left = self.model
        await self._rectify()
        actual = await self._kernel.read()
        await self._follow(actual, at_start=True)
        left = follow(left, facts_of(actual, ANY_NAME), at_start=True).model
        if self._committed.is_whole or not await self._is_at_work():
            await self._reconciler.bring_up(left, progress)
            await self._announce()

    async def _is_at_work(self) -> bool:
        """Whether a network of pifd's is up: it is not changed for half a model."""
        return any(link.owned for link in (await self._kernel.read()).links.values())

    async def _mend(self, hostname: str) -> None:
        """Until the store can be used, and the host is taken over."""
        pause = MEND_FIRST
        while self._committed.trouble or self._obstacle is not None:
            await asyncio.sleep(pause)
            pause = min(2 * pause, MEND_LAST)
            async with self._turn:
                try:
                    await self._mend_once(hostname)
                except CannotTakeOver as obstacle:
                    self._obstacle = obstacle
                except Exception:
                    log.exception("the store or the host can't be used: it is tried again")

    async def _mend_once(self, hostname: str) -> None:
        known, before = self._committed.is_whole, self.model
        if self._committed.trouble:
            await self._committed.reopen()
            if self._committed.trouble:
                return
            await self._committed.load()
        if not known or self.model != before or self._obstacle is not None:
            await self._begin(hostname)
        self._obstacle = None
        self.notifier.notify()
        log.info("%s", self.words)

    async def _check_store(self) -> None:
        """Before anything is touched: what is done can be written down."""
        if self._obstacle is not None:
            raise self._obstacle
        try:
            await self._committed.check()
        except OSError as error:
            raise StoreUnavailable(str(error)) from error

    async def foresee_start(self, hostname: str) -> Sequence[str]:
        """What `start` will do, in lines that a person reads; nothing is changed."""
        await self._committed.load()
        actual = await self._kernel.read()
        if self.model.records:
            wanted = desired(rectify(self.model).model, actual, given_by(self.model))
            return [str(step) for step in plan_steps(actual, wanted)] or ["nothing is to be done"]
        facts = facts_of(actual, self._nics)
        plan = first_start(hostname, facts, token_bytes(32))
        return list(forecast(plan, facts, actual, _foreseen(plan, actual), self._managers))

    async def close(self) -> None:
        """Let the change in progress finish, then stop; the kernel stays as it is."""
        await asyncio.gather(*self._changes, return_exceptions=True)
        async with self._turn:  # not in the middle of it
            if self._mending is not None:
                self._mending.cancel()
        await self._reconciler.close()
        self._kernel.unwatch()

    async def change(self, decide: Decide, progress: Progress = UNWATCHED) -> Result:
        """Carry out what a rule decides, or raise a Failure with everything as it was.

        A caller that goes away does not stop a change half-way: it goes on in a task of its own.
        """
        task = asyncio.create_task(self._change(decide, progress))
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        return await asyncio.shield(task)

    async def dry_run(self, decide: Decide) -> DryRun:
        """What a rule decides and which steps it takes; changes nothing."""
        async with self._turn:
            actual = await self._kernel.read()
            plan = await self._decided(decide, actual)
            _, steps = self._preflight(plan, actual)
            return DryRun(plan, tuple(str(step) for step in steps))

    @property
    def links_up(self) -> frozenset[str]:
        """The NICs and the tunnels' devices that have carrier."""
        return self._kernel.carriers(link_names(self.model))

    @property
    def devices(self) -> Mapping[str, Device]:
        """What the NICs and the bonds say of themselves."""
        return self._kernel.devices(uplink_devices(self.model))

    async def live_links(self, names: Iterable[str]) -> Mapping[str, LiveLink]:
        """Those of the named links that are there, with what bonds and their ports say of themselves now."""
        return await self._kernel.live_links(names)

    async def kernel_state(self) -> KernelState:
        """The kernel as it is now."""
        return await self._kernel.read()

    def _hear(self, names: frozenset[str]) -> None:
        """There is news of devices; what no record shows, say a VM's, wakes nobody."""
        if not names.isdisjoint(self.model.once(shown_devices)):
            self.notifier.notify()
        self._hear_of_drift(names)

    def _hear_of_drift(self, names: frozenset[str]) -> None:
        """Devices have come, gone or changed, or their addresses or routes have."""
        if any(speaks_of(self.model, name) for name in names):
            self._reconciler.news()

    async def _change(self, decide: Decide, progress: Progress) -> Result:
        async with self._turn:
            progress.reached(0, 1)
            await self._check_store()
            actual = await self._kernel.read()
            await self.follow(actual)
            found = actual
            plan = await self._decided(decide, actual)
            scope, steps = self._preflight(plan, actual)
            if steps or asked_by(plan):
                await self._carry_out(plan, scope, actual, progress)
                actual = await self._kernel.read()
            elif plan.before != plan.after:
                await self._write_down(plan)
            self._reconciler.carried_out(plan, scope, actual)
            if len(plan.after.all(PIF)) > len(plan.before.all(PIF)):
                for line in words_of_found(plan, facts_of(found, self._nics)):
                    log.info("%s", line)
            return plan.result

    async def _decided(self, decide: Decide, actual: KernelState) -> Plan:
        """What a rule decides; the first that asks what bonding can do has the kernel asked."""
        try:
            return decide(self.model, facts_of(actual, self._nics, self._bonding))
        except NotProbed:
            self._bonding = Bonding(await self._kernel.missing_in_bonding())
            return decide(self.model, facts_of(actual, self._nics, self._bonding))

    def _preflight(self, plan: Plan, actual: KernelState) -> tuple[Scope, tuple[Step, ...]]:
        """What the plan changes, and the foreseen steps.  What is wrong beside it holds up nothing."""
        narrow = False
        while True:
            scope = replace(self._reconciler.scope(plan, actual), narrow=narrow)
            wanted = self._reconciler.wanted_by(plan, scope, actual, actual)
            feasible = self._reconciler.feasible(plan)
            try:
                return scope, preflight(feasible, actual, wanted, makes_devices=self._hotplug.makes_devices)
            except Refused as refused:
                if self._reconciler.tolerates(plan, scope, refused):
                    continue
                if narrow or scope.is_to_blame(refused):
                    raise failure(plan, refused) from refused
                narrow = True

    async def _carry_out(self, whole: Plan, scope: Scope, snapshot: KernelState, progress: Progress) -> None:
        """Ask, converge, check, commit; from then on there is no undo."""
        plan = self._reconciler.feasible(whole)
        pif = management(plan.before)
        place = bridge_of(plan.before, pif) if pif else ""
        answered = await reachability.witnesses(self._kernel, snapshot, place, pif) if pif else ()
        async with AsyncExitStack() as undo:
            if takes_devices(plan):  # half-way, one that nobody in the store has would stay as it is then
                undo.push_async_callback(self._committed.commit, whole.before)
                await self._committed.commit(whole.after)
            undo.push_async_exit(partial(self._undo, plan, snapshot))
            await self._committed.note(asked_by(plan))
            await unplug(self._hotplug, plan)
            asked = await self._asked(whole, scope, snapshot)
            scope = await self._reach(whole, scope, snapshot, progress)
            await self._check_kept(scope, asked, moved_devices(plan))
            await self._hand_over(plan, asked)
            await self._check_reachable(plan, answered)
            await self._have_vifs_taken(whole, scope, snapshot)
            await self._committed.commit(whole.after, ended=asked_by(plan))
            undo.pop_all()

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

    async def _write_down(self, plan: Plan) -> None:
        """Commit a change that no device shows: there is nothing to take, to check or to undo."""
        try:
            await self._committed.commit(plan.after)
        except OSError as error:
            raise failure(plan, error) from error

    async def _asked(self, plan: Plan, scope: Scope, snapshot: KernelState) -> KernelState:
        """What the plan wants of the host as it was at the beginning."""
        there = with_nics_of(snapshot, await self._kernel.read(), plan)
        return self._reconciler.wanted_by(plan, scope, snapshot, there)

    async def _check_kept(self, scope: Scope, asked: KernelState, names: frozenset[str]) -> None:
        """What has vanished meanwhile is an error, if it is the plan's."""
        try:
            check_kept(await self._kernel.read(), asked, names)
        except NotTaken as lost:
            if scope.is_to_blame(lost):
                raise
            self._reconciler.go_astray()

    async def _check_reachable(self, plan: Plan, answered: Sequence[str]) -> None:
        """The host is as reachable as it was."""
        pif = management(plan.after)
        if pif is not None:
            await reachability.check(self._kernel, bridge_of(plan.after, pif), pif, answered)

    async def _hand_over(self, plan: Plan, wanted: KernelState) -> None:
        """What a call asked for that no state tells: which member of a bond is active is the kernel's."""
        if plan.active_slave is not None:
            for step in handover_steps(plan, await self._kernel.read(), wanted):
                log.info("%s", step)
                await self._kernel.apply(step)

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
            raise InternalError(f"{cause}; undoing it failed too, and is tried again: {second}") from cause
        raise failure(plan, cause) from cause

    async def _give_back(self, plan: Plan, snapshot: KernelState) -> None:
        """First the bridges and bonds, which the VMs' devices then go back to."""
        given = given_by(plan.before) | given_by(plan.after)
        asked = self._committed.asked & asked_by(plan)
        wanted_of = partial(as_before, snapshot, given=given)
        await reach(self._kernel, wanted_of)
        if asked:
            await ask_back(self._kernel, self._hotplug, self.model, asked, wanted_of)
            await self._committed.commit(self.model, ended=asked)

    async def _announce(self) -> None:
        """The daemon before this one may have died before it could tell where addresses and VMs are now."""
        actual = await self._kernel.read()
        owned = [name for name, link in sorted(actual.links.items()) if link.owned]
        try:
            for step in announcements(actual, desired(self.model, actual), owned):
                await self._kernel.apply(step)
        except Exception:  # the network is up without it
            log.exception("where the host is now could not be announced")

    async def follow(self, actual: KernelState) -> bool:
        """The PIFs whose cards have other names now have those, too; whether there is any."""
        return has_moved(self.model, actual) and await self._follow(actual)

    async def _follow(self, actual: KernelState, *, at_start: bool = False) -> bool:
        before = self.model
        followed = follow(before, facts_of(actual, ANY_NAME), at_start=at_start)
        self._reconciler.unclear = followed.unclear
        if followed.model == before:
            return False
        for line in followed.log:
            log.warning("%s", line)
        try:
            await self._committed.commit(followed.model)
        except OSError as error:
            log.error("the new names could not be written down: %s", error)
            self._committed.assume(followed.model)
        return True

    async def _rectify(self) -> None:
        """What breaks the rules in the store, by hand or by an older program, is put right first of all."""
        rectified = rectify(self.model)
        for line in rectified.log:
            log.warning("%s", line)
        if rectified.log and not self._committed.trouble:
            await self._committed.keep_copy()
        try:
            await self._committed.commit(rectified.model)
        except OSError as error:
            log.error("what was put right could not be written down: %s", error)
            self._committed.assume(rectified.model)

    async def _first_start(self, hostname: str, progress: Progress) -> None:
        """Here the store is written first: the kernel alone could not tell, half-way, what the host had."""
        snapshot = await self._kernel.read()
        facts = facts_of(snapshot, self._nics)
        plan = first_start(hostname, facts, token_bytes(32))
        for line in forecast(plan, facts, snapshot, _foreseen(plan, snapshot), self._managers):
            log.info("take-over: %s", line)
        pif = management(plan.after)
        answered = await reachability.witnesses(self._kernel, snapshot, pif.device, pif) if pif else ()
        async with AsyncExitStack() as undo:
            await self._committed.commit(plan.after)
            undo.push_async_callback(self._forget, plan)
            undo.push_async_exit(partial(self._undo, plan, snapshot))
            wanted_of = partial(desired, plan.after, given=given_by(plan.before))
            asked = wanted_of(with_nics_of(snapshot, await self._kernel.read(), plan))
            await reach(self._kernel, wanted_of, progress)
            check_kept(await self._kernel.read(), asked, moved_devices(plan))
            check = self._check_reachable(plan, answered)
            await (progress.wait(check) if isinstance(progress, Stoppable) else check)
            undo.pop_all()
        self._reconciler.carried_out(plan, Scope(), await self._kernel.read())

    async def _forget(self, plan: Plan) -> None:
        """A first start that was undone leaves no trace.  One that could not be undone stays in the store:
        what it read from the host is nowhere else."""
        if not self._reconciler.is_astray:
            await self._committed.commit(plan.before)


def _foreseen(plan: Plan, actual: KernelState) -> tuple[Step, ...]:
    """The steps of a first start; the Failure that can be foreseen, before anything is touched."""
    try:
        return plan_steps(actual, desired(plan.after, actual, given_by(plan.before)))
    except Refused as refused:
        raise failure(plan, refused) from refused

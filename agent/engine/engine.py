"""Engine, one call at a time: decide, ask VMs, converge, see that the host is reachable, commit; or undo."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from secrets import token_bytes
from typing import Any, Protocol

from agent.desired.desired import as_before, desired
from agent.desired.nics import facts_of
from agent.engine import reachability
from agent.engine.committed import CommittedModel, Store
from agent.engine.converge import check_kept, reach
from agent.engine.fault_attribution import failure
from agent.engine.moved_devices import moved_devices, with_nics_of
from agent.engine.notifier import Notifier
from agent.engine.preflight import preflight
from agent.engine.progress import UNWATCHED, Progress
from agent.engine.reconciler import TROUBLE, Reconciler
from agent.engine.vif_handover import ask_back, asked_by, check_taken, plug, takes_devices, unplug
from agent.errors import Failure, InternalError
from agent.hotplug.provider import Hotplug
from agent.interface_reconfigure.address_steps import announcements
from agent.kernel.nic_info import Device
from agent.kernel.state import KernelState
from agent.kernel.steps import Step
from agent.model.device_names import link_names
from agent.model.draft import Plan, Result
from agent.model.facts import Facts, words_of_leases
from agent.model.layering import bridge_of, given_by, uplink_devices
from agent.model.model import Model, management
from agent.model.records import Ref
from agent.rules.first_start import first_start
from agent.rules.rectify import rectify

log = logging.getLogger("pifd.engine")

Decide = Callable[[Model, Facts], Plan]


class Kernel(Protocol):
    """What the engine needs of the kernel."""

    async def read(self) -> KernelState: ...
    async def apply(self, step: Step) -> None: ...
    def carriers(self, names: Iterable[str]) -> frozenset[str]: ...
    def devices(self, names: Iterable[str]) -> Mapping[str, Device]: ...
    def watch(self, on_change: Callable[[frozenset[str]], None]) -> None: ...
    def unwatch(self) -> None: ...
    async def peers(self, link: str) -> tuple[str, ...]: ...
    async def probe(self, link: str, peers: Sequence[str], seconds: float) -> frozenset[str]: ...


@dataclass(frozen=True)
class DryRun:
    """What a call would do: the change of the model, and the ordered steps as a person reads them."""

    plan: Plan
    steps: tuple[str, ...]


class Engine:
    """The wanted model and the kernel that follows it.

    nics: shell patterns of the NICs' names, none for the devices with hardware behind them.
    notifier: notifies whenever what a reader sees may have changed.
    """

    def __init__(self, kernel: Kernel, store: Store, hotplug: Hotplug, nics: Sequence[str]) -> None:
        self._kernel, self._hotplug, self._nics = kernel, hotplug, nics
        self.notifier = Notifier()
        self._committed = CommittedModel(store, self.notifier)
        self._turn = asyncio.Lock()
        self._changes: set[asyncio.Task[Any]] = set()
        self._reconciler = Reconciler(kernel, self._committed, hotplug, self._turn, self.notifier)

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

    async def start(self, hostname: str) -> None:
        """Bring the host to the stored model's state; at the first start, make the model from the host."""
        self._kernel.watch(self._hear)
        async with self._turn:
            await self._committed.load()
            if self.model.records:
                left = self.model
                await self._rectify()
                await self._reconciler.bring_up(left)
                await self._announce()
            else:
                await self._first_start(hostname)

    async def close(self) -> None:
        """Let the change in progress finish, then stop; the kernel stays as it is."""
        await asyncio.gather(*self._changes, return_exceptions=True)
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
            plan = decide(self.model, facts_of(actual, self._nics))
            return DryRun(plan, tuple(str(step) for step in self._preflight(plan, actual)))

    @property
    def links_up(self) -> frozenset[str]:
        """The NICs and the tunnels' devices that have carrier."""
        return self._kernel.carriers(link_names(self.model))

    @property
    def devices(self) -> Mapping[str, Device]:
        """What the NICs and the bonds say of themselves."""
        return self._kernel.devices(uplink_devices(self.model))

    async def kernel_state(self) -> KernelState:
        """The kernel as it is now."""
        return await self._kernel.read()

    def _hear(self, names: frozenset[str]) -> None:
        """There is news of devices; what no record shows, say a VM's, wakes nobody."""
        if not names.isdisjoint([*link_names(self.model), *uplink_devices(self.model)]):
            self.notifier.notify()

    async def _change(self, decide: Decide, progress: Progress) -> Result:
        async with self._turn:
            progress.reached(0, 1)
            actual = await self._kernel.read()
            plan = decide(self.model, facts_of(actual, self._nics))
            if self._preflight_without_lost(plan, actual) or asked_by(plan):
                await self._carry_out(plan, actual, progress)
            elif plan.before != plan.after:
                await self._write_down(plan)
            return plan.result

    def _preflight_without_lost(self, plan: Plan, actual: KernelState) -> tuple[Step, ...]:
        """The steps that are foreseen; what somebody else has taken, and is no part of it, is left out."""
        try:
            return self._preflight(plan, actual)
        except Failure:
            self._reconciler.leave_out_what_is_lost(actual)
            return self._preflight(plan, actual)

    def _preflight(self, plan: Plan, actual: KernelState) -> tuple[Step, ...]:
        feasible = self._reconciler.feasible(plan)
        return preflight(feasible, actual, makes_devices=self._hotplug.makes_devices)

    async def _carry_out(self, whole: Plan, snapshot: KernelState, progress: Progress) -> None:
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
            await self._converge(plan, snapshot, answered, progress)
            await self._have_vifs_taken(plan)
            await self._committed.commit(whole.after, ended=asked_by(plan))
            undo.pop_all()
        self._reconciler.carried_out(whole)

    async def _write_down(self, plan: Plan) -> None:
        """Commit a change that no device shows: there is nothing to take, to check or to undo."""
        try:
            await self._committed.commit(plan.after)
        except OSError as error:
            raise failure(plan, error) from error
        self._reconciler.carried_out(plan)

    async def _converge(
        self, plan: Plan, snapshot: KernelState, answered: Sequence[str], progress: Progress = UNWATCHED
    ) -> None:
        """The kernel is as the plan wants it, and the host is as reachable as it was."""
        wanted_of = partial(desired, plan.after, given=given_by(plan.before))
        asked = wanted_of(with_nics_of(snapshot, await self._kernel.read(), plan))
        await reach(self._kernel, wanted_of, progress)
        check_kept(await self._kernel.read(), asked, moved_devices(plan))
        pif = management(plan.after)
        if pif is not None:
            await reachability.check(self._kernel, bridge_of(plan.after, pif), pif, answered)

    async def _have_vifs_taken(self, plan: Plan) -> None:
        """A script may have made devices: they become ports as well."""
        await plug(self._hotplug, plan)
        if plan.plug and self._hotplug.makes_devices:
            await reach(self._kernel, partial(desired, plan.after, given=given_by(plan.before)))
            check_taken(plan, await self._kernel.read())

    async def _undo(
        self, plan: Plan, snapshot: KernelState, kind: object, cause: BaseException, traceback: object
    ) -> bool:
        """Give everything back as it was, and raise the Failure that the cause is to the caller."""
        log.warning("undoing, because of: %s", cause)
        try:
            await self._give_back(plan, snapshot)
        except TROUBLE as second:
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
        wanted = desired(self.model, await self._kernel.read())
        owned = [name for name, link in sorted(wanted.links.items()) if link.owned]
        for step in announcements(wanted, wanted, owned):
            await self._kernel.apply(step)

    async def _rectify(self) -> None:
        """What breaks the rules in the store, by hand or by an older program, is put right first of all."""
        rectified = rectify(self.model)
        for line in rectified.log:
            log.warning("%s", line)
        if rectified.log:
            await self._committed.keep_copy()
        await self._committed.commit(rectified.model)

    async def _first_start(self, hostname: str) -> None:
        """Here the store is written first: the kernel alone could not tell, half-way, what the host had."""
        snapshot = await self._kernel.read()
        facts = facts_of(snapshot, self._nics)
        plan = first_start(hostname, facts, token_bytes(32))
        for words in words_of_leases(facts):
            log.warning("%s", words)
        pif = management(plan.after)
        answered = await reachability.witnesses(self._kernel, snapshot, pif.device, pif) if pif else ()
        async with AsyncExitStack() as undo:
            await self._committed.commit(plan.after)
            undo.push_async_callback(self._forget, plan)
            undo.push_async_exit(partial(self._undo, plan, snapshot))
            await self._converge(plan, snapshot, answered)
            undo.pop_all()
        self._reconciler.carried_out(plan)

    async def _forget(self, plan: Plan) -> None:
        """A first start that was undone leaves no trace.  One that could not be undone stays in the store:
        what it read from the host is nowhere else."""
        if not self._reconciler.is_astray:
            await self._committed.commit(plan.before)

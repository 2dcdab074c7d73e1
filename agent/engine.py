"""Engine, one call at a time: decide, converge, check that the host is reachable, commit; or undo."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from agent import reachability
from agent.address_steps import announcements
from agent.blame import blamed, failure
from agent.converge import NotTaken, reach
from agent.draft import Draft, Plan, changes
from agent.errors import InternalError
from agent.facts import Facts
from agent.foresight import foreseen
from agent.kernel.desired import as_before, bridge_of, desired, given_nics
from agent.kernel.nics import facts_of
from agent.kernel.state import KernelState
from agent.kernel.steps import Refused, Step
from agent.model import PIF, Host, Model, Ref, management_of
from agent.rules.startup import first_start
from agent.topology import topology

log = logging.getLogger("pifd.engine")

RETRY_FIRST, RETRY_LAST = 1.0, 60.0
"""Seconds between two attempts to bring a kernel that went astray to the model's state."""

Decide = Callable[[Model, Facts], Plan]


class Kernel(Protocol):
    """What the engine needs of the kernel."""

    async def read(self) -> KernelState: ...
    async def apply(self, step: Step) -> None: ...
    async def carriers(self, names: Iterable[str]) -> frozenset[str]: ...
    async def peers(self, link: str) -> tuple[str, ...]: ...
    async def probe(self, link: str, peers: Sequence[str], seconds: float) -> frozenset[str]: ...


class Store(Protocol):
    """What the engine needs of the store."""

    def load(self) -> Model: ...
    def commit(self, before: Model, after: Model) -> None: ...


@dataclass(frozen=True)
class DryRun:
    """What a call would do: the change of the model, and the ordered steps as a person reads them."""

    plan: Plan
    steps: tuple[str, ...]


class Engine:
    """The wanted model and the kernel that follows it.

    nics: shell patterns of the NICs' names, none for the devices with hardware behind them.  model: the last
    committed one, which reads take without waiting.  settled: set while the kernel is in the model's state.
    """

    def __init__(self, kernel: Kernel, store: Store, nics: Sequence[str]) -> None:
        self._kernel, self._store, self._nics = kernel, store, nics
        self._turn = asyncio.Lock()
        self._changes: set[asyncio.Task[Any]] = set()
        self._reconciler: asyncio.Task[None] | None = None
        self._broken: frozenset[Ref[PIF]] = frozenset()
        self.model = Model()
        self.settled = asyncio.Event()

    async def start(self, hostname: str) -> None:
        """Bring the host to the stored model's state; at the first start, make the model from the host."""
        async with self._turn:
            self.model = await asyncio.to_thread(self._store.load)
            if self.model.records:
                await self._converge_as_far_as_possible()
                await self._announce()
            else:
                await self._first_start(hostname)

    async def close(self) -> None:
        """Let the change in progress finish, then stop; the kernel stays as it is."""
        await asyncio.gather(*self._changes, return_exceptions=True)
        async with self._turn:
            if self._reconciler is not None:
                self._reconciler.cancel()
        if self._reconciler is not None:
            await asyncio.gather(self._reconciler, return_exceptions=True)

    async def change(self, decide: Decide) -> str | None:
        """Carry out what a rule decides, or raise a Failure with everything as it was.

        A caller that goes away does not stop a change half-way: it goes on in a task of its own.
        """
        task = asyncio.create_task(self._change(decide))
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        return await asyncio.shield(task)

    async def dry_run(self, decide: Decide) -> DryRun:
        """What a rule decides and which steps it takes; changes nothing."""
        async with self._turn:
            actual = await self._kernel.read()
            plan = decide(self.model, facts_of(actual, self._nics))
            return DryRun(plan, tuple(str(step) for step in foreseen(self._feasible(plan), actual)))

    async def links_up(self) -> frozenset[str]:
        """The NICs that have carrier."""
        return await self._kernel.carriers(pif.device for pif in self.model.all(PIF) if pif.physical)

    async def topology(self) -> dict[str, Any]:
        """The tree of networks, bridges, bonds and NICs, with what the kernel says of them."""
        return topology(self.model, await self._kernel.read())

    async def _change(self, decide: Decide) -> str | None:
        async with self._turn:
            actual = await self._kernel.read()
            plan = decide(self.model, facts_of(actual, self._nics))
            if foreseen(self._feasible(plan), actual) or plan.before != plan.after:
                await self._carry_out(plan, actual)
            return plan.result

    def _feasible(self, plan: Plan) -> Plan:
        """The plan without the PIFs that could not be had before and that it leaves as they are.

        One that is broken must not hold up calls that have nothing to do with it.
        """
        changed = {record.ref for record, _ in changes(plan).changed}
        still = self._broken & plan.after.records.keys() - changed
        return Plan(without(plan.before, self._broken), without(plan.after, still), plan.result)

    async def _carry_out(self, whole: Plan, snapshot: KernelState) -> None:
        """Converge, check, commit; from then on there is no undo."""
        plan = self._feasible(whole)
        pif = management(plan.before)
        place = bridge_of(plan.before, pif) if pif else ""
        answered = await reachability.witnesses(self._kernel, snapshot, place, pif) if pif else ()
        async with AsyncExitStack() as undo:
            undo.push_async_exit(partial(self._undo, plan, snapshot))
            await self._converge(plan, answered)
            await asyncio.to_thread(self._store.commit, whole.before, whole.after)
            undo.pop_all()
        self._broken &= {pif.ref for pif in whole.after.all(PIF) if plan.after.get(pif.ref) != pif}
        self._settle(whole.after)

    async def _announce(self) -> None:
        """The daemon before this one may have died before it could tell where the addresses are now."""
        for step in announcements(await self._kernel.read()):
            await self._kernel.apply(step)

    async def _first_start(self, hostname: str) -> None:
        """Here the store is written first: the kernel alone could not tell, half-way, what the host had."""
        snapshot = await self._kernel.read()
        facts = facts_of(snapshot, self._nics)
        plan = first_start(hostname, facts)
        warn_of_leases(facts)
        pif = management(plan.after)
        answered = await reachability.witnesses(self._kernel, snapshot, pif.device, pif) if pif else ()
        async with AsyncExitStack() as undo:
            await asyncio.to_thread(self._store.commit, plan.before, plan.after)
            self.model = plan.after
            undo.callback(self._forget, plan)
            undo.push_async_exit(partial(self._undo, plan, snapshot))
            await self._converge(plan, answered)
            undo.pop_all()
        self._settle(plan.after)

    async def _converge(self, plan: Plan, answered: Sequence[str]) -> None:
        """The kernel is as the plan wants it, and the host is as reachable as it was."""
        given = given_nics(plan.before)
        await reach(self._kernel, partial(desired, plan.after, given=given))
        pif = management(plan.after)
        if pif is not None:
            await reachability.check(self._kernel, bridge_of(plan.after, pif), pif, answered)

    async def _undo(
        self, plan: Plan, snapshot: KernelState, kind: object, cause: BaseException, traceback: object
    ) -> bool:
        """Give the kernel back as it was, and raise the Failure that the cause is to the caller."""
        log.warning("undoing, because of: %s", cause)
        given = given_nics(plan.before) | given_nics(plan.after)
        try:
            await reach(self._kernel, lambda actual: as_before(snapshot, actual, given))
        except (Refused, NotTaken, OSError) as second:
            self._go_astray()
            raise InternalError(f"{cause}; undoing it failed too, and is tried again: {second}") from cause
        raise failure(plan, cause) from cause

    async def _converge_as_far_as_possible(self) -> None:
        """At a start, one PIF that can't be had must not keep the others from coming up."""
        while True:
            try:
                await self._reach_feasible()
                break
            except (Refused, NotTaken, OSError) as error:
                left = [pif for pif in blamed(self.model, error) if pif.ref not in self._broken]
                pif = next((pif for pif in left if pif.currently_attached), None)
                log.error("%s: %s", pif.device if pif else "the host's network", error)
                self._go_astray()
                if pif is None:
                    break
                self._broken |= {pif.ref}
        if self._reconciler is None:
            self.settled.set()

    async def _reach_feasible(self) -> None:
        model = without(self.model, self._broken)
        await reach(self._kernel, partial(desired, model, given=given_nics(self.model)))

    def _forget(self, plan: Plan) -> None:
        """A first start that was undone leaves no trace.  One that could not be undone stays in the store:
        what it read from the host is nowhere else."""
        if self._reconciler is None:
            self._store.commit(plan.after, plan.before)
            self.model = plan.before

    def _settle(self, model: Model) -> None:
        self.model = model
        if not self._broken:
            self.settled.set()

    def _go_astray(self) -> None:
        """The kernel is not in the model's state: try until it is."""
        self.settled.clear()
        if self._reconciler is None or self._reconciler.done():
            self._reconciler = asyncio.create_task(self._reconcile())

    async def _reconcile(self) -> None:
        pause = RETRY_FIRST
        while not self.settled.is_set():
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_LAST)
            async with self._turn:
                await self._try_again()

    async def _try_again(self) -> None:
        """All of the model; if that still can't be had, at least what could be had before."""
        broken, self._broken = self._broken, frozenset()
        try:
            await self._reach_feasible()
            self.settled.set()
            log.info("the kernel is in the model's state again")
        except (Refused, NotTaken, OSError) as error:
            self._broken = broken
            log.error("still not in the model's state: %s", error)
            with contextlib.suppress(Refused, NotTaken, OSError):
                await self._reach_feasible()


def warn_of_leases(facts: Facts) -> None:
    """Whoever renews an address will not find it where it was."""
    for nic in facts.nics:
        for interface in nic.leased:
            log.warning("%s of %s has a lifetime: it is kept as a static address", interface, nic.device)


def management(model: Model) -> PIF | None:
    """The management interface of the one host."""
    hosts = model.all(Host)
    return management_of(model, hosts[0].ref) if hosts else None


def without(model: Model, broken: frozenset[Ref[PIF]]) -> Model:
    """The model as if some PIFs were unplugged."""
    draft = Draft(model)
    for ref in broken & model.records.keys():
        draft.put(replace(model.get(ref), currently_attached=False))
    return draft.model

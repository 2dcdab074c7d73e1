"""Engine, one call at a time: decide, see what it takes, carry it out."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from agent.desired.desired import desired
from agent.engine.cards import Cards
from agent.engine.committed import CommittedModel, Shared, Store
from agent.engine.condition import Condition
from agent.engine.decisions import Decide, Decisions
from agent.engine.forecast import AtWorkOn, Managers, words_of_found
from agent.engine.kernel import Kernel
from agent.engine.link_history import LinkHistory, Notes
from agent.engine.link_watch import LinkWatch, bonds_over
from agent.engine.notifier import Notifier
from agent.engine.progress import UNWATCHED, Progress
from agent.engine.reachability import is_near
from agent.engine.reconciler import Reconciler
from agent.engine.slb_keeper import SLBKeeper
from agent.engine.start import Start, garbage_kept
from agent.engine.transaction import Transaction
from agent.engine.vif_handover import asked_by
from agent.errors import Failure, PoolChanged, StoreUnavailable
from agent.hotplug.request import Hotplug
from agent.kernel.live import Device, LiveLink
from agent.kernel.state import KernelState
from agent.model.bond_options import needs_announcing
from agent.model.device_names import link_names, masters_of, speaks_of
from agent.model.draft import Plan, Result
from agent.model.layering import bridge_of, given_by, shown_devices, uplink_devices
from agent.model.model import Model
from agent.model.records import PIF, Bond, BondMode, Ref

log = logging.getLogger("pifd.engine")

PAUSES = (0.1, 0.3, 0.9)
"""Seconds in which another host's change comes to be known here."""


@dataclass(frozen=True)
class DryRun:
    """What a call would do: the change of the model, and the ordered steps as a person reads them."""

    plan: Plan
    steps: tuple[str, ...]


class Engine:
    """The wanted model and the kernel that follows it.

    nics: shell patterns of the NICs' names, none for the devices with hardware behind them.
    notifier: notifies whenever what a reader sees may have changed.  managers: who else configures a NIC.
    at_work_on: who does while the host runs.
    default_bond_mode: of a bond for which nobody names one.  notes: where the history of links is kept.
    """

    def __init__(
        self,
        kernel: Kernel,
        store: Store,
        hotplug: Hotplug,
        nics: Sequence[str],
        managers: Managers = lambda _: (),
        default_bond_mode: BondMode = BondMode.BALANCE_SLB,
        *,
        plug_spares: bool = False,
        at_work_on: AtWorkOn = lambda _: "",
        notes: Notes | None = None,
    ) -> None:
        self._kernel = kernel
        self.notifier, self._turn = Notifier(), asyncio.Lock()
        self._changes: set[asyncio.Task[Any]] = set()
        self._retrying: asyncio.Task[None] | None = None
        committed = self._committed = CommittedModel(store, self.notifier)
        self._decisions = Decisions(kernel, committed, nics, at_work_on, default_bond_mode)
        cards = self._cards = Cards(committed)
        reconciler = Reconciler(kernel, committed, cards, hotplug, self._turn, self.notifier)
        self._reconciler = reconciler
        self._transaction = Transaction(kernel, hotplug, committed, reconciler)
        self._start = Start(
            kernel, committed, reconciler, cards, self._transaction, nics, managers, at_work_on
        )
        self._start.plug_spares = plug_spares
        self._slb = SLBKeeper(kernel, self._wanted_now, self._turn, self._needs_announcing)
        self._links = LinkWatch(kernel, lambda: committed.here, self._turn, LinkHistory(notes), self.notifier)
        self._heard_of: set[str] = set()

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
        """The plugged PIFs and VIFs that are not up, and why."""
        return self._reconciler.failures

    @property
    def condition(self) -> Condition:
        """What is not as the model says, and why."""
        return self._reconciler.condition

    @property
    def words(self) -> str:
        """One line on how the network is."""
        if self._start.obstacle is not None:
            parameters = self._start.obstacle.parameters
            return f"nothing can be changed: {parameters[0]}: {parameters[-1]}"
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
        self._kernel.watch(self._hear, self._hear_of_drift, self._links.take)
        async with self._turn:
            with garbage_kept():
                await self._committed.load()
                await self._start.begin(hostname, progress)
        self.watch_over(hostname)

    def watch_over(self, hostname: str, obstacle: Failure | None = None) -> None:
        """From now on news is heeded, and what could not be done at the start is tried again.

        obstacle: what was in the way of taking the host over; until it is gone, changes are refused for it.
        """
        self._start.obstacle = obstacle
        self._reconciler.begin()
        self._slb.begin()
        self._slb.news()
        self._links.begin()
        if not self._start.is_done:
            self._retrying = asyncio.create_task(self._retry(hostname))

    async def _retry(self, hostname: str) -> None:
        await self._start.retry(hostname, self._turn)
        self.notifier.notify()
        log.info("%s", self.words)

    async def _check_store(self) -> None:
        """Before anything is touched: what is done can be written down."""
        if self._start.obstacle is not None:
            raise self._start.obstacle
        try:
            await self._committed.check()
        except OSError as error:
            raise StoreUnavailable(str(error)) from error

    async def foresee_start(self, hostname: str) -> Sequence[str]:
        """What `start` will do, in lines that a person reads; nothing is changed."""
        return await self._start.foresee(hostname)

    async def close(self) -> None:
        """Let the change in progress finish, then stop; the kernel stays as it is."""
        await asyncio.gather(*self._changes, return_exceptions=True)
        async with self._turn:  # not in the middle of it
            if self._retrying is not None:
                self._retrying.cancel()
        await self._slb.close()
        await self._links.close()
        await self._reconciler.close()
        self._kernel.unwatch()

    async def change(self, decide: Decide, progress: Progress = UNWATCHED) -> Result:
        """Carry out what a rule decides, or raise a Failure with everything as it was.

        A caller that goes away does not stop a change half-way: it goes on in a task of its own.
        """
        task = asyncio.create_task(self._change_in_pool(decide, progress))
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        return await asyncio.shield(task)

    async def dry_run(self, decide: Decide) -> DryRun:
        """What a rule decides and which steps it takes; changes nothing."""
        async with self._turn:
            actual = await self._kernel.read()
            plan = await self._decisions.plan(decide, actual)
            self._committed.check_plan(plan)
            _, steps = await self._transaction.preflight(plan.here, actual)
            return DryRun(plan, tuple(str(step) for step in steps))

    async def answers(self, pif: Ref[PIF], address: str, seconds: float) -> bool:
        """Whether a neighbour on a PIF's network answers; True where that can't be told, of no neighbour."""
        model, actual = self.model, await self._kernel.read()
        own = model.records.get(pif)
        if not isinstance(own, PIF) or not is_near(address, own):
            return True
        link = bridge_of(model, own)
        try:
            return link not in actual.links or bool(await self._kernel.probe(link, [address], seconds))
        except OSError:  # the link has just gone
            return True

    @property
    def links_up(self) -> frozenset[str]:
        """The NICs and the tunnels' devices that have carrier."""
        return self._kernel.carriers(link_names(self._committed.here))

    @property
    def ports_up(self) -> frozenset[str]:
        """The members of bonds that have carrier and are in their bond."""
        return self._kernel.ports_up(masters_of(self._committed.here))

    @property
    def devices(self) -> Mapping[str, Device]:
        """What the NICs and the bonds say of themselves."""
        return self._kernel.devices(uplink_devices(self._committed.here))

    @property
    def history(self) -> LinkHistory:
        """What became of the links of bonds."""
        return self._links.history

    def bonds_heard_of(self) -> frozenset[Ref[Bond]]:
        """The bonds that may do something else now, or their members; asked again, there are none."""
        names, self._heard_of = self._heard_of, set()
        return frozenset(bonds_over(self._committed.here, names))

    async def live_links(self, names: Iterable[str]) -> Mapping[str, LiveLink]:
        """Those of the named links that are there, with what bonds and their ports say of themselves now."""
        return await self._kernel.live_links(names)

    async def kernel_state(self) -> KernelState:
        """The kernel as it is now."""
        return await self._kernel.read()

    def _hear(self, names: frozenset[str]) -> None:
        """There is news of devices; what no record shows, say a VM's, wakes nobody."""
        shown = names & self._committed.here.once(shown_devices)
        if shown:
            self._heard_of |= shown
            self._links.news()
            self.notifier.notify()
        self._hear_of_drift(names)
        self._slb.news()

    def _hear_of_drift(self, names: frozenset[str]) -> None:
        """Devices have come, gone or changed, or their addresses or routes have."""
        if any(speaks_of(self._committed.here, name) for name in names):
            self._reconciler.news()
            self._slb.news()

    def _needs_announcing(self) -> bool:
        return self._committed.here.once(needs_announcing)

    def _wanted_now(self, actual: KernelState) -> KernelState:
        """What the last committed model wants."""
        return desired(self._committed.here, actual, given_by(self._committed.here))

    def share(self, shared: Shared) -> None:
        """From now on what all hosts share is changed there, too."""
        self._committed.shared = shared

    async def _change_in_pool(self, decide: Decide, progress: Progress) -> Result:
        """Decide anew where another host was faster, once its change is known here."""
        for pause in PAUSES:
            with suppress(PoolChanged):
                return await self._change(decide, progress)
            await asyncio.sleep(pause)
        return await self._change(decide, progress)

    async def _change(self, decide: Decide, progress: Progress) -> Result:
        async with self._turn:
            progress.reached(0, 1)
            await self._check_store()
            actual = await self._kernel.read()
            await self._cards.follow(actual)
            found = actual
            whole = await self._decisions.plan(decide, actual)
            self._committed.check_plan(whole)
            plan = whole.here
            scope, steps = await self._transaction.preflight(plan, actual)
            if steps or asked_by(plan):
                await self._transaction.carry_out(whole, scope, steps, actual, progress)
                actual = await self._kernel.read()
            elif whole.before != whole.after:
                await self._transaction.write_down(whole)
            await self._reconciler.carried_out(plan, scope, actual)
            self._slb.news()
            self._links.news()
            for note in plan.notes:
                log.warning("%s", note)
                progress.noted(note)
            if plan.after.table.number_having(PIF) > plan.before.table.number_having(PIF):
                for line in words_of_found(plan, self._decisions.facts(plan.before, found)):
                    log.info("%s", line)
            return plan.result

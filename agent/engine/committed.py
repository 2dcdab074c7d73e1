"""The committed model, and the VMs that were asked something by a call that has not ended yet.

What a VM was asked the kernel can't tell.  So it is written to the store before the VM is asked, as a mark on
the VIF, and after a crash the next start finds it there.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import Protocol, TypeVar

from agent.engine.notifier import Notifier
from agent.errors import OperationNotAllowed, PoolUnavailable
from agent.model.draft import Draft, Plan
from agent.model.model import Model, here, host_of
from agent.model.records import VIF, Host, Network, Pool, Ref

log = logging.getLogger(__name__)

T = TypeVar("T")

NOBODY: frozenset[Ref[VIF]] = frozenset()


class Store(Protocol):
    """What the engine needs of the store.  The last three raise an OSError when nothing can be written."""

    @property
    def trouble(self) -> str:
        """Why nothing can be written, "" while all is well."""

    @property
    def is_known(self) -> bool:
        """Whether anything could be read."""

    @property
    def is_whole(self) -> bool:
        """Whether that is all that the last process has written."""

    def load(self) -> Model: ...
    def reopen(self) -> None: ...
    def check(self, model: Model) -> None: ...
    def commit(self, before: Model, after: Model) -> None: ...
    def keep_copy(self) -> Path: ...


class Shared(Protocol):
    """What all hosts of a pool share, in the pool's store."""

    def check(self) -> None:
        """Raises PIFD_POOL_UNAVAILABLE while nothing of it can be changed."""

    async def commit(self, before: Model, after: Model) -> None:
        """Change there what differs.  Raises PIFD_POOL_UNAVAILABLE, PIFD_POOL_CHANGED."""


class CommittedModel:
    """model: the last committed one, in which no VIF is marked.  asked: the VIFs that are, in the store.

    notifier: notifies of each new model.  shared: where networks and the pool are, if other hosts can join.
    """

    def __init__(self, store: Store, notifier: Notifier) -> None:
        self._store, self._stored, self._notifier = store, Model(), notifier
        self._thread = ThreadPoolExecutor(1, "store")  # its own: a disk that hangs holds up nothing else
        self.model = Model()
        self.asked = NOBODY
        self.shared: Shared | None = None

    @property
    def here(self) -> Model:
        """The part of it that is about this host."""
        return here(self.model)

    async def load(self) -> None:
        """Read what the last process left."""
        self._stored = await self._in_thread(self._store.load)
        self.asked = frozenset(vif.ref for vif in self._stored.by(VIF, "released", True))
        self.model = replace(marked(self._stored, NOBODY), seed=token_bytes(32))

    async def keep_copy(self) -> None:
        """Keep the store as it was before it is put right, which is done in any case."""
        try:
            log.warning("the store as it was is kept in %s", await self._in_thread(self._store.keep_copy))
        except OSError as error:
            log.error("the store as it was is not kept: %s", error)

    @property
    def trouble(self) -> str:
        """Why nothing can be written down, "" while all is well."""
        return self._store.trouble

    @property
    def is_known(self) -> bool:
        """Whether `model` is what the last process left, or a part of that."""
        return self._store.is_known

    @property
    def is_whole(self) -> bool:
        """Whether it is all of that."""
        return self._store.is_whole

    async def check(self) -> None:
        """OSError when nothing can be written down; what somebody has removed is there again else."""
        await self._in_thread(self._store.check, self._stored)

    async def reopen(self) -> None:
        """Try whether the store can be used again; `trouble` tells."""
        await self._in_thread(self._store.reopen)

    async def commit_or_assume(self, before: Model, after: Model, what: str) -> None:
        """Change this host's part of the model, even while it can't be written down, which is logged."""
        model = self.model.with_changes(before, after)
        try:
            await self.commit(model, is_learnt=True)
        except OSError as error:
            log.error("%s could not be written down: %s", what, error)
            self.model = model
            self._notifier.notify()

    async def note(self, vifs: Collection[Ref[VIF]]) -> None:
        """Write down, before it is done, that the VMs of these VIFs are asked."""
        await self._write(self.model, (self.asked | set(vifs)) & self.model.records.keys())

    def check_plan(self, plan: Plan) -> None:
        """Before anything is touched: it changes nothing of another host's, and what hosts share can be."""
        if plan.is_learnt:
            return
        for ref in plan.before.table.differing(plan.after.table):
            record = plan.before.records.get(ref) or plan.after.records[ref]
            owner = plan.after.records.get(host_of(plan.before, record) or "")
            if isinstance(owner, Host) and owner.elsewhere:
                raise OperationNotAllowed(f"it changes what is on {owner.name_label or owner.uuid}")
        if self._changes_shared(plan.before, plan.after):
            self._shared.check()

    async def commit(
        self, model: Model, ended: Collection[Ref[VIF]] = (), *, is_learnt: bool = False
    ) -> None:
        """Make a model the committed one, in which the VMs of some VIFs have what it says.

        What all hosts share is changed in their store first, unless it was learnt from there.
        """
        before, asked = self.model, (self.asked - set(ended)) & model.records.keys()
        if is_learnt or not self._changes_shared(before, model):
            await self._write(model, asked)
            return
        await self._shared.commit(before, model)
        try:
            await self._write(model, asked)
        except OSError:
            await self._shared.commit(model, before)
            raise

    def _changes_shared(self, before: Model, after: Model) -> bool:
        if not any(pool.is_shared for pool in before.all(Pool)):
            return False
        changed = before.table.differing(after.table)
        found = ((before.records.get(ref), after.records.get(ref)) for ref in changed)
        return any(old != new and isinstance(old or new, Network | Pool) for old, new in found)

    @property
    def _shared(self) -> Shared:
        if self.shared is None:
            raise PoolUnavailable("pool_endpoints, the setting that says where etcd is, is not set")
        return self.shared

    async def _in_thread(self, work: Callable[..., T], /, *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *arguments))

    def _store_what_differs(self, model: Model) -> None:
        if model != self._stored:
            self._store.commit(self._stored, model)

    async def _write(self, model: Model, asked: frozenset[Ref[VIF]]) -> None:
        stored = marked(model, asked)
        if stored.records is not self._stored.records:
            await self._in_thread(self._store_what_differs, stored)
        is_new = model is not self.model
        self._stored, self.model, self.asked = stored, model, asked
        if is_new:
            self._notifier.notify()


def marked(model: Model, asked: Collection[Ref[VIF]]) -> Model:
    """The model with just these VIFs marked as released."""
    draft = Draft(model)
    released = {vif.ref: vif for vif in model.by(VIF, "released", True)}
    for ref in model.table.in_order({*released, *asked}):
        vif = model.get(Ref[VIF](ref))
        if vif.released != (ref in asked):
            draft.put(replace(vif, released=not vif.released))
    return draft.model

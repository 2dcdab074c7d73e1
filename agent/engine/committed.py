"""The committed model, and the VMs that were asked something by a call that has not ended yet.

What a VM was asked the kernel can't tell.  So it is written to the store before the VM is asked, as a mark on
the VIF, and after a crash the next start finds it there.
"""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes
from typing import Protocol

from agent.engine.notifier import Notifier
from agent.model.draft import Draft
from agent.model.model import Model
from agent.model.records import VIF, Ref

log = logging.getLogger(__name__)

NOBODY: frozenset[Ref[VIF]] = frozenset()


class Store(Protocol):
    """What the engine needs of the store.  All raise an OSError when the file can't be used."""

    def load(self) -> Model: ...
    def commit(self, before: Model, after: Model) -> None: ...
    def keep_copy(self) -> Path: ...


class CommittedModel:
    """model: the last committed one, in which no VIF is marked.  asked: the VIFs that are, in the store.

    notifier: notifies of each new model.
    """

    def __init__(self, store: Store, notifier: Notifier) -> None:
        self._store, self._stored, self._notifier = store, Model(), notifier
        self.model = Model()
        self.asked = NOBODY

    async def load(self) -> None:
        """Read what the last process left."""
        self._stored = await asyncio.to_thread(self._store.load)
        self.asked = frozenset(vif.ref for vif in self._stored.all(VIF) if vif.released)
        self.model = replace(marked(self._stored, NOBODY), seed=token_bytes(32))

    async def keep_copy(self) -> None:
        """Keep the store as it was before it is put right, which is done in any case."""
        try:
            log.warning("the store as it was is kept in %s", await asyncio.to_thread(self._store.keep_copy))
        except OSError as error:
            log.error("the store as it was is not kept: %s", error)

    async def note(self, vifs: Collection[Ref[VIF]]) -> None:
        """Write down, before it is done, that the VMs of these VIFs are asked."""
        await self._write(self.model, (self.asked | set(vifs)) & self.model.records.keys())

    async def commit(self, model: Model, ended: Collection[Ref[VIF]] = ()) -> None:
        """Make a model the committed one, in which the VMs of some VIFs have what it says."""
        await self._write(model, (self.asked - set(ended)) & model.records.keys())

    async def _write(self, model: Model, asked: frozenset[Ref[VIF]]) -> None:
        stored = marked(model, asked)
        if stored != self._stored:
            await asyncio.to_thread(self._store.commit, self._stored, stored)
        is_new = model is not self.model
        self._stored, self.model, self.asked = stored, model, asked
        if is_new:
            self._notifier.notify()


def marked(model: Model, asked: Collection[Ref[VIF]]) -> Model:
    """The model with just these VIFs marked as released."""
    draft = Draft(model)
    for vif in model.all(VIF):
        if vif.released != (vif.ref in asked):
            draft.put(replace(vif, released=not vif.released))
    return draft.model

"""LinkWatch: what becomes of the links of bonds is kept, and told of in messages of XenAPI's."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from uuid import uuid4

from agent.engine.kernel import Kernel
from agent.engine.link_history import LinkHistory
from agent.engine.notifier import Notifier
from agent.kernel.live import LinkChange
from agent.logs import going_on
from agent.model.messages import Message, MessageClass
from agent.model.model import Model, is_here, slaves, this_host
from agent.model.records import Bond, Ref

log = logging.getLogger("pifd.engine")

PACE = 5.0
"""Seconds between two messages about one bond, and from its first moment to the first: what flaps, or comes
up, is told of once.  XAPI looks every 5 s."""
SAVING = 5.0
"""Seconds between two times that the file is written."""
BOND_STATUS_CHANGED, PRIORITY = "BOND_STATUS_CHANGED", 3


class LinkWatch:
    """model_of: the last committed model of this host.  turn: held by whoever changes the host, who may take
    ports out of bonds for a moment."""

    def __init__(
        self,
        kernel: Kernel,
        model_of: Callable[[], Model],
        turn: asyncio.Lock,
        history: LinkHistory,
        notifier: Notifier,
    ) -> None:
        self._kernel, self._model_of, self._turn = kernel, model_of, turn
        self.history, self._notifier = history, notifier
        self._news = asyncio.Event()
        self._not_before: dict[str, float] = {}
        self._saved_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """From now on, tell."""
        if self._task is None:
            self.history.load(self._kernel.link_counts)
            self._task = asyncio.create_task(self._follow())
            self.news()

    def take(self, changes: tuple[LinkChange, ...]) -> None:
        """Each time that a bond's port got or lost carrier; before the beginning the kernel's counts tell."""
        if self._task is not None:
            self.history.take(changes)
            self.news()

    def news(self) -> None:
        """Something happened to a device, or the model is another one."""
        self._news.set()

    async def close(self) -> None:
        """Tell nothing any more, and write down what there is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self.history.write(self.history.dump(self._kernel.link_counts))

    async def _follow(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            with going_on(log, "the links of bonds could not be followed"):
                async with self._turn:
                    self._tell_of_bonds()
                await self._save_in_time()

    def _tell_of_bonds(self) -> None:
        """Of those with more than one link, as XAPI does; one that is not in the bond is not up for it."""
        model, loop = self._model_of(), asyncio.get_running_loop()
        told, now = self.history.links_up, loop.time()
        there = {bond.uuid: (bond, devices) for bond, devices in watched(model)}
        for uuid in told.keys() - there.keys():
            del told[uuid]
        for uuid, (bond, devices) in there.items():
            masters = dict.fromkeys(devices, model.get(bond.master).device)
            found = len(self._kernel.ports_up(masters)), len(devices)
            before = told.get(uuid)
            if before is not None and before[0] == found[0]:
                continue
            is_well = before is None and found[0] == found[1]
            due = self._not_before.setdefault(uuid, now if before is not None else now + PACE)
            if now < due and not is_well:
                loop.call_later(due - now, self.news)
                continue
            told[uuid], self._not_before[uuid] = found, now if is_well else now + PACE
            self._tell(model, bond, devices, before)

    def _tell(self, model: Model, bond: Bond, devices: list[str], before: tuple[int, int] | None) -> None:
        """As networkd words it; one whose links are all up when it is seen first is not worth a message."""
        self.history.is_new = True
        up, total = self.history.links_up[bond.uuid]
        body, host = f"{up}/{total} up", this_host(model)
        if host is None or (before is None and up == total):
            return
        name = "+".join(devices)
        if before is None:
            body = f"The status of the {name} bond is: {body}"
        else:
            body = f"The status of the {name} bond changed: {body} (was {before[0]}/{before[1]})"
        log.warning("%s: %s", model.get(bond.master).device, body)
        self.history.add_message(
            Message(
                uuid=str(uuid4()),
                name=BOND_STATUS_CHANGED,
                priority=PRIORITY,
                cls=MessageClass.HOST,
                obj_uuid=host.uuid,
                timestamp=datetime.now(UTC).replace(microsecond=0),
                body=body,
            )
        )
        self._notifier.notify()

    async def _save_in_time(self) -> None:
        loop = asyncio.get_running_loop()
        if not self.history.is_new:
            return
        if loop.time() < self._saved_at + SAVING:
            loop.call_at(self._saved_at + SAVING, self.news)
            return
        self._saved_at = loop.time()
        await asyncio.to_thread(self.history.write, self.history.dump(self._kernel.link_counts))


def watched(model: Model) -> Iterator[tuple[Bond, list[str]]]:
    """This host's bonds that are plugged and have several links, and these by their names, in order."""
    for bond in model.all(Bond):
        master = model.get(bond.master)
        devices = sorted(slave.device for slave in slaves(model, bond))
        if len(devices) > 1 and master.currently_attached and is_here(model, master):
            yield bond, devices


def bonds_over(model: Model, names: Collection[str]) -> Iterator[Ref[Bond]]:
    """This host's bonds of which one of these devices is the master or a member."""
    for bond in model.all(Bond):
        devices = {model.get(bond.master).device, *(slave.device for slave in slaves(model, bond))}
        if not devices.isdisjoint(names):
            yield bond.ref

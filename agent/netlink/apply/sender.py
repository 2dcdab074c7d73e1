"""Steps that are messages go to the kernel in one send, and what is announced between two of them."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from agent.kernel.announcement_frames import frame, rarp
from agent.kernel.steps import Announce, CreateLink, Refused, SetActiveSlave, SetDown, SetMaster, Step
from agent.netlink.apply.neighbours import lasting
from agent.netlink.apply.planned_devices import PlannedDevices
from agent.netlink.messages.encode import messages
from agent.netlink.picture.cache import KernelCache
from agent.netlink.picture.listener import Listener
from agent.netlink.sockets.socket import Wire

UPDELAY = 1.0
"""Seconds for which a bond that does not want a port to be active yet is asked again."""
ASKED_AGAIN = 0.01
"""Seconds after which it is."""
LEARNING = 0.1
"""Seconds that switches and neighbours have for what was announced, before the way that they knew may go."""
LARGE, WORTH = 64, 16
"""From how many new devices on nobody listens to what becomes of them, and how many times as many links there
may be: of each new one the kernel tells a dozen things."""


class Sender:
    """writes: how many messages have changed, or tried to change, the kernel."""

    def __init__(self, wire: Wire, cache: KernelCache, devices: PlannedDevices, listener: Listener) -> None:
        self._wire, self._cache, self._devices, self._listener = wire, cache, devices, listener
        self._packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)  # to close one takes a grace period
        self._announced = -LEARNING
        self.writes = 0

    def close(self) -> None:
        """Close the socket for frames."""
        self._packets.close()

    async def send(self, steps: Sequence[Step]) -> None:
        """Raises Refused for the first message that the kernel refuses; those after it were sent as well."""
        if not steps:
            return
        told = [step for step in steps if isinstance(step, Announce)]
        if len(told) < len(steps):
            await asyncio.sleep(self._announced + LEARNING - time.monotonic())
        self._listener.begin_to_send()
        try:
            await asyncio.to_thread(self._change, steps)
        except Refused as refused:
            if not isinstance(refused.step, SetActiveSlave):
                raise
            await self._insist(refused.step)
            await asyncio.to_thread(self._change, told)
        finally:
            self._listener.end_to_send()

    async def _insist(self, step: SetActiveSlave) -> None:
        """A port that has just come is waited for: the bond believes in its carrier after its updelay."""
        for last in (*[False] * (int(UPDELAY / ASKED_AGAIN)), True):
            await asyncio.sleep(ASKED_AGAIN)
            try:
                await asyncio.to_thread(self._change, [step])
            except Refused:
                if last:
                    raise
            else:
                return

    def _change(self, steps: Sequence[Step]) -> None:
        """Send the messages of the steps in one go; the first that was refused is raised.

        A device is created with an index that was chosen for it.  So nobody has to wait for it, and if its
        creation is refused what follows meets nobody: no other device has that index, or will get it.

        What is announced goes out between two messages, at once: until it has, frames go astray.
        """
        if not (self._cache.is_paused and self._is_large(steps)):
            self._cache.listen()
        batch: list[tuple[Step, Any]] = []
        told: dict[int, list[Announce]] = {}
        refused: Refused | None = None
        for step in steps:
            if isinstance(step, Announce):
                told.setdefault(len(batch), []).append(step)
                continue
            try:
                batch += [(step, message) for message in self._encoded(step)]
            except Refused as error:
                refused = error
                break
        self.writes += len(batch)
        if self._is_large(steps):
            self._cache.pause()
        between = {place: self._announcing(announced) for place, announced in told.items()}
        neighbours = self._lasting_neighbours(steps)
        answers = self._wire.change([message for _, message in batch], between)
        if neighbours:
            self._wire.change(neighbours)
        self._cache.catch_up()
        for (step, _), answer in zip(batch, answers, strict=True):
            if answer is not None:
                raise Refused(step, str(answer))
        if refused is not None:
            raise refused

    def _lasting_neighbours(self, steps: Sequence[Step]) -> list[bytes]:
        """What puts back the neighbours that a device has for good: they go when it goes down, which it does,
        too, when it leaves a bond."""
        down = {
            s.name for s in steps if isinstance(s, SetDown) or (isinstance(s, SetMaster) and not s.master)
        }
        found = (self._cache.identity(name) for name in down)
        indices = {one.index: one.index for one in found if one is not None}
        return lasting(self._wire, indices) if indices else []

    def _is_large(self, steps: Sequence[Step]) -> bool:
        """Whether this makes so many devices that to read all links costs less than to hear of these.

        On nobody's devices but those that were made just now: others may change meanwhile, unheard.
        """
        if len(steps) < LARGE or len(steps) * WORTH < self._cache.number_of_links:
            return False
        known = {"", *self._devices.made, *(step.link.name for step in steps if isinstance(step, CreateLink))}
        return all(
            isinstance(step, CreateLink) and {step.link.master, step.link.lower} <= known for step in steps
        )

    def _encoded(self, step: Step) -> list[Any]:
        if isinstance(step, CreateLink):
            self._devices.make(step.link.name)
        return messages(step, partial(self._devices.index_for, step))

    def _announcing(self, steps: Sequence[Announce]) -> Callable[[], None]:
        """What sends the frames, which are made beforehand."""
        frames = [(step.name, one) for step in steps for one in frames_of(step)]

        def announce() -> None:
            """Nobody has to hear it: where the link is down or gone there is nobody to tell."""
            for name, one in frames:
                with contextlib.suppress(OSError):
                    self._packets.sendto(one, (name, 0))
            self._announced = time.monotonic()

        return announce


def frames_of(step: Announce) -> list[bytes]:
    """What tells neighbours of addresses, and switches of VMs."""
    addresses = [frame(step.MAC, one) for one in step.interfaces]
    return addresses + [rarp(one) for one in step.stations]

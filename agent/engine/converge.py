"""reach(): step the kernel towards a wanted state, read it back and compare.

What is wanted, and the steps to it, are worked out in a thread: with thousands of devices that takes its
time, and readers are answered meanwhile.
"""

import errno
import logging
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Protocol

from agent.engine.off_loop import off_loop
from agent.engine.progress import UNWATCHED, Progress, Stoppable
from agent.interface_reconfigure.plan import plan
from agent.kernel.parts import DEVICE, Part, differences, part_of_address, part_of_route
from agent.kernel.simulate_effects import with_link
from agent.kernel.state import KernelState, altered
from agent.kernel.steps import AwaitCarrier, CreateLink, Refused, SetActiveSlave, Step, Together

log = logging.getLogger("pifd.kernel")

PASSES = 3
"""How often the kernel is compared with what it should be before a difference counts as a refusal."""


FEW, MANY = 8, 256
"""From how many creations on they go together, and how many at a time: a cancelled call waits for them."""


class NotTaken(Exception):
    """The kernel accepted the steps and still is not what it should be.  parts: what differs, in words."""

    def __init__(self, parts: Mapping[Part, str], what: str = "the kernel did not take everything") -> None:
        super().__init__(f"{what}: {'; '.join(parts.values())}")
        self.parts = parts

    @property
    def names(self) -> frozenset[str]:
        """The devices that differ."""
        return frozenset(part.link for part in self.parts if part.link)


class Kernel(Protocol):
    """What converging needs of the kernel.  apply raises Refused."""

    async def read(self) -> KernelState: ...
    def apply(self, step: Step) -> Coroutine[Any, Any, None]: ...


NO_CARRIER = os.strerror(errno.EINVAL)

WantedOf = Callable[[KernelState], KernelState]
"""What is wanted of a kernel as it is.  It is called in a thread."""


async def reach(kernel: Kernel, wanted_of: WantedOf, progress: Progress = UNWATCHED) -> None:
    """Take the steps to the state that is wanted of the actual one.

    A slave that a bond does not take for its active one, because its link comes and goes, is left out of
    account: what is left is planned anew, as if the slave had no carrier.

    Raises Refused with everything before the refused step done, NotTaken when the kernel, read back, is not
    what was asked for, and what `progress` raises between two steps.
    """
    weak: frozenset[str] = frozenset()
    left = PASSES
    while left:
        actual = await kernel.read()
        steps = await off_loop(actual, _steps, actual, wanted_of, weak)
        if not steps:
            return
        try:
            await _take_all(kernel, steps, progress)
            left -= 1
        except Refused as refused:
            slave = _without_carrier(refused)
            if not slave or slave in weak:
                raise
            weak |= {slave}
            log.warning("%s; it is done as if %s had no carrier", refused, slave)
    actual = await kernel.read()
    found = await off_loop(actual, _differences, actual, wanted_of)
    if found:
        raise NotTaken(found)


def _without_carrier(refused: Refused) -> str:
    """The slave that a bond does not take for its active one: EINVAL is the kernel's word for one without
    carrier.  Empty where something else was refused, or for another reason."""
    step = refused.step
    return step.slave if isinstance(step, SetActiveSlave) and NO_CARRIER in refused.reason else ""


async def _take_all(kernel: Kernel, steps: Sequence[Step], progress: Progress) -> None:
    done = 0
    for run in runs(steps):
        progress.reached(done, len(steps))
        for step in run:
            log.info("%s", step)
        await _take(kernel, run[0] if len(run) == 1 else Together(run), progress)
        done += len(run)


def _steps(actual: KernelState, wanted_of: WantedOf, weak: frozenset[str]) -> tuple[Step, ...]:
    wanted = wanted_of(actual)
    for name in weak & actual.links.keys():
        actual = with_link(actual, altered(actual.links[name], carrier=False, used=False))
    return PLANS.steps(actual, wanted)


class LastPlan:
    """The steps of the last plan: what a call was foreseen to do is not planned again when it is done."""

    def __init__(self) -> None:
        self._last: tuple[KernelState, KernelState, tuple[Step, ...]] | None = None

    def steps(self, actual: KernelState, wanted: KernelState) -> tuple[Step, ...]:
        """As `plan`."""
        last = self._last
        if last is None or last[0] is not actual or not _is_the_same(last[1], wanted):
            last = self._last = actual, wanted, plan(actual, wanted)
        return last[2]


PLANS = LastPlan()


def _is_the_same(one: KernelState, other: KernelState) -> bool:
    """In what is not compared otherwise, too."""
    beside = [(state.ipv6, state.no_ipv6, state.vital) for state in (one, other)]
    return one.links is other.links and one == other and beside[0] == beside[1]


def _differences(actual: KernelState, wanted_of: WantedOf) -> Mapping[Part, str]:
    return differences(actual, wanted_of(actual))


def runs(steps: Sequence[Step]) -> Iterator[tuple[Step, ...]]:
    """The steps, many creations that follow one another together: none waits for the one before it."""
    for is_creation, several in groupby(steps, lambda step: isinstance(step, CreateLink)):
        run = tuple(several)
        size = MANY if is_creation and len(run) >= FEW else 1
        yield from (run[n : n + size] for n in range(0, len(run), size))


async def _take(kernel: Kernel, step: Step, progress: Progress) -> None:
    """A wait is not waited for to the end when the daemon is to stop."""
    if isinstance(step, AwaitCarrier) and isinstance(progress, Stoppable):
        await progress.wait(kernel.apply(step))
    else:
        await kernel.apply(step)


def check_kept(actual: KernelState, asked: KernelState, names: frozenset[str]) -> None:
    """NotTaken where something of a call's is not in the kernel, although it is there that it was asked for.

    What is wanted follows what is there, lest one NIC that is gone keeps the others down at a start.  A call
    has to be told of it.  asked: what was wanted at its beginning.  names: the NICs and VIFs that are its
    affair, beside pifd's own devices.
    """
    gone = [name for name in sorted(asked.table.differing(actual.table)) if name not in actual.links]
    addresses = {a for a in asked.addresses - actual.addresses if not a.leased}
    addresses = {address for address in addresses if _counts(asked, address.link, names)}
    routes = {r for r in asked.routes - actual.routes if _counts(asked, r.link, names) and not r.leased}
    lost = {Part(name, DEVICE): f"{name} is missing" for name in gone if _counts(asked, name, names)}
    lost |= _not_as_asked(actual, asked, names)
    lost |= {part_of_address(a): f"{a.interface} on {a.link} is missing" for a in sorted(addresses)}
    lost |= {
        part_of_route(r): f"the route to {r.destination} over {r.link} is missing" for r in sorted(routes)
    }
    if lost:
        raise NotTaken(lost, "the kernel has not kept everything")


KEPT = ("master", "up", "options", "port")
"""What a call asks for of a link that is there.  What else it has may follow from what has come of others."""


def _not_as_asked(actual: KernelState, asked: KernelState, names: frozenset[str]) -> dict[Part, str]:
    found: dict[Part, str] = {}
    for name in sorted(asked.table.differing(actual.table)):
        want, there = asked.links.get(name), actual.links.get(name)
        if want is None or there is None or not _counts(asked, name, names):
            continue
        for field in KEPT:
            if getattr(there, field) != getattr(want, field):
                words = f"{field} of {name} is {getattr(there, field)!r}, not {getattr(want, field)!r}"
                found[Part(name, field)] = words
    return found


def _counts(asked: KernelState, name: str, names: frozenset[str]) -> bool:
    """Whether a link is the call's affair: pifd makes it, and not on a NIC that the call is not about."""
    link = asked.links.get(name)
    if link is None or name in names:
        return link is not None
    lower = asked.links.get(link.lower)
    return link.owned and (lower is None or lower.owned or lower.name in names)

"""reach(): step the kernel towards a wanted state, read it back and compare."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Protocol

from agent.engine.progress import UNWATCHED, Progress
from agent.interface_reconfigure.plan import plan
from agent.kernel.state import KernelState, Link
from agent.kernel.steps import Step

log = logging.getLogger("pifd.kernel")

PASSES = 3
"""How often the kernel is compared with what it should be before a difference counts as a refusal."""


class NotTaken(Exception):
    """The kernel accepted the steps and still is not what it should be.  names: the devices that differ."""

    def __init__(self, words: str, names: frozenset[str]) -> None:
        super().__init__(words)
        self.names = names


class Kernel(Protocol):
    """What converging needs of the kernel.  apply raises Refused."""

    async def read(self) -> KernelState: ...
    async def apply(self, step: Step) -> None: ...


async def reach(
    kernel: Kernel, wanted_of: Callable[[KernelState], KernelState], progress: Progress = UNWATCHED
) -> None:
    """Take the steps to the state that is wanted of the actual one.

    Raises Refused with everything before the refused step done, NotTaken when the kernel, read back, is not
    what was asked for, and what `progress` raises between two steps.
    """
    for _ in range(PASSES):
        actual = await kernel.read()
        steps = plan(actual, wanted_of(actual))
        for done, step in enumerate(steps):
            progress.reached(done, len(steps))
            log.info("%s", step)
            await kernel.apply(step)
        if not steps:
            return
    actual = await kernel.read()
    found = "; ".join(differences(actual, wanted_of(actual)))
    if found:
        raise NotTaken(f"the kernel did not take everything: {found}", differing(actual, wanted_of(actual)))


def check_kept(actual: KernelState, asked: KernelState, names: frozenset[str]) -> None:
    """NotTaken where something of a call's is not in the kernel, although it is there that it was asked for.

    What is wanted follows what is there, lest one NIC that is gone keeps the others down at a start.  A call
    has to be told of it.  asked: what was wanted at its beginning.  names: the NICs and VIFs that are its
    affair, beside pifd's own devices.
    """
    links = {name: link for name, link in asked.links.items() if name in names or _is_own(asked, link, names)}
    addresses = {a for a in asked.addresses - actual.addresses if a.link in links and not a.leased}
    routes = {r for r in asked.routes - actual.routes if r.link in links and not r.leased}
    lost = [f"{name} is missing" for name in sorted(links.keys() - actual.links.keys())]
    lost += [f"{a.interface} on {a.link} is missing" for a in sorted(addresses)]
    lost += [f"the route to {r.destination} over {r.link} is missing" for r in sorted(routes)]
    if lost:
        gone = (links.keys() - actual.links.keys()) | {found.link for found in addresses | routes}
        raise NotTaken(f"the kernel has not kept everything: {'; '.join(lost)}", frozenset(gone))


def _is_own(state: KernelState, link: Link, names: frozenset[str]) -> bool:
    """Whether pifd makes it, and not on a NIC that the call is not about."""
    lower = state.links.get(link.lower)
    return link.owned and (lower is None or lower.owned or lower.name in names)


def differing(actual: KernelState, wanted: KernelState) -> frozenset[str]:
    """The devices that are not as they should be, or whose addresses or routes are not."""
    names = actual.links.keys() | wanted.links.keys()
    links = {name for name in names if actual.links.get(name) != wanted.links.get(name)}
    apart = (actual.addresses ^ wanted.addresses) | (actual.routes ^ wanted.routes)
    return frozenset(links | {found.link for found in apart})


def differences(actual: KernelState, wanted: KernelState) -> Iterator[str]:
    """What differs, in words."""
    for name in sorted(actual.links.keys() | wanted.links.keys()):
        yield from _link_differences(name, actual.links.get(name), wanted.links.get(name))
    yield from (f"{a.interface} on {a.link} is missing" for a in sorted(wanted.addresses - actual.addresses))
    yield from (f"{a.interface} on {a.link} is left" for a in sorted(actual.addresses - wanted.addresses))
    yield from (f"the route to {r.destination} is missing" for r in sorted(wanted.routes - actual.routes))
    yield from (f"the route to {r.destination} is left" for r in sorted(actual.routes - wanted.routes))
    if actual.resolver != wanted.resolver:
        yield "resolv.conf has other name servers"


def _link_differences(name: str, actual: Link | None, wanted: Link | None) -> Iterator[str]:
    if actual is None or wanted is None:
        yield f"{name} is {'missing' if actual is None else 'left'}"
        return
    for field in fields(Link):
        is_, should = getattr(actual, field.name), getattr(wanted, field.name)
        if field.compare and is_ != should:
            yield f"{field.name} of {name} is {is_!r}, not {should!r}"

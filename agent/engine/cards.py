"""Cards: a PIF is its card first, and follows it to the name that it has now."""

import logging
from collections.abc import Mapping
from typing import Any

from agent.desired.nics import facts_of
from agent.engine.committed import CommittedModel
from agent.engine.off_loop import off_loop
from agent.kernel.state import KernelState
from agent.model.model import Model
from agent.model.records import PIF, Ref
from agent.rules.cards import follow

log = logging.getLogger("pifd.engine")

ANY_NAME = ("*",)
"""A card may have got a name that the patterns of the NICs' names do not have."""


class Cards:
    """unclear: the PIFs whose cards are not found, or can't be told apart, and why."""

    def __init__(self, committed: CommittedModel) -> None:
        self._committed = committed
        self.unclear: Mapping[Ref[Any], str] = {}

    async def follow(self, actual: KernelState) -> bool:
        """The PIFs whose cards have other names now have those, too; whether there is any."""
        return _has_moved(self._committed.here, actual) and await self._follow(actual)

    async def follow_at_start(self, actual: KernelState, left: Model) -> Model:
        """The same after a reboot, where names may have been exchanged.  Returns `left`, followed too."""
        await self._follow(actual, at_start=True)
        facts = facts_of(actual, ANY_NAME)
        return (await off_loop(left, follow, left, facts, at_start=True)).model

    async def _follow(self, actual: KernelState, *, at_start: bool = False) -> bool:
        before = self._committed.here
        facts = facts_of(actual, ANY_NAME)
        followed = await off_loop(before, follow, before, facts, at_start=at_start)
        self.unclear = followed.unclear
        if followed.model == before:
            return False
        for line in followed.log:
            log.warning("%s", line)
        await self._committed.commit_or_assume(before, followed.model, "the new names")
        return True


def _has_moved(model: Model, actual: KernelState) -> bool:
    """Whether a PIF's NIC is not there, is another one, or is known by more than the PIF knows.

    It is cheap, because it is asked before every call.
    """
    return any(_is_not(pif, actual) for pif in model.by(PIF, "physical", True))


def _is_not(pif: PIF, actual: KernelState) -> bool:
    link = actual.links.get(pif.device)
    return link is None or (link.permanent_MAC, link.card) != (pif.permanent_MAC, pif.card)

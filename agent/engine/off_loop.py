"""What takes long is worked out in a thread, so that the event loop is free for those who only read.

A thread has a price: the loop comes back to a call only when all who read have had their turn, several times
in one change.  On a small host that is far longer than the work itself.
"""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from agent.kernel.state import KernelState
from agent.model.model import Model
from agent.model.records import PIF

P = ParamSpec("P")
R = TypeVar("R")

SMALL = 48
"""Links, or PIFs: planning for so many takes a few milliseconds."""


async def off_loop(
    host: KernelState | Model, function: Callable[P, R], *arguments: P.args, **named: P.kwargs
) -> R:
    """What the function returns.  host: the largest of the things that it looks at."""
    size = len(host.links) if isinstance(host, KernelState) else host.table.number_having(PIF)
    if size <= SMALL:
        return function(*arguments, **named)
    return await asyncio.to_thread(function, *arguments, **named)

"""A picture of the kernel against a fresh dump: what it differs in, once carrier and IPv6 have settled."""

import asyncio
import time
from contextlib import closing
from dataclasses import fields
from pathlib import Path

from agent.engine.kernel import Kernel
from agent.kernel.state import KernelState, Link
from agent.netlink import Netlink

SETTLING = 2.0
"""Seconds in which links get carrier, and IPv6 addresses are ready, by themselves."""


async def differences(kernel: Kernel, resolv_conf: Path) -> list[str]:
    """What the picture of a door to the kernel differs in from a fresh dump of this namespace, in words."""
    end = time.monotonic() + SETTLING
    while True:
        with closing(Netlink(resolv_conf, 1)) as other:
            found = tell_apart(await kernel.read(), await other.read())
        if not found or time.monotonic() > end:
            return found
        await asyncio.sleep(0.05)


def tell_apart(seen: KernelState, there: KernelState) -> list[str]:
    """What two pictures differ in, in words."""
    names = sorted(seen.links.keys() | there.links.keys())
    found = [
        f"{name}.{one.name}: {getattr(seen.links.get(name), one.name, None)!r}, not "
        f"{getattr(there.links.get(name), one.name, None)!r}"
        for name in names
        for one in fields(Link)
        if getattr(seen.links.get(name), one.name, None) != getattr(there.links.get(name), one.name, None)
    ]
    found += [f"too many: {one}" for one in (seen.addresses - there.addresses) | (seen.routes - there.routes)]
    return found + [
        f"missing: {one}" for one in (there.addresses - seen.addresses) | (there.routes - seen.routes)
    ]

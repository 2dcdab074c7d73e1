"""Run: inputs one after the other, and after each of them the question whether all is as it was."""

import asyncio
import ctypes
import gc
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from tests.fuzz.answers import Answer, Wrong, check, may_change
from tests.fuzz.client import Client
from tests.fuzz.draw import drawn
from tests.fuzz.input import Input
from tests.fuzz.stand_ins import real
from tests.fuzz.target import Target, open_files, running, target

BATCH = 200
"""Inputs between two looks at what is left of them."""
SETTLING_SECONDS = 5.0
SHOWN = 10_000


@dataclass
class Tally:
    """outcomes: how many answers had each.  grown: what an input has left of memory, on the average."""

    inputs: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    grown: "Memory" = field(default_factory=lambda: Memory(0, 0))

    def count(self, found: list[Answer]) -> None:
        self.inputs += 1
        for answer in found:
            key = answer.outcome or f"HTTP {answer.status}"
            self.outcomes[key] = self.outcomes.get(key, 0) + 1


class Failed(AssertionError):
    """An input had a result that it must not have; the text has all that is needed to repeat it."""


async def run(directory: Path, seed: int, numbers: range, warm_up: int) -> Tally:
    """Draw and send the inputs of these numbers.  Memory is looked at from the warm-up's end on."""
    tally = Tally()
    async with target(directory) as found:
        start, before = 0, Memory(0, 0)
        for batch in batches(numbers):
            await send_batch(
                found, {number: drawn(seed, number) for number in batch}, tally, f"seed {seed}, "
            )
            if not start and tally.inputs >= warm_up:
                start, before = tally.inputs, memory()
        tally.grown = memory().since(before, tally.inputs - start)
    return tally


def batches(numbers: range) -> Iterator[range]:
    return (numbers[at : at + BATCH] for at in range(0, len(numbers), BATCH))


async def send_batch(to: Target, inputs: dict[int, Input], tally: Tally, origin: str = "") -> None:
    """Send each, and see that nothing is left of them; raises Failed."""
    files, tasks = open_files(), running()
    client = Client(to.patient, to.impatient)
    for number, one in inputs.items():
        try:
            tally.count(await send(to, client, one))
        except (Wrong, TimeoutError, ValueError, OSError, EOFError, LookupError) as error:
            raise Failed(description(one, f"{origin}number {number}", error)) from error
    await client.close()
    await to.tidy()
    if await remains(files, tasks):
        whose = ", ".join(str(task.get_coro()) for task in asyncio.all_tasks())
        raise Failed(
            f"{origin}numbers {min(inputs)} to {max(inputs)}: {open_files() - files} files are left, {whose}"
        )


async def send(to: Target, client: Client, one: Input) -> list[Answer]:
    """Send one, and check its answers and what it has done."""
    found = check(one, one.data, await client.send(one, real_pieces(one, to)))
    if b"logout" in one.data or (
        may_change(one.data) and any(answer.outcome == "success" for answer in found)
    ):
        await to.tidy()
    to.check()
    return found


def real_pieces(one: Input, to: Target) -> list[bytes]:
    """What is sent: a reference may go over two pieces."""
    data = real(one.data, to.meaning)
    ends = list(accumulate(map(len, one.pieces)))
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


async def remains(files: int, tasks: int) -> bool:
    """Whether there is more open or running than before, even after a while."""
    for _ in range(int(SETTLING_SECONDS / 0.01)):
        if open_files() <= files and running() <= tasks:
            return False
        await asyncio.sleep(0.01)
    return True


@dataclass(frozen=True, slots=True)
class Memory:
    """resident: bytes of the process, which go up and down by themselves.  blocks: small pieces of Python's
    own, of up to 512 bytes, counted exactly."""

    resident: float
    blocks: float

    def since(self, before: "Memory", inputs: int) -> "Memory":
        """How much more for each input."""
        many = max(inputs, 1)
        return Memory((self.resident - before.resident) / many, (self.blocks - before.blocks) / many)


def memory() -> Memory:
    """What is in use, without what is only waiting to be collected."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return Memory(int(found[1]) * 1024, sys.getallocatedblocks())


def description(one: Input, origin: str, error: BaseException) -> str:
    """What failed and how to keep it: the input as a seed's file would have it."""
    data = one.data if len(one.data) < SHOWN else one.data[:SHOWN] + b" (cut off)"
    return (
        f"{origin}, {one.kind}: {type(error).__name__} {error}\n"
        f"wanted {one.wanted.value}, the client {one.ending.value}; in {len(one.pieces)} pieces:\n{data!r}"
    )

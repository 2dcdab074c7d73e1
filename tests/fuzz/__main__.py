"""python -m tests.fuzz [INPUTS [SEED [FIRST]]]: send inputs to a server, and say what came of it.

For ten of them one more comes by another way: a store, settings, a script's output, a command line, netlink.
"""

import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path
from random import SystemRandom

from tests.fuzz import beside_the_socket
from tests.fuzz.run import Failed, Tally, run

INPUTS = 150_000
MOST_BYTES, MOST_BLOCKS = 80, 0.25
"""What an input may leave behind on the average: bytes of the process, and blocks of Python's memory."""
EXACT_FROM = 50_000
"""Inputs: of fewer, a process's memory says nothing."""


def main(inputs: int, seed: int, first: int) -> int:
    """0 if everything was as it has to be."""
    print(f"inputs {first} to {first + inputs - 1} of seed {seed}", flush=True)
    logging.disable(logging.WARNING)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        try:
            tally = asyncio.run(run(Path(directory), seed, range(first, first + inputs), inputs // 5))
            asyncio.run(beside(Path(directory), seed, range(first, first + inputs // 10)))
        except Failed as failed:
            print(f"{failed}\n\nagain: make fuzz INPUTS=1 SEED={seed} FIRST=<its number>", file=sys.stderr)
            return 1
    show(tally, time.monotonic() - began)
    return int(inputs >= EXACT_FROM and leaks(tally))


async def beside(directory: Path, seed: int, numbers: range) -> None:
    """Raises Failed with the number of the first input that is answered as none may be."""
    for number in numbers:
        try:
            await beside_the_socket.check(seed, number, directory)
        except Exception as error:
            kind = beside_the_socket.KINDS[number % len(beside_the_socket.KINDS)].__name__
            raise Failed(f"seed {seed}, beside the socket, number {number}, {kind}: {error!r}") from error


def show(tally: Tally, seconds: float) -> None:
    """How many answers of each kind there were, and what is left."""
    for outcome, number in sorted(tally.outcomes.items(), key=lambda one: -one[1]):
        print(f"  {outcome:<40}{number:>8}")
    print(f"{tally.inputs} inputs in {seconds:.0f} s")
    print(f"left by an input: {tally.grown.resident:.1f} bytes, {tally.grown.blocks:.3f} blocks")


def leaks(tally: Tally) -> bool:
    return tally.grown.resident > MOST_BYTES or tally.grown.blocks > MOST_BLOCKS


if __name__ == "__main__":
    own = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(own + [INPUTS, SystemRandom().randrange(10**9), 0][len(own) :])))

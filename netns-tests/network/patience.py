"""How long to wait for something that does come: a machine may be slow, busy, or emulated."""

import time

QUICK = 0.02
"""Seconds that `_work` takes on a quick machine."""


def _work() -> float:
    began = time.monotonic()
    sum(number * number % 7 for number in range(200_000))
    return time.monotonic() - began


SLOWNESS = max(1.0, _work() / QUICK)


def patience(seconds: float) -> float:
    """As long as so many seconds of a quick machine; for waits that end with what they wait for."""
    return seconds * SLOWNESS

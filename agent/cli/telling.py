"""Telling: the fields of xe that are not simply what the record has under a key."""

from typing import Any

from agent.cli.field import Record

UNKNOWN = "<unknown>"


def unknown(record: Record) -> str:
    """What xe tells of traffic that nobody measures."""
    return UNKNOWN


def operations(record: Record) -> list[str]:
    """The operations under way; the record has them by task."""
    return list(record["current_operations"].values())


def duplex(metrics: Record) -> str:
    """Of a link that is down, it is not known."""
    if metrics.get("duplex"):
        return "full"
    return "half" if metrics.get("carrier") else "unknown"


def mbit_per_second(speed: Any) -> str:
    """A speed with its unit."""
    return f"{speed} Mbit/s"


def thousandths(progress: Any) -> str:
    """A part of 1, as precise as xe has it."""
    return f"{progress:.3f}"

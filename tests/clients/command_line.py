"""The command line as one more client: pifctl's lists as JSON, and what they should hold by the records."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.cli.__main__ import Outcome, outcome_of
from agent.cli.terminal import Screen
from agent.schema import Class, Field

Records = Mapping[str, Mapping[str, Any]]

EXPENSIVE = "<expensive field>"


def pifctl(path: Path, *words: str) -> Outcome:
    """What a command line comes to."""
    return outcome_of(words, {"PIFD_SOCKET": str(path)}, Screen())


def listed(path: Path, kind: Class) -> Any:
    """Every record of a class as `-list params=all --json` has it, by its uuid."""
    outcome = pifctl(path, f"{kind.prefix}-list", "params=all", "--json")
    assert (outcome.status, outcome.error) == (0, "")
    return {record["uuid"]: record for record in json.loads(outcome.output)}


def as_listed(kind: Class, records: Mapping[str, Records]) -> Any:
    """The same, made from the records of all classes as they are on the wire."""
    return {
        record["uuid"]: {field.xe: shown(field, record, records) for field in kind.in_xe}
        for record in records[kind.name].values()
    }


def shown(field: Field, record: Mapping[str, Any], records: Mapping[str, Records]) -> Any:
    """One field: a reference is the uuid of what it refers to, or another field of that."""
    if field.is_costly:
        return EXPENSIVE
    value = record[field.name]
    if field.xe.lower().replace("_", "-") == "current-operations":
        return list(value.values())
    if not field.refers:
        return value
    if isinstance(value, list):
        return [uuid_of(ref) for ref in value]
    if not field.shows or value == "OpaqueRef:NULL":
        return uuid_of(value)
    return shown_of(field, records[field.refers][value])


def shown_of(field: Field, other: Mapping[str, Any]) -> Any:
    """What a field shows of another object."""
    if field.xe != "duplex":
        return other[field.shows]
    return "full" if other["duplex"] else "half" if other["carrier"] else "unknown"


def uuid_of(ref: str) -> str | None:
    """The uuid in a reference."""
    return None if ref == "OpaqueRef:NULL" else ref.removeprefix("OpaqueRef:")

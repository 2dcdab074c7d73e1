"""The API's page: what it says is what the program does."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent.api.calls.objects import EVERY_CLASS
from tests.api.direct import Direct, direct
from tests.api.world import EngineInMemory
from tests.docs.api_page import field_rows, page

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_page_is_what_the_program_makes_of_itself() -> None:
    assert PAGE.read_text() == page(), "run `make docs`"


@pytest.fixture
async def laden(engine: EngineInMemory) -> AsyncIterator[Direct]:
    """Calls to a host that has something of every class."""
    async with direct(engine) as api:
        homes = [await api("network.create", {"tags": ["blue"]}) for _ in range(3)]
        await api("Bond.create", homes[0], [engine.pif("eth1").ref, engine.pif("eth2").ref], "")
        await api("VLAN.create", engine.pif("eth3").ref, 5, homes[1])
        tunnel = await api("tunnel.create", engine.pif("eth0").ref, homes[2])
        await api("tunnel.add_to_other_config", tunnel, "colour", "red")
        vm = await api("VM.create", {"name_label": "web"})
        await api("VIF.create", {"device": "0", "network": homes[0], "VM": vm})
        await api("VM.start", vm)
        await api("VM.set_PV_drivers_detected", vm, True)
        await api("task.create", "backup", "")
        await api("message.create", "FULL", 3, "VM", "x", "The disk is full.")
        yield api


def is_of(value: Any, kind: str) -> bool:
    """Whether a value on the wire is of a type of the page's."""
    if kind.startswith("enum"):
        return value in kind.removeprefix("enum (").removesuffix(")").split(", ")
    if kind.endswith("set"):
        return isinstance(value, list) and all(is_of(item, kind[:-4] or "string") for item in value)
    if kind.endswith("map"):
        return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    if kind.endswith("ref"):
        return isinstance(value, str) and value.startswith("OpaqueRef:")
    return (
        type(value) is {"string": str, "int": int, "bool": bool, "float": float, "datetime": datetime}[kind]
    )


def test_a_value_of_another_type_than_the_page_says_is_seen() -> None:
    for value, kind in (
        (1, "bool"),
        (True, "int"),
        ("x", "PIF ref"),
        (["x"], "PIF ref set"),
        ({"a": 1}, "map"),
    ):
        assert not is_of(value, kind)


@pytest.mark.parametrize("kind", EVERY_CLASS, ids=lambda kind: kind.class_name)
async def test_each_field_has_the_type_that_the_page_says(kind: Any, laden: Direct) -> None:
    records = await laden(f"{kind.class_name}.get_all_records")
    rows = {name.strip("`"): type_name for name, type_name, _, _ in field_rows(kind)}
    assert records
    for record in records.values():
        wrong = [name for name, value in record.items() if not is_of(value, rows[name])]
        assert (record.keys(), wrong) == (rows.keys(), [])

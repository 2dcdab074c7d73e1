"""docs/calls.md says of each call that it is there where it is, and that it is not where it is not."""

import re
from pathlib import Path

from agent.api.calls.declared import CHANGING
from agent.api.calls.methods import table

PAGE = (Path(__file__).parents[2] / "docs/calls.md").read_text()
CALL = re.compile(r"`([A-Za-z_]+\.[A-Za-z_0-9]+)`")
TOLD_BY_A_TOOLSTACK = "VM."
"""docs/toolstack.md has them."""


def first_cells(section: str) -> list[str]:
    """The cells of a section's table that name the calls."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    column = 2 if section == "There" else 1
    return [line.split("|")[column] for line in text.splitlines() if line.startswith("|")]


def calls_of(section: str) -> set[str]:
    return {name for cell in first_cells(section) for name in CALL.findall(cell)}


def test_what_is_said_to_be_there_is_there_and_nothing_is_left_out() -> None:
    said = calls_of("There") | {"VM.create", "VM.destroy"}
    assert said - set(table()) == set()
    assert {name for name in CHANGING if not name.startswith(TOLD_BY_A_TOOLSTACK)} - said == set()


def test_what_is_said_to_be_different_is_there() -> None:
    assert calls_of("Different") - set(table()) == set()


def test_what_is_said_not_to_be_there_is_not_there() -> None:
    found = calls_of("Not there")
    assert found & set(table()) == set()
    assert len(found) > 10

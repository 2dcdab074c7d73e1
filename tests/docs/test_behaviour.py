"""docs/behaviour.md names, for each sentence of the design, functions and tests that are there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.scenarios.table import TABLE

ROOT = Path(__file__).parents[2]
STEPS = {"Bond.create": 12, "Bond.destroy": 9, "Bond slaves": 5}
"""How many numbers the design has in these sections."""


@dataclass(frozen=True)
class Row:
    """One sentence.  held: `module:function` each; proved: `file::test` or the name of a scenario each."""

    section: str
    number: str
    sentence: str
    held: tuple[str, ...]
    proved: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.section} {self.number}: {self.sentence}"


def rows_of(page: str) -> Iterator[Row]:
    """The rows of all tables under their headings; what is between backticks in the last two columns."""
    section = ""
    for line in page.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if cells and cells[0].isdecimal():
            number, sentence, held, proved = cells
            yield Row(section, number, sentence, quoted(held), quoted(proved))


def quoted(cell: str) -> tuple[str, ...]:
    return tuple(re.findall("`([^`]+)`", cell))


ROWS = tuple(rows_of((ROOT / "docs/behaviour.md").read_text()))


def missing(row: Row) -> list[str]:
    """What a row names and is not there."""
    return [name for name in row.held if not is_held(name)] + [
        name for name in row.proved if not is_proof(name)
    ]


def is_held(name: str) -> bool:
    module, _, function = name.partition(":")
    return find_spec(module) is not None and hasattr(import_module(module), function)


def is_proof(name: str) -> bool:
    """Whether a test is defined in its file, or a scenario is in the table."""
    path, separator, test = name.partition("::")
    if not separator:
        return any(row.name == name for row in TABLE)
    file = ROOT / path
    return (
        file.is_file() and re.search(rf"^(async )?def {test}\(", file.read_text(), re.MULTILINE) is not None
    )


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_holds_and_proves_a_sentence_is_there(row: Row) -> None:
    assert (missing(row), bool(row.held), bool(row.proved)) == ([], True, True)


@pytest.mark.parametrize("section", STEPS)
def test_every_number_of_the_design_has_a_row(section: str) -> None:
    numbers = [int(row.number) for row in ROWS if row.section == section]
    assert (sorted(set(numbers)), numbers) == (list(range(1, STEPS[section] + 1)), sorted(numbers))


def test_what_is_not_there_is_found() -> None:
    named = ("agent.rules.bond:creates", "agent.rules.bonds:create")
    plug = "tests/rules/test_plug.py::test_plug"
    proofs = (plug, "tests/rules/test_plugs.py::test_plug", "create, with everything")
    row = next(
        rows_of(f"| 1 | So. | `{named[0]}` <br> `{named[1]}` | {' '.join(f'`{p}`' for p in proofs)} |")
    )
    assert missing(row) == [*named, *proofs]

"""docs/behaviour.md: made of the program's tests, and complete."""

import ast

import pytest

from tests.docs.behaviour import ROOT, marked, page, proofs_in
from tests.docs.design import DESIGN, PLAYED, design
from tests.scenarios.table import TABLE

PROOFS = proofs_in()
STEPS = [(part, number) for part, (_, steps) in DESIGN.items() for number in steps]


def test_the_page_is_what_the_tests_say() -> None:
    assert (ROOT / "docs/behaviour.md").read_text() == page(), "run `make docs`"


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step[0]} {step[1]}")
def test_each_step_of_the_design_is_proved_by_something(step: tuple[str, int]) -> None:
    assert PROOFS.get(step)


def test_what_is_marked_and_what_is_played_is_in_the_design() -> None:
    assert set(PROOFS) <= set(STEPS)
    assert set(PLAYED) <= {row.name for row in TABLE}


def test_the_design_has_all_its_numbers() -> None:
    assert {part: len(DESIGN[part][1]) for part in ("create", "destroy", "slaves")} == {
        "create": 12,
        "destroy": 9,
        "slaves": 5,
    }


def test_a_mark_is_found() -> None:
    assert design("create", 1).name == "design"
    module = ast.parse('@design("create", 8)\n@other\nasync def test_it(): ...\ndef test_no(): ...')
    assert list(marked(module)) == [(("create", 8), "test_it")]

"""The page of bond options: what it says is what the program does."""

from pathlib import Path

from agent.kernel.kinds.bond import BondOptions
from agent.kernel.kinds.bond_port import BondPortOptions
from agent.kernel.kinds.option import table
from tests.docs.bond_options_page import page

PAGE = Path(__file__).parents[2] / "docs" / "bond-options.md"


def test_the_page_is_what_the_program_makes_of_itself() -> None:
    assert PAGE.read_text() == f"{page()}\n", "run `make docs`"


def test_every_option_says_what_it_is() -> None:
    rows = [*table(BondOptions).values(), *table(BondPortOptions).values()]
    assert [row.name for row in rows if not row.option.words] == []

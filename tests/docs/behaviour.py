"""docs/behaviour.md, made of the design's sentences and of the marks on the tests that prove them."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.docs.design import DESIGN, PLAYED

ROOT = Path(__file__).parents[2]
Step = tuple[str, int]
Proofs = Mapping[Step, Sequence[str]]

INTRODUCTION = """\
# The design, step by step

This page is made by `make docs`: from the design for bonds ("Bonding Improvements", revision 1), shortened,
and from the marks on the tests that prove its steps, `@design("create", 8)`. A row in *italics* is one of
[tests/scenarios/table.py](../tests/scenarios/table.py): it is played on a fake kernel, with a failure and a
kill at each step, and with traffic on a real one. The steps themselves are in
[agent/rules/bond.py](../agent/rules/bond.py).
"""


def page() -> str:
    """The whole page as Markdown."""
    proofs = proofs_in()
    sections = [line for part in DESIGN for line in section(part, proofs)]
    return "\n".join([INTRODUCTION, *sections, (ROOT / "tests/docs/held_otherwise.md").read_text()])


def section(part: str, proofs: Proofs) -> Iterator[str]:
    """A part of the design: its steps, and what proves each."""
    title, steps = DESIGN[part]
    yield f"## {title}\n"
    yield "| # | The design | Proved by |"
    yield "|---|---|---|"
    for number, sentence in steps.items():
        yield f"| {number} | {sentence} | {' <br> '.join(proofs.get((part, number), ()))} |"
    yield ""


def proofs_in() -> Proofs:
    """What proves each step: tests, by links to their files, then the rows that are played."""
    found: dict[Step, list[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for step, test in marked(ast.parse(file.read_text())):
            text = test.removeprefix("test_").replace("_", " ")
            found.setdefault(step, []).append(f"[{text}](../{file.relative_to(ROOT)})")
    for row, steps in PLAYED.items():
        for place in steps:
            part, _, number = place.rpartition(" ")
            found.setdefault((part, int(number)), []).append(f"*{row}*")
    return found


def marked(module: ast.Module) -> Iterator[tuple[Step, str]]:
    """The steps that the tests of a file are marked with, and their names."""
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for mark in function.decorator_list:
                found = re.fullmatch(r"design\('([^']+)', (\d+)\)", ast.unparse(mark))
                if found:
                    yield (found[1], int(found[2])), function.name


if __name__ == "__main__":
    print(page(), end="")

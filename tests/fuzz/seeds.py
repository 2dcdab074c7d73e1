"""Seeds: inputs in files, each all that a client sends on one connection.

The directory says what is wanted of the answers.  A new one is what a failed run has printed, as bytes.
"""

from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.input import Ending, Input, Wanted

HOME = Path(__file__).parent / "seeds"
MANY = 100


def seeds() -> Iterator[Input]:
    """Every one, in the order of their names."""
    for file in sorted(HOME.glob("*/*")):
        wanted = Wanted(file.parent.name)
        yield Input(f"seed {file.parent.name}/{file.name}", (file.read_bytes(),), wanted, Ending.SHUTS, MANY)

"""Draw: the input of a number, the same one for the same seed, whatever was drawn before."""

from collections.abc import Callable
from random import Random

from tests.fuzz import calls
from tests.fuzz.http_requests import http
from tests.fuzz.input import Input
from tests.fuzz.json_bodies import json_body
from tests.fuzz.questions import events, where
from tests.fuzz.xml_bodies import xml

OF_A_HUNDRED: tuple[tuple[int, Callable[[Random], Input]], ...] = (
    (20, calls.fitting),
    (2, calls.anything),
    (2, calls.miscounted),
    (1, calls.misnamed),
    (1, calls.waiting),
    (3, where),
    (3, events),
    (10, xml),
    (9, json_body),
    (10, http),
)
"""How many inputs there are of a kind; all the others are calls with a mistake, one after the other."""

SPREAD = 37
"""Has no divisor in common with 100, so that the kinds alternate."""

KINDS = [kind for number, kind in OF_A_HUNDRED for _ in range(number)]


def drawn(seed: int, number: int) -> Input:
    """The input of a number."""
    rnd = Random(f"{seed}:{number}")
    hundreds, rest = number // 100, number * SPREAD % 100
    if rest < len(KINDS):
        return KINDS[rest](rnd)
    return calls.mistaken(rnd, hundreds * (100 - len(KINDS)) + rest - len(KINDS))

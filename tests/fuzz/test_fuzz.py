"""Whatever a client sends is answered; nothing changes that is not meant to, and nothing is left of it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.api.calls.methods import table
from tests.fuzz import __main__ as whole
from tests.fuzz import beside_the_socket
from tests.fuzz.calls import mistakes
from tests.fuzz.draw import KINDS, drawn
from tests.fuzz.input import Wanted
from tests.fuzz.run import Tally, run, send_batch
from tests.fuzz.seeds import seeds
from tests.fuzz.target import target

INPUTS, WARM_UP = 2000, 1000
SEED = 0


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What is refused is often worth a warning."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


async def test_two_thousand_inputs_are_answered_and_leave_nothing(tmp_path: Path) -> None:
    tally = await run(tmp_path, SEED, range(INPUTS), WARM_UP)
    assert tally.inputs == INPUTS
    assert tally.outcomes["success"] > INPUTS / 20
    assert tally.grown.blocks < 2
    assert tally.grown.resident < 10_000


async def test_what_comes_by_other_ways_than_the_socket_is_understood_or_refused(tmp_path: Path) -> None:
    for number in range(500):
        await beside_the_socket.check(SEED, number, tmp_path)


async def test_every_seed_is_answered_as_its_directory_says(tmp_path: Path) -> None:
    tally = Tally()
    async with target(tmp_path) as to:
        await send_batch(to, dict(enumerate(seeds())), tally)
    assert tally.inputs > 100


def test_every_call_of_the_api_is_among_the_good_seeds() -> None:
    sent = b"".join(one.data for one in seeds() if one.wanted is Wanted.SUCCESS)
    declared = (name for name in table() if not any(part in name for part in GENERIC))
    assert {name for name in declared if name.encode() not in sent} == NEVER_GOOD


GENERIC = ("Async.", "DryRun.", ".get_", ".set_", ".add_", ".put_in_", ".remove_")
IN_A_POOL = {
    f"pool.{message}"
    for message in (
        "create_bond",
        "designate_new_master",
        "eject",
        "emergency_transition_to_master",
        "join",
        "sync_networking",
    )
}
NEVER_GOOD = {"PIF.introduce", "PIF.replace", "event.next", "host.local_management_reconfigure", *IN_A_POOL}
"""There is no NIC left to introduce, or to take a PIF; one waits; one is always refused; there is no pool."""


def test_a_whole_run_has_each_wrong_value_in_each_parameter_of_each_call() -> None:
    assert whole.INPUTS * (100 - len(KINDS)) / 100 > len(mistakes())
    assert len({name for name, _, _ in mistakes()}) > len(table()) * 0.99


def test_the_input_of_a_number_is_always_the_same() -> None:
    assert [drawn(7, number) for number in range(500)] == [drawn(7, number) for number in range(500)]

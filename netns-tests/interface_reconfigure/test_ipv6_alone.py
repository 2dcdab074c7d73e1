"""Rows of the table on a host without any IPv4 address; with PIFD_IPV6_ROWS=100 all of them."""

import os
import random
from collections.abc import Iterator

import pytest
from host.fault import faulty_kernel
from interface_reconfigure.playground import Playground, playground
from interface_reconfigure.test_scenarios import (
    assert_done,
    assert_refused,
    assert_sound,
    changed,
    everything,
    fail_some,
)
from network.traffic import watching
from runner.seed import SEED

from tests.scenarios.ipv6 import over_ipv6
from tests.scenarios.scenario import Restart, Scenario
from tests.scenarios.table import TABLE

ROWS = int(os.environ.get("PIFD_IPV6_ROWS", "3"))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with playground(tmp_path_factory.mktemp("playground"), faulty_kernel, ipv6_alone=True) as ground:
        yield ground


@pytest.fixture
def ground(shared: Playground) -> Iterator[Playground]:
    """A host as after its first start."""
    yield shared
    shared.reset()


def drawn() -> list[Scenario]:
    """Some of the rows, in the table's order."""
    numbers = random.Random(f"{SEED} IPv6").sample(range(len(TABLE)), min(ROWS, len(TABLE)))
    return [over_ipv6(TABLE[number]) for number in sorted(numbers)]


@pytest.mark.parametrize("row", drawn(), ids=str)
def test_a_row_is_done_without_a_loss_or_not_done_at_all(row: Scenario, ground: Playground) -> None:
    ground.prepare(row)
    assert_sound(ground)
    if row.refusal is not None:
        assert_everything_stays(row, ground)
        return
    if not isinstance(row.action, Restart):
        fail_some(ground, row)
    before = ground.records()
    with watching(ground.net.admin, row.managed_at) as pings:
        if isinstance(row.action, Restart):
            ground.spoil(row.action)
            ground.start()
        else:
            ground.do(row.action)
    assert_done(ground, row, before)
    assert pings.count.lost == 0


def assert_everything_stays(row: Scenario, ground: Playground) -> None:
    before = everything(ground)
    assert_refused(ground, row)
    assert changed(before, everything(ground)) == []
    assert_sound(ground)

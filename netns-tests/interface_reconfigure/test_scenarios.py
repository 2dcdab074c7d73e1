"""Every row of the table on a real kernel: real traffic, failures on the way, and a cross-check by others."""

import random
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from host.fault import REFUSAL, Fault, disarm, faulty_kernel, inject
from host.pifctl import pifctl
from host.xenapi import NoAnswerError, Records, XenAPIError
from interface_reconfigure.crosscheck import disagreements
from interface_reconfigure.playground import Playground, playground
from network.patience import patience
from network.pinger import pinging
from network.traffic import watching
from runner.seed import SEED

from tests.scenarios.scenario import Call, Restart, Scenario
from tests.scenarios.table import TABLE

PATIENCE, THE_SAME_FOR, LACP_SETTLES = patience(10), 0.2, 4.0
"""Seconds."""
REFUSALS, KILLS = 3, 2
"""So many parts of a row's action are refused, and at so many is the daemon killed."""
PARTS_OF_A_START = 12
"""So many at the least, where none of its devices is there."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with playground(tmp_path_factory.mktemp("playground"), faulty_kernel) as ground:
        yield ground


@pytest.fixture
def ground(shared: Playground) -> Iterator[Playground]:
    """A host as after its first start."""
    yield shared
    shared.reset()


def rows(kind: type) -> list[ParameterSet]:
    found = [row for row in TABLE if row.refusal is None and isinstance(row.action, kind)]
    return [pytest.param(row, marks=[pytest.mark.needs(row.needs)] if row.needs else []) for row in found]


@pytest.mark.parametrize("row", rows(Call), ids=str)
def test_a_row_is_done_or_not_done_at_all(row: Scenario, ground: Playground) -> None:
    ground.prepare(row)
    assert_sound(ground)
    fail_some(ground, row)
    settle(row)
    before = ground.records()
    with watching(ground.net.admin, row.managed_at) as pings:
        ground.do(row.action)
    assert_done(ground, row, before)
    assert pings.count.lost == 0


@pytest.mark.parametrize("row", [row for row in TABLE if row.refusal is not None], ids=str)
def test_a_vm_without_drivers_is_named_and_everything_is_as_before(row: Scenario, ground: Playground) -> None:
    ground.prepare(row)
    assert_sound(ground)
    before = everything(ground)
    assert_refused(ground, row)
    outcome = pifctl(ground.home, *words(ground, row))
    assert row.refusal is not None
    assert (outcome.status, row.refusal.said in outcome.error) == (1, True), outcome.error
    assert changed(before, everything(ground)) == []
    assert_sound(ground)


@pytest.mark.parametrize("row", rows(Restart), ids=str)
def test_a_store_that_has_become_illegal_is_put_right_at_the_start(row: Scenario, ground: Playground) -> None:
    ground.prepare(row)
    assert_sound(ground)
    before = ground.records()
    with pinging(ground.net.admin, row.managed_at) as pings:
        ground.do(row.action)
    assert_done(ground, row, before)
    assert pings.count.lost == 0


@pytest.mark.parametrize("row", rows(Restart), ids=str)
def test_a_start_that_puts_an_illegal_store_right_may_be_killed(row: Scenario, ground: Playground) -> None:
    assert isinstance(row.action, Restart)
    ground.prepare(row)
    before = ground.records()
    for part in random.Random(f"{SEED} {row}").sample(range(1, PARTS_OF_A_START + 1), KILLS):
        ground.spoil(row.action)
        ground.lose_devices()
        ground.die_starting(part)
        ground.start()
        assert_done(ground, row, before)


def assert_sound(ground: Playground) -> None:
    """The programs and the model agree, and every VM is in its segment."""
    assert disagreements(ground.told(), ground.records()) == []
    assert ground.silent() == []


def assert_done(ground: Playground, row: Scenario, before: Records) -> None:
    """Model, kernel and traffic are what the row says."""
    after = ground.records()
    assert ground.names.found(row, before, after) == ground.names.expected(row, before, after)
    assert ground.shape() == (dict(row.ports), dict(row.lowers), dict(row.addresses))
    assert ground.manages_at(row.managed_at)
    assert_sound(ground)


def assert_refused(ground: Playground, row: Scenario) -> None:
    assert isinstance(row.action, Call)
    assert row.refusal is not None
    with pytest.raises(XenAPIError) as caught:
        ground.do(row.action)
    parameters = ground.names.resolved(row.refusal.parameters, ground.records())
    assert (caught.value.code, caught.value.parameters) == (row.refusal.code, parameters)


Everything = dict[str, Mapping[str, object]]
"""Every link and every record, and the rest of the kernel: what a call that fails leaves as it was."""


def everything(ground: Playground) -> Everything:
    kernel = ground.kernel()
    rest: Everything = {
        "addresses": kernel.addresses,
        "routes": dict.fromkeys(kernel.routes),
        "foreign": kernel.foreign,
    }
    return {**kernel.links, **ground.records(), **rest}


def changed(before: Everything, after: Everything) -> list[str]:
    """What differs, in words."""
    return [
        f"{name}: {key} was {was.get(key)}, is {is_.get(key)}"
        for name in sorted({*before, *after})
        for was, is_ in [(before.get(name, {}), after.get(name, {}))]
        for key in sorted({*was, *is_})
        if was.get(key) != is_.get(key)
    ]


def assert_as_before(ground: Playground, row: Scenario, before: Everything) -> None:
    assert changed(before, everything(ground)) == []
    assert ground.manages_at(row.managed_at)
    assert ground.silent() == []


def fail_some(ground: Playground, row: Scenario) -> None:
    """Refuse some of the parts, and kill the daemon at some: everything is as before."""
    assert isinstance(row.action, Call)
    action, arguments, before = row.action, ground.arguments(row.action), everything(ground)

    def parts() -> list[bool]:
        settle(row)
        return parts_of(foreseen(ground, action, arguments))

    choice = random.Random(f"{SEED} {row}")
    for chance in even_chances(choice, REFUSALS):
        inject(ground.home, Fault("refuse", chosen(parts(), chance)))
        with pytest.raises(XenAPIError, match=REFUSAL):
            ground.call(action, arguments)
        assert not disarm(ground.home)
        assert_as_before(ground, row, before)
    for chance in even_chances(choice, KILLS):
        there = parts()
        part = chosen(there, chance)
        inject(ground.home, Fault("kill", part))
        with pytest.raises(NoAnswerError):
            ground.call(action, arguments)
        assert not there[part - 1] or ground.manages_at(row.managed_at)
        ground.revive()
        assert_as_before(ground, row, before)


def even_chances(choice: random.Random, count: int) -> list[float]:
    """One in each of so many stretches of the way, so that no two are the same part of a long one."""
    return [(number + choice.random()) / count for number in range(count)]


def chosen(parts: list[bool], chance: float) -> int:
    """The number of a part, from 1."""
    return 1 + int(chance * len(parts))


def foreseen(ground: Playground, action: Call, arguments: list[Any]) -> list[str]:
    """The steps of the action as it would be now, once they stay the same.

    Some depend on carrier, which comes a moment after a change was undone; after a kill another slave may be
    the active one.
    """
    end, steps = time.monotonic() + PATIENCE, list[str]()
    while (now := ground.api.call(f"DryRun.{action.method}", *arguments)["steps"]) != steps:
        assert time.monotonic() < end, now
        steps = now
        time.sleep(THE_SAME_FOR)
    return steps


def settle(row: Scenario) -> None:
    """With LACP, ports carry nothing while a partner is waited for: first another port of the bond does."""
    if row.name.startswith("lacp"):
        time.sleep(LACP_SETTLES)


def parts_of(steps: list[str]) -> list[bool]:
    """For each part whether it begins a send.

    A bridge's uplink is exchanged within one, because both at once would be a loop: in the middle of it,
    where only a test can kill the daemon, nothing answers until the next start.
    """
    return [number == 0 for step in steps for number in range(step.count("; ") + 1)]


def words(ground: Playground, row: Scenario) -> tuple[str, ...]:
    """The row's action as a person types it."""
    assert isinstance(row.action, Call)
    if row.action.method == "Bond.destroy":
        return "bond-destroy", "uuid=bond0"
    records, (network, members, _) = ground.records(), ground.arguments(row.action)
    devices = ",".join(records[member]["device"] for member in members)
    return "bond-create", f"network-uuid={records[network]['uuid']}", f"pif-uuids={devices}"

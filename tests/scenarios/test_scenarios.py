"""Every row of the table on the fake kernel: as it should go, and with every possible failure on the way."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from agent.errors import Failure, InternalError
from tests.fakes.fake_kernel import Killed
from tests.rules.invariants import violations
from tests.scenarios.ipv6 import over_ipv6
from tests.scenarios.modes import MODES
from tests.scenarios.scenario import Call, Restart, Scenario
from tests.scenarios.stage import Stage
from tests.scenarios.table import TABLE

Arm = Callable[[Stage, int], None]

MODELESS = [row for row in TABLE if row not in MODES]
"""The rows that name no mode: families and devices are tried with these."""

Style = tuple[Scenario, bool]
"""A row, and whether VMs make and unmake the devices of their VIFs, as with a hotplug script."""

STYLES: list[Style] = [(row, False) for row in (*TABLE, *map(over_ipv6, MODELESS))]
STYLES += [(row, True) for row in MODELESS if row.devices and row.refusal is None]
CALLS = [(row, style) for row, style in STYLES if isinstance(row.action, Call)]
GOING = [(row, remade) for row, remade in CALLS if row.refusal is None]
ASKED = [(row, remade) for row, remade in GOING if row.asks]
MOST = 300
"""So many faults can there be at the most."""


def each(styles: list[Style]) -> pytest.MarkDecorator:
    names = [f"{row}, devices remade" if remade else row.name for row, remade in styles]
    return pytest.mark.parametrize("style", styles, ids=names)


@pytest.fixture
async def stage(style: Style, tmp_path: Path) -> AsyncIterator[Stage]:
    """The host of a row, before its action; in the end nothing of anybody else's has been written to."""
    row, remade = style
    stage = Stage(tmp_path, row, makes_devices=remade)
    await stage.prepare()
    assert stage.strays() == []
    yield stage
    await stage.world.stop()
    assert stage.world.kernel.trespasses == []


@each(STYLES)
async def test_a_row_comes_to_what_it_says(stage: Stage) -> None:
    await assert_done(stage)


async def assert_done(stage: Stage) -> None:
    """The action succeeds, or is refused, as the row says."""
    row = stage.row
    if row.refusal is not None:
        await assert_refused(stage)
        return
    before = await stage.records()
    await stage.act()
    after = await stage.records()
    assert stage.names.found(row, before, after) == stage.names.expected(row, before, after)
    assert (stage.ports(), stage.lowers(), stage.addresses()) == (
        dict(row.ports),
        dict(row.lowers),
        dict(row.addresses),
    )
    assert (stage.strays(), stage.misled(), violations(stage.world.model)) == ([], [], [])


async def assert_refused(stage: Stage) -> None:
    row, before = stage.row, stage.world.everything()
    assert row.refusal is not None
    with pytest.raises(Failure) as caught:
        await stage.act()
    parameters = stage.names.resolved(row.refusal.parameters, await stage.records())
    assert (caught.value.code, list(caught.value.parameters)) == (row.refusal.code, parameters)
    assert stage.world.everything() == before
    assert (stage.strays(), stage.misled()) == ([], [])


async def assert_as_before(stage: Stage, before: object) -> None:
    """Kernel, model and store are what they were, and every VM is where it was."""
    assert stage.world.everything() == before
    assert (stage.strays(), stage.misled()) == ([], [])
    assert stage.world.engine.in_model_state.is_set()


async def fail_each(stage: Stage, arm: Arm) -> int:
    """Let the action fail once at each place, until it has no more; how often it failed."""
    before = stage.world.everything()
    for number in range(MOST):
        arm(stage, number)
        failure = await failure_of(stage)
        if failure is None:
            return number
        assert failure.code != InternalError.code
        await assert_as_before(stage, before)
    raise AssertionError(f"more than {MOST} places")


async def failure_of(stage: Stage) -> Failure | None:
    """What the action fails with, if it does."""
    try:
        await stage.act()
    except Failure as failure:
        return failure
    return None


def refuse_part(stage: Stage, number: int) -> None:
    stage.world.kernel.expect(refuse={number})


def refuse_request(stage: Stage, number: int) -> None:
    stage.world.hotplug.expect(refuse={number})


def fail_commit(stage: Stage, number: int) -> None:
    assert stage.world.store is not None
    stage.world.store.expect(broken={number: OSError(28, "No space left on device")})


@each(GOING)
async def test_whichever_part_the_kernel_refuses_everything_is_as_before(stage: Stage) -> None:
    assert await fail_each(stage, refuse_part) > 0


@each(ASKED)
async def test_whichever_request_a_vm_refuses_everything_is_as_before(stage: Stage) -> None:
    assert await fail_each(stage, refuse_request) > 0


@each(GOING)
async def test_whenever_the_store_fails_everything_is_as_before(stage: Stage) -> None:
    assert await fail_each(stage, fail_commit) > 0


async def kill_each(stage: Stage, arm: Arm) -> int:
    """Kill the process at each place, and start it again, until the action gets through; how often."""
    before = stage.world.everything()
    for number in range(MOST):
        arm(stage, number)
        try:
            await stage.act()
        except Killed:
            await stage.world.restart()
            await assert_as_before(stage, before)
        else:
            return number
    raise AssertionError(f"more than {MOST} places")


def die_at_part(stage: Stage, number: int) -> None:
    stage.world.kernel.expect(die_at=number)


def die_at_request(stage: Stage, number: int) -> None:
    stage.world.hotplug.expect(die_at=number)


def die_after_request(stage: Stage, number: int) -> None:
    stage.world.hotplug.expect(die_after=number)


def die_at_commit(stage: Stage, number: int) -> None:
    assert stage.world.store is not None
    stage.world.store.expect(kills=number)


@each(GOING)
async def test_wherever_the_process_is_killed_the_next_makes_everything_as_before(stage: Stage) -> None:
    assert await kill_each(stage, die_at_part) > 0


@each(ASKED)
@pytest.mark.parametrize("arm", [die_at_request, die_after_request])
async def test_a_process_killed_while_a_vm_is_asked_is_made_good_by_the_next(stage: Stage, arm: Arm) -> None:
    assert await kill_each(stage, arm) > 0


@each(GOING)
async def test_a_process_killed_before_a_commit_is_made_good_by_the_next(stage: Stage) -> None:
    assert await kill_each(stage, die_at_commit) > 0


@each([style for style in STYLES if isinstance(style[0].action, Restart)])
async def test_a_start_that_puts_an_illegal_store_right_may_be_killed_anywhere(stage: Stage) -> None:
    restart = stage.row.action
    assert isinstance(restart, Restart)
    before, shape = await stage.records(), stage.world.kernel.state
    await stage.spoil(restart)
    for number in range(MOST):
        try:
            await stage.world.start(die_at=number)
        except Killed:
            await stage.world.stop()
        else:
            break
    after = await stage.records()
    assert stage.names.found(stage.row, before, after) == stage.names.expected(stage.row, before, after)
    assert stage.world.kernel.state == shape

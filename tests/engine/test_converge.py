"""How steps are sent: one by one, but for many creations that follow one another."""

from agent.engine.converge import FEW, MANY, runs
from agent.kernel.state import Link
from agent.kernel.steps import CreateLink, SetUp, Step


def created(number: int) -> list[Step]:
    return [CreateLink(Link(name=f"br{n}", kind="bridge")) for n in range(number)]


def test_a_few_creations_are_sent_one_by_one() -> None:
    assert [len(run) for run in runs([*created(FEW - 1), SetUp("br0")])] == [1] * FEW


def test_many_creations_go_together_and_nothing_else_with_them() -> None:
    steps = [SetUp("eth0"), *created(MANY + 1), SetUp("br0"), SetUp("br1")]
    assert [len(run) for run in runs(steps)] == [1, MANY, 1, 1, 1]
    assert [step for run in runs(steps) for step in run] == steps

"""What is wanted is brought up to date by what differs, and is the same as from nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.desired.wanted_links import WantedLinks
from agent.kernel.state import KernelState
from agent.model.layering import Given, given_by
from agent.model.model import Model
from tests.worlds.kernels import Case, cases


@settings(max_examples=150)
@given(st.lists(cases(), min_size=1, max_size=3), st.lists(st.integers(0, 11), max_size=8))
def test_going_on_from_the_last_answer_gives_what_starting_from_nothing_does(
    drawn: list[Case], way: list[int]
) -> None:
    states = [state for case in drawn for state in (case.actual, case.wanted)]
    models = [model for case in drawn for model in (case.before, case.after)]
    kept = WantedLinks()
    for number in way:
        actual, model = states[number % len(states)], models[number // 2 % len(models)]
        was = drawn[number % len(drawn)].given if number % 3 else Given()
        every = given_by(model) | was
        assert answer(kept, model, actual, every) == answer(WantedLinks(), model, actual, every)


def answer(links: WantedLinks, model: Model, actual: KernelState, every: Given) -> object:
    """In its order, with what an equal link would hide."""
    return list(map(repr, links.of(model, actual, every).values()))

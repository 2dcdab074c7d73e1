"""What a draft draws: the same from the same model, and never the same twice."""

from agent.model.draft import Draft, Plan, changes
from agent.model.model import Model
from agent.model.records import VIF
from agent.rules import network, vif, vm
from tests.worlds.world import host, network_of, taken_over


def test_a_rule_makes_the_same_objects_from_the_same_model() -> None:
    model = Model(taken_over(host()).records, seed=b"any")
    assert network.create(model, {}) == network.create(model, {})


def test_a_rule_makes_other_objects_from_the_model_that_it_made() -> None:
    first = network.create(taken_over(host()), {})
    second = network.create(first.after, {})
    assert first.result != second.result
    assert len(second.after.records) == len(taken_over(host()).records) + 2


def test_another_seed_gives_other_objects() -> None:
    records = taken_over(host()).records
    results = {network.create(Model(records, seed=seed), {}).result for seed in (b"", b"a", b"b")}
    assert len(results) == 3


def test_no_two_draws_of_a_draft_are_the_same_whatever_is_read_between() -> None:
    draft = Draft(Model())
    drawn = []
    for _ in range(100):
        drawn.append(draft.draw())
        drawn.append(Draft(draft.model).draw())
    assert len(set(drawn)) == 101


def test_the_MAC_of_a_VIF_is_drawn_too() -> None:
    made = vm.create(taken_over(host()), {"name_label": "web"})
    record = {"VM": made.result, "network": network_of(made.after, "xenbr0").ref, "device": "0"}
    first, again = vif.create(made.after, record), vif.create(made.after, record)
    other = vif.create(first.after, record | {"device": "1"})
    assert first == again
    assert drawn_macs(first) != drawn_macs(other)


def drawn_macs(plan: Plan) -> set[str]:
    return {added.MAC for added in changes(plan).added if isinstance(added, VIF)}

"""The journal of snapshots: it has what comparing everything would give, and forgets no more than it says."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given

from agent.api.events.affected import affected
from agent.api.events.journal import Journal
from agent.api.events.subscription import Subscription
from agent.api.records.computed import View
from agent.api.records.record import record_of
from agent.api.tasks.task import Task
from agent.errors import EventFromTokenParseFailure, Failure, HandleInvalid
from agent.model.draft import Draft
from agent.model.model import Model
from agent.model.records import (
    CLASSES,
    PIF,
    VIF,
    VLAN,
    VM,
    Bond,
    Host,
    IPConfiguration,
    Network,
    PowerState,
    Record,
    Ref,
    Tunnel,
)
from tests.rules.calls import called
from tests.worlds.models import MODELS, Numbers, numbers

EVERYTHING = Subscription(everything=True)
CALLS_IN_A_ROW = 5
LINKS = ("eth0", "eth1", "bond0", "tunnel0", "tunnel1")


def snapshots(view: View) -> dict[str, Any]:
    """Every record of the model, made anew."""
    return {ref: record_of(view, record) for ref, record in view.model.records.items()}


def known_to(journal: Journal) -> dict[str, Any]:
    return {ref: record for kind in CLASSES for ref, record in journal.records(kind).items()}


def after_call(model: Model, drawn: Numbers) -> Model:
    """After any call, if it is not refused."""
    with suppress(Failure):
        return called(model, drawn).after
    return model


def view_of(model: Model, drawn: Numbers) -> View:
    """With whatever else may befall a record, some links that are down, and some ports that failed."""
    links = frozenset(LINKS[drawn.below(len(LINKS)) :])
    ports = [*model.all(PIF), *model.all(VIF)]
    failures = {drawn.one_of(ports).ref: "lost"} if drawn.once_in(3) else {}
    return View(edited(model, drawn) if drawn.below(3) else model, links, failures)


def edited(model: Model, drawn: Numbers) -> Model:
    """With some fields of one object changed, whether or not a call does that."""
    record = drawn.one_of([*model.records.values()])
    nic = drawn.one_of([pif for pif in model.all(PIF) if pif.physical])
    network = drawn.one_of(model.all(Network))
    vm = drawn.one_of([vm.ref for vm in model.all(VM)] or [Ref("")])
    bonds = [None, *(bond.ref for bond in model.all(Bond))]
    edits: Mapping[type[Record], Sequence[Mapping[str, Any]]] = {
        Network: ({"MTU": 1400}, {"MTU": 9000}),
        PIF: (
            {"other_config": {"mtu": "1300"}},
            {"ip_configuration": IPConfiguration()},
            {"ip_configuration": nic.ip_configuration, "management": drawn.once_in(2)},
            {"bond_slave_of": drawn.one_of(bonds)},
            {"network": network.ref},
            {"currently_attached": drawn.once_in(2), "device": drawn.one_of(LINKS)},
        ),
        Bond: ({"master": nic.ref},),
        VLAN: ({"tagged_PIF": nic.ref},),
        Tunnel: ({"transport_PIF": nic.ref}, {"other_config": {"remote-ips": "2001:db8::9"}}),
        VM: ({"power_state": drawn.one_of(tuple(PowerState)), "resident_on": None},),
        VIF: ({"network": network.ref}, {"VM": vm}),
    }
    draft = Draft(model)
    if type(record) in edits:
        draft.put(replace(record, **drawn.one_of(edits[type(record)])))
    return draft.model


@given(MODELS, numbers(CALLS_IN_A_ROW * 40))
def test_what_was_looked_at_is_all_that_can_look_different(model: Model, drawn: Numbers) -> None:
    view, journal = View(model), Journal()
    journal.update(view, {})
    for _ in range(CALLS_IN_A_ROW):
        model = after_call(model, drawn) if drawn.once_in(2) else model
        before, view, heard = view, view_of(model, drawn), journal.generation
        journal.update(view, {})
        old, new = snapshots(before), snapshots(view)
        found = journal.since(heard, EVERYTHING)
        assert known_to(journal) == new
        assert {entry.ref for entry in found.came} == new.keys() - old.keys()
        assert {grave.ref for grave in found.went} == old.keys() - new.keys()
        assert {entry.ref for entry in found.changed} == {
            ref for ref in old.keys() & new.keys() if old[ref] != new[ref]
        }
        assert {kind: list(journal.records(kind)) for kind in CLASSES} == {
            kind: [record.ref for record in view.model.all(kind)] for kind in CLASSES
        }


def labelled(count: int) -> Model:
    """A model of so many networks."""
    networks = [Network(uuid=str(uuid4()), name_label=f"net{number}") for number in range(count)]
    return Model({network.ref: network for network in networks})


def without_first(model: Model) -> Model:
    draft = Draft(model)
    draft.remove(model.all(Network)[0].ref)
    return draft.model


def renamed(model: Model, record: Network) -> Model:
    draft = Draft(model)
    draft.put(replace(record, name_label="renamed"))
    return draft.model


def journal_of(model: Model, graves: int = 100) -> Journal:
    journal = Journal(graves)
    journal.update(View(model), {})
    return journal


def test_of_thousands_only_the_one_that_changed_is_looked_at() -> None:
    before = labelled(2000)
    changed = before.all(Network)[7]
    assert affected(View(before), View(renamed(before, changed))) == {changed.ref}


def test_a_host_that_comes_is_seen_in_everything() -> None:
    before = labelled(3)
    host = Host(uuid=str(uuid4()))
    after = Model({**before.records, host.ref: host})
    assert affected(View(before), View(after)) == after.records.keys()


def test_what_came_and_went_between_two_questions_is_not_told() -> None:
    model = labelled(1)
    journal = journal_of(Model())
    heard = journal.generation
    journal.update(View(model), {})
    journal.update(View(Model()), {})
    assert journal.since(heard, EVERYTHING) == ((), (), ())


def test_an_object_that_changed_twice_is_told_of_once_as_it_is_now() -> None:
    model = labelled(2)
    first, second = model.all(Network)
    journal = journal_of(model)
    heard = journal.generation
    for record in (first, second, first):
        model = renamed(model, replace(record, name_description=f"{journal.generation}"))
        journal.update(View(model), {})
    found = journal.since(heard, EVERYTHING)
    assert [entry.ref for entry in found.changed] == [second.ref, first.ref]
    assert found.changed[1].snapshot == journal.find(Network, first.ref)


def test_a_token_from_before_what_is_forgotten_counts_for_nothing() -> None:
    model = labelled(4)
    journal = journal_of(model, graves=2)
    tokens = [journal.token()]
    for _ in range(3):
        model = without_first(model)
        journal.update(View(model), {})
        tokens.append(journal.token())
    assert [journal.heard(token) for token in tokens] == [0, 5, 6, 7]
    assert [len(journal.since(heard, EVERYTHING).went) for heard in (5, 6, 7)] == [2, 1, 0]
    assert [entry.ref for entry in journal.since(0, EVERYTHING).came] == list(model.records)


def test_a_token_of_another_start_counts_for_nothing() -> None:
    first, second = journal_of(labelled(1)), journal_of(labelled(2))
    assert second.heard(first.token()) == 0
    assert second.heard("") == 0


@pytest.mark.parametrize("token", ["x", "1,2", "0" * 20, f"{'0' * 20},{'٣' * 20}", "\n" * 5])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(EventFromTokenParseFailure):
        Journal().heard(token)


def test_a_token_from_the_future_is_refused() -> None:
    journal = journal_of(labelled(1))
    token = journal.token()[:-1] + "9"
    with pytest.raises(EventFromTokenParseFailure):
        journal.heard(token)


def test_a_later_token_is_the_greater_text() -> None:
    model = labelled(12)
    journal = journal_of(model)
    tokens = [journal.token()]
    for _ in range(11):
        model = without_first(model)
        journal.update(View(model), {})
        tokens.append(journal.token())
    assert sorted(tokens) == tokens


def test_touching_an_object_tells_of_it_again() -> None:
    model = labelled(1)
    journal = journal_of(model)
    heard = journal.generation
    journal.touch(Network, model.all(Network)[0].ref)
    assert [entry.ref for entry in journal.since(heard, EVERYTHING).changed] == list(model.records)
    with pytest.raises(HandleInvalid):
        journal.touch(PIF, model.all(Network)[0].ref)


def test_live_objects_come_change_and_go_as_stored_ones_do() -> None:
    task = Task(uuid=str(uuid4()), name_label="work", created=datetime.now(UTC))
    journal = journal_of(labelled(1))

    def tell(records: Mapping[str, Task]) -> list[list[str]]:
        heard = journal.generation
        journal.update(journal.view, {Task: records})
        return [[one.ref for one in found] for found in journal.since(heard, EVERYTHING)]

    assert tell({task.ref: task}) == [[task.ref], [], []]
    assert tell({task.ref: task}) == [[], [], []]
    assert tell({task.ref: replace(task, progress=0.5)}) == [[], [task.ref], []]
    assert journal.find(Task, task.ref)["progress"] == 0.5
    assert tell({}) == [[], [], [task.ref]]


def test_a_task_shows_a_host_that_came_later() -> None:
    task = Task(uuid=str(uuid4()), name_label="work", created=datetime.now(UTC))
    journal = Journal()
    journal.update(View(Model()), {Task: {task.ref: task}})
    host = Host(uuid=str(uuid4()))
    journal.update(View(Model({host.ref: host})), {Task: {task.ref: task}})
    assert journal.find(Task, task.ref)["resident_on"] == host.ref


def test_every_class_is_counted() -> None:
    counts = journal_of(labelled(3)).counts()
    assert counts == {kind.class_name.lower(): 3 if kind is Network else 0 for kind in CLASSES}


def test_a_slave_that_leaves_is_seen_in_its_bond() -> None:
    home = Network(uuid=str(uuid4()))
    master, slave = (
        PIF(uuid=str(uuid4()), device=device, network=home.ref, host=Ref(""), MAC="")
        for device in ("bond0", "eth0")
    )
    bond = Bond(uuid=str(uuid4()), master=master.ref)
    before = Model({one.ref: one for one in (home, master, bond, replace(slave, bond_slave_of=bond.ref))})
    after = Model({**before.records, slave.ref: slave})
    assert bond.ref in affected(View(before), View(after))
    assert bond.ref in affected(View(before), View(before, links_up=frozenset({"eth0"})))


def test_a_tunnel_is_seen_in_those_inside_of_it() -> None:
    homes = [Network(uuid=str(uuid4())) for _ in range(4)]
    one, other, outer, inner = (
        PIF(uuid=str(uuid4()), device=f"eth{number}", network=home.ref, host=Ref(""), MAC="")
        for number, home in enumerate(homes)
    )
    below = Tunnel(uuid=str(uuid4()), access_PIF=outer.ref, transport_PIF=one.ref, key=1)
    within = Tunnel(uuid=str(uuid4()), access_PIF=inner.ref, transport_PIF=outer.ref, key=2)
    before = Model({found.ref: found for found in (*homes, one, other, outer, inner, below, within)})
    moved = Model({**before.records, below.ref: replace(below, transport_PIF=other.ref)})
    wider = Model({**before.records, homes[0].ref: replace(homes[0], MTU=9000)})
    assert {outer.ref, inner.ref} <= affected(View(before), View(moved))
    assert {outer.ref, inner.ref} <= affected(View(before), View(wider))

"""Models as a careless hand leaves them in a store: records missing, references to anything, laden slaves."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from agent.model.model import Model
from agent.model.records import PIF, Bond, Ref
from tests.rules.calls import NOTHING
from tests.rules.invariants import REFERENCES
from tests.worlds.models import Numbers
from tests.worlds.world import static, with_record

Damage = Callable[[Model, Numbers], Model]


def damaged(model: Model, drawn: Numbers) -> Model:
    """The model after some damage."""
    for _ in range(1 + drawn.below(4)):
        model = drawn.one_of(DAMAGES)(model, drawn)
    return model


def without_a_record(model: Model, drawn: Numbers) -> Model:
    gone = drawn.one_of(list(model.records))
    return Model({ref: record for ref, record in model.records.items() if ref != gone})


def with_another_reference(model: Model, drawn: Numbers) -> Model:
    """A reference leads to nothing, to something of the same class, or to anything."""
    able = [record for record in model.records.values() if type(record) in REFERENCES]
    if not able:
        return model
    record = drawn.one_of(able)
    field, kind = drawn.one_of(list(REFERENCES[type(record)].items()))
    same = [other.ref for other in model.all(kind)] or [NOTHING]
    ref: Any = drawn.one_of((NOTHING, drawn.one_of(same), drawn.one_of(list(model.records))))
    value = (ref,) if isinstance(getattr(record, field), tuple) else ref
    changed: Any = {field: value}
    return with_record(model, replace(record, **changed))


def with_another_slave(model: Model, drawn: Numbers) -> Model:
    """A PIF becomes a slave with all that it has."""
    pifs, bonds = model.all(PIF), model.all(Bond)
    if not pifs:
        return model
    bond: Ref[Bond] = drawn.one_of(bonds).ref if bonds else Ref(NOTHING)
    return with_record(model, replace(drawn.one_of(pifs), bond_slave_of=bond))


def with_a_laden_pif(model: Model, drawn: Numbers) -> Model:
    """A PIF, perhaps a slave, has something that it had not."""
    pifs = model.all(PIF)
    if not pifs:
        return model
    loads: tuple[Any, ...] = (
        {"management": True},
        {"currently_attached": True},
        {"disallow_unplug": True},
        {"ip_configuration": static("10.200.0.2/24")},
        {"currently_attached": False},
    )
    return with_record(model, replace(drawn.one_of(pifs), **drawn.one_of(loads)))


DAMAGES: tuple[Damage, ...] = (
    without_a_record, with_another_reference, with_another_slave, with_a_laden_pif,
)  # fmt: skip

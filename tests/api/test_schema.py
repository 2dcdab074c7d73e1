"""The schema: one line is all that a field takes, and what it says of a record is so."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from agent import schema
from agent.api.calls.methods import table
from agent.api.calls.objects import EVERY_CLASS
from agent.api.records.computed import COMPUTED, View
from agent.api.records.parameters import constructor, type_name
from agent.api.records.record import field_names, is_computed, record_of, stored_types
from agent.api.sessions.sessions import Session
from agent.model.records import VLAN, Network, Record
from agent.schema.field import always, back
from tests.api.world import EngineInMemory
from tests.docs.api_page import class_section

EVERY: tuple[type[Record], ...] = (*EVERY_CLASS, Session)
KINDS: dict[str, Any] = {kind.class_name: kind for kind in EVERY}
INTERNAL = {
    ("pool", "is_shared"),
    ("host", "elsewhere"),
    ("host", "is_lost"),
    ("host", "vif_networks"),
    ("network", "tunnel_key"),
    ("tunnel", "key"),
    ("tunnel", "peers"),
    ("VIF", "released"),
    *(
        ("PIF", name)
        for name in ("card", "permanent_MAC", "stays_unplugged", "kept_addresses", "kept_routes")
    ),
}
"""What pifd keeps for itself."""


@pytest.fixture
def with_more() -> Iterator[None]:
    """Two more fields of networks, a line each."""
    table()  # which is made once for all
    before = schema.CLASSES["network"]
    more = (
        always("jumbo", "jumbo-frames", "bool", False, "nobody asked"),
        back("carried", "carried-by", "PIF ref set", "PIF.network"),
    )
    schema.CLASSES["network"] = before._replace(fields=(*before.fields, *more))
    yield
    schema.CLASSES["network"] = before


def test_one_line_is_a_field_in_records_docs_and_pifctl(with_more: None, engine: EngineInMemory) -> None:
    from agent.api.records import record

    record._getters.cache_clear()
    network = engine.network("xenbr0")
    found = record_of(View(engine.model), network)
    record._getters.cache_clear()
    assert (found["jumbo"], found["carried"]) == (False, [engine.pif("eth0").ref])
    page = "\n".join(class_section(Network))
    assert "| `jumbo` | bool | RO | always `false`: nobody asked |" in page
    assert "| `carried` | PIF ref set | RO | by `PIF.network` |" in page
    shown = schema.CLASSES["network"].in_xe[-2:]
    assert [(field.xe, field.name, field.refers) for field in shown] == [
        ("jumbo-frames", "jumbo", ""),
        ("carried-by", "carried", "PIF"),
    ]


@pytest.mark.parametrize("name", KINDS)
def test_what_a_record_holds_is_in_the_schema_with_its_type_and_else_is_pifds_own(name: str) -> None:
    types = stored_types(KINDS[name])
    known = {field.name: field.type for field in schema.CLASSES[name].wire if field.name in types}
    wrong = {
        field: (known[field], type_name(types[field]))
        for field in known
        if known[field] != type_name(types[field]) and known[field] != "enum"
    }
    assert wrong == {}
    assert {(name, field) for field in types if field not in known} <= INTERNAL


@pytest.mark.parametrize("name", KINDS)
def test_each_field_has_one_source(name: str) -> None:
    kind: Any = KINDS[name]
    for field in schema.CLASSES[name].wire:
        has_function = f"{name}.{field.name}" in COMPUTED
        is_own = field.stored and not has_function
        sources = (is_own, bool(field.back), bool(field.reason), has_function)
        assert (field.name, sum(sources)) == (field.name, 1)
        assert not field.stored or field.name in stored_types(kind)
        assert is_computed(field) is (bool(field.back) or has_function)


def test_a_constructor_takes_what_is_given_at_creation_and_what_may_be_set_later() -> None:
    tag: dict[str, Any] = {"tagged_PIF": f"OpaqueRef:{'0' * 36}", "tag": 5, "other_config": {"a": "b"}}
    assert constructor(VLAN)({**tag, "untagged_PIF": "ignored"}) == tag


def test_names_are_not_there_twice() -> None:
    for kind in schema.ALL:
        assert len(field_names(KINDS[kind.name])) == len(set(field_names(KINDS[kind.name])))
        shown = [field.xe for field in kind.fields if field.xe]
        assert len(shown) == len(set(shown))
        assert set(kind.listed) <= set(shown)
        assert {field.name for field in fields(KINDS[kind.name])} >= {"uuid"}

"""Fields: the messages that every class has, made for every object and every field of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from agent.api.calls.objects import EVERY_CLASS
from agent.api.records.parameters import type_name
from agent.api.records.record import field_names, writable
from agent.model.records import CLASSES, Record
from tests.clients.story import Teller

MAP = "(string -> string) map"

CLASSES_BY_NAME: Mapping[str, type[Record]] = {kind.class_name: kind for kind in EVERY_CLASS}

VALUES: Mapping[str, Any] = {
    "string": "Zürich <&> \N{SNOWMAN} \N{GRINNING FACE}\n\t'\"\\",
    "int": 9000,
    "bool": True,
    MAP: {"key with space": "välue <&>", "": "empty key"},
    "string set": ["red", "blue"],
}
"""A value to set a field of each type to; references are set to what they are."""


def kinds_on(teller: Teller) -> dict[str, dict[str, Any]]:
    """Every record by its class and its reference."""
    return {kind.class_name: teller.ask(f"{kind.class_name}.get_all_records") for kind in EVERY_CLASS}


def get_everything(teller: Teller) -> None:
    """Each getter, of two objects of each class; whatever way one is asked for, it is the same."""
    for name, records in kinds_on(teller).items():
        assert teller.ask(f"{name}.get_all") == list(records)
        assert teller.ask(f"{name}.get_all_records_where", "true") == records
        for ref in {*list(records)[:1], *list(records)[-1:]}:
            get_object(teller, name, ref, records[ref])
    teller.ask("Bond.get_status", teller.ask("Bond.get_all")[0])


def get_object(teller: Teller, name: str, ref: str, record: dict[str, Any]) -> None:
    assert teller.ask(f"{name}.get_record", ref) == record
    assert teller.ask(f"{name}.get_by_uuid", record["uuid"]) == ref
    if "name_label" in record:
        assert ref in teller.ask(f"{name}.get_by_name_label", record["name_label"])
    for field in field_names(CLASSES_BY_NAME[name]):
        assert (field, teller.ask(f"{name}.get_{field}", ref)) == (field, record[field])


def set_everything(teller: Teller) -> None:
    """Each setter, of the last object of its class; the dry run before it, where there is one."""
    for kind in EVERY_CLASS:
        ref = teller.ask(f"{kind.class_name}.get_all")[-1]
        for field, annotation in writable(kind).items():
            for message, params in settings(field, type_name(annotation), ref, teller, kind):
                change(teller, kind, message, params)


def settings(
    field: str, type_: str, ref: str, teller: Teller, kind: type[Record]
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Messages that change one field, with their parameters; each is checked when the next is asked for."""
    get = f"{kind.class_name}.get_{field}"
    before = teller.ask(get, ref)
    value = VALUES.get(type_, before)
    yield f"set_{field}", (ref, value)
    assert same(teller.ask(get, ref), value)
    if type_.endswith("map"):
        yield f"add_to_{field}", (ref, "colour", "red")
        assert teller.ask(get, ref) == {**value, "colour": "red"}
        yield f"put_in_{field}", (ref, {"colour": "blue"})
        assert teller.ask(get, ref) == {**value, "colour": "blue"}
        yield f"remove_from_{field}", (ref, "colour")
    elif type_.endswith("set"):
        yield f"add_{field}", (ref, value[0])
        assert teller.ask(get, ref) == value
        yield f"remove_{field}", (ref, value[0])
        assert value[0] not in teller.ask(get, ref) or type_ == "host ref set"
    yield f"set_{field}", (ref, before)
    assert same(teller.ask(get, ref), before)


def change(teller: Teller, kind: type[Record], message: str, params: tuple[Any, ...]) -> None:
    """A task is nothing that the engine knows of, and so has no dry runs."""
    method = f"{kind.class_name}.{message}"
    assert (teller.plainly if kind in CLASSES else teller.ask)(method, *params) == ""


def same(found: Any, wanted: Any) -> bool:
    """Whether a value came back as it was sent; an integer may have become text."""
    return bool(found == wanted or found == str(wanted))

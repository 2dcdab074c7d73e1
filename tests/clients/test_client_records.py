"""One host by XML-RPC, JSON-RPC 1.0 and 2.0, and the command line: all four have the same fields."""

from collections.abc import Mapping
from typing import Any

import pytest

from agent.api.calls.methods import table
from agent.api.calls.refresh import OBSERVED
from agent.cli.commands import KINDS
from agent.schema import Class
from tests.clients.command_line import as_listed, listed
from tests.clients.conftest import Furnished
from tests.clients.voices import Voice
from tests.clients.wire_types import CLASSES, MAP, REFERENCE, field_types, has_type

NULL = "OpaqueRef:NULL"

WITHOUT_COMMANDS = {"PIF_metrics", "VM_guest_metrics", "message", "session"}
"""Classes whose fields the command line has as those of PIFs and VMs, or not at all."""

NOT_ON_THE_COMMAND_LINE = {
    "pool": {"redo_log_enabled"},
    "host": {"metrics", "PBDs", "PIFs", "host_CPUs", "resident_VMs"},
    "network": {"allowed_operations", "current_operations", "assigned_ips"},
    "PIF": {"PCI"},
    "Bond": {"other_config"},
    "VLAN": {"other_config"},
    "tunnel": set(),
    "VM": {"VIFs", "VBDs", "scheduled_to_be_resident_on"},
    "VIF": {"runtime_properties"},
    "task": {"backtrace"},
}
"""The fields that xe has no name for."""

LISTED = {kind.class_name: kind for kind in OBSERVED}


def everything(voice: Voice) -> dict[str, dict[str, Any]]:
    """Every record by its class and its reference."""
    return {name: voice(f"{name}.get_all_records") for name in LISTED}


def undone(value: Any, type_: str) -> Any:
    """A value as it was before XML-RPC: there an integer is text, and a date a type of its own."""
    if type_ == "int":
        return int(value)
    if type_ == "datetime":
        return value.value
    if isinstance(value, list):
        return [undone(item, type_.removesuffix(" set")) for item in value]
    map_ = MAP.fullmatch(type_)
    return {key: undone(item, map_[2]) for key, item in value.items()} if map_ else value


def without_xml(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    types = field_types(name)
    return {field: undone(value, types[field]) for field, value in record.items()}


@pytest.mark.parametrize("name", LISTED)
def test_there_is_an_object_of_the_class_and_it_has_every_field(furnished: Furnished, name: str) -> None:
    for voice in furnished.voices:
        records = voice(f"{name}.get_all_records")
        assert records != {}
        assert {tuple(record) for record in records.values()} == {tuple(field_types(name))}
        assert has_type(records, f"({name} ref -> {name} record) map", voice.name)


@pytest.mark.parametrize("name", LISTED)
def test_every_field_is_equal_in_all_encodings(furnished: Furnished, name: str) -> None:
    in_XML, in_1, in_2 = (voice(f"{name}.get_all_records") for voice in furnished.voices)
    assert in_1 == in_2
    assert {ref: without_xml(name, record) for ref, record in in_XML.items()} == in_2


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_is_equal_on_the_command_line(furnished: Furnished, kind: Class) -> None:
    records = everything(furnished.voices[2])
    assert listed(furnished.daemon.path, kind) == as_listed(kind, records)


def test_the_command_line_has_every_field_that_xe_has_a_name_for() -> None:
    missing = {
        kind.name: field_types(kind.name).keys() - {field.name for field in kind.in_xe} for kind in KINDS
    }
    assert missing == NOT_ON_THE_COMMAND_LINE
    assert CLASSES.keys() - missing.keys() == WITHOUT_COMMANDS


def test_every_reference_leads_to_an_object_of_its_class(furnished: Furnished) -> None:
    records = everything(furnished.voices[2])
    for name, those in records.items():
        for field, type_ in field_types(name).items():
            target = type_.removesuffix(" set").removesuffix(" ref")
            for record in those.values() if target in records else ():
                values = record[field] if isinstance(record[field], list) else [record[field]]
                assert [ref for ref in values if ref not in (*records[target], NULL)] == []


def test_events_bring_the_same_records(furnished: Furnished) -> None:
    for voice in furnished.voices:
        batch = voice("event.from", ["*"], "", 0.0)
        told = {event["ref"]: event["snapshot"] for event in batch["events"]}
        assert told == {ref: record for those in everything(voice).values() for ref, record in those.items()}
        counts = {kind.lower(): int(count) for kind, count in batch["valid_ref_counts"].items()}
        assert counts == {name.lower(): len(those) for name, those in everything(voice).items()}


def test_a_dry_run_is_the_same_in_all_encodings(furnished: Furnished) -> None:
    bond = furnished.voices[0]("Bond.get_all")[0]
    in_XML, in_1, in_2 = (voice("DryRun.Bond.destroy", bond) for voice in furnished.voices)
    assert in_1 == in_2
    assert [one["ref"] for one in in_XML["removed"]] == [one["ref"] for one in in_2["removed"]]
    assert in_XML["steps"] == in_2["steps"]


def test_the_names_of_the_methods_are_the_same(furnished: Furnished) -> None:
    names = [voice("system.listMethods") for voice in furnished.voices]
    assert names == [sorted(table())] * 3


def test_references_look_like_XenAPIs(furnished: Furnished) -> None:
    refs = [ref for those in everything(furnished.voices[1]).values() for ref in those]
    assert [ref for ref in refs if not REFERENCE.fullmatch(ref)] == []

"""Inspections: the commands that only look, in xe's layout."""

from collections.abc import Sequence
from typing import Any

from agent.cli.change import as_json
from agent.cli.classes import CLASSES, Record, field_called, mark_of
from agent.cli.command import Call
from agent.cli.errors import XE, CommandError, program_name
from agent.cli.value import EXPENSIVE, known_fields, text_in, text_of, value_of
from agent.printable import printable
from agent.schema import Class, Field

MARGIN = 4
NODE_SHAPE = {
    "kind": str,
    "name": str,
    "state": str,
    "MAC": str,
    "MTU": int,
    "addresses": [str],
    "notes": [str],
    "children": list,
}


def list_objects(call: Call) -> str:
    """The objects of a class that pass the filters."""
    kind = CLASSES[call.command.class_name]
    params = call.values["params"] or (("all",) if call.values["json"] else ())
    wanted = [cheap(field) for field in wanted_fields(kind, params)]
    records = [record for record in call.objects.of(kind.name).values() if passes(call, record)]
    if call.values["minimal"]:
        return minimal(call, wanted, records)
    return printed(call, wanted, records)


def list_fields(call: Call) -> str:
    kind = CLASSES[call.command.class_name]
    record = the_record(call)
    if call.values["json"]:
        return as_json(as_object(call, kind.in_xe, record))
    return minimal(call, kind.in_xe, [record]) if call.values["minimal"] else block(call, kind.in_xe, record)


def get_field(call: Call) -> str:
    """The bare value of one field of one object, or of one key in it."""
    kind = CLASSES[call.command.class_name]
    field = field_named(kind, call.values["param-name"])
    record = the_record(call)
    if field not in known_fields(kind, record):
        raise CommandError(f"Error: this pifd's {kind.name} objects have no field {field.xe}")
    value = value_of(field, record, call.objects.record)
    if call.values["param-key"]:
        value = entry(field, value, call.values["param-key"])
    if call.values["json"]:
        return as_json(value)
    text = text_of(value) if call.values["param-key"] else text_in(field, value)
    shown = escaped(text) if call.values["minimal"] else text
    return "\n".join(map(printable, shown.split("\n"))) + "\n"


def topology(call: Call) -> str:
    """The host's networks, bridges, bonds and NICs as a tree."""
    from agent.cli.topology import drawn

    found = call.session.ask("pifd.topology", shape={"host": {"uuid": str, "name_label": str}, "trees": list})
    check_nodes(call, found["trees"])
    return as_json(found) if call.values["json"] else drawn(found["host"], found["trees"], call.screen)


def check_nodes(call: Call, nodes: list[Any]) -> None:
    """Every node of every tree is one."""
    call.session.checked(nodes, [NODE_SHAPE], "pifd.topology")
    for node in nodes:
        check_nodes(call, node["children"])


def the_record(call: Call) -> Record:
    """The object that uuid= names."""
    class_name = call.command.class_name
    ref = call.find(class_name, "uuid")
    record: Record = call.session.ask(f"{class_name}.get_record", ref, shape={"uuid": str})
    return record


def wanted_fields(kind: Class, params: Sequence[str]) -> tuple[Field, ...]:
    """The fields that params= asks for, in the class's own order, which is xe's."""
    if tuple(params) == ("all",):
        return kind.in_xe
    names = {field_named(kind, name).xe for name in params} if params else set(kind.listed)
    return tuple(field for field in kind.in_xe if field.xe in names)


def field_named(kind: Class, name: str) -> Field:
    """The field of a class with a name, in any case."""
    if field := field_called(kind.in_xe, name):
        return field
    known = ", ".join(field.xe for field in kind.in_xe)
    lines = [f"Error: a {kind.name} has no field {name}", f"Its fields are: {known}"]
    if program_name() == XE:
        lines[:1] = ["Error code: Missing parameter", f"Error parameters: {name}"]
    raise CommandError(*lines)


def entry(field: Field, value: Any, key: str) -> Any:
    if not isinstance(value, dict):
        raise CommandError(f"Error: the field {field.xe} is not a map, so it has no keys")
    if key not in value:
        raise CommandError(f"Error: Key {key} not found in map")
    return value[key]


def cheap(field: Field) -> Field:
    """The field as lists have it: one that xe asks for by a call of its own is not shown there."""
    return field._replace(format=EXPENSIVE) if field.is_costly else field


def passes(call: Call, record: Record) -> bool:
    """Whether a record has the values that every filter wants, and is one of the usual ones."""
    return is_usual(call, record) and all(
        matches(call, one.field, one.key, one.wanted, record) for one in call.filters
    )


def is_usual(call: Call, record: Record) -> bool:
    """Whether -list shows a record without being told which ones; all of them with --all."""
    kind = CLASSES[call.command.class_name]
    if kind.usual is None or call.values["all"]:
        return True
    name, value = kind.usual
    field = field_named(kind, name)
    return any(one.field == field for one in call.filters) or matches(call, field, "", value, record)


def matches(call: Call, field: Field, key: str, wanted: str, record: Record) -> bool:
    """Whether one field is as wanted: as it is printed, or one of its members or keys."""
    if field.name not in record:
        return False
    value = value_of(field, record, call.objects.record)
    if key:
        return has(field, value, key, wanted)
    printed_value = text_in(field, value)
    return printed_value == wanted or (field.ignores_case and printed_value.lower() == wanted.lower())


def has(field: Field, value: Any, key: str, wanted: str) -> bool:
    """Whether a map has this value under a key, or a set this member under the key `contains`."""
    if isinstance(value, dict):
        return key in value and text_of(value[key]) == wanted
    if not isinstance(value, list):
        raise CommandError(f"Error: Field '{field.xe}' is not a set or map")
    if key != "contains":
        raise CommandError(
            f"Error: Invalid syntax for set filtering (should be {field.xe}:contains=<member>)"
        )
    return wanted in map(text_of, value)


def printed(call: Call, wanted: Sequence[Field], records: Sequence[Record]) -> str:
    """The records as JSON or in xe's layout."""
    if call.values["json"]:
        return as_json([as_object(call, wanted, record) for record in records])
    return "".join(block(call, wanted, record) for record in records)


def as_object(call: Call, wanted: Sequence[Field], record: Record) -> dict[str, Any]:
    """A record under xe's field names."""
    shown = [field for field in wanted if field.name in record]
    return {field.xe: value_of(field, record, call.objects.record) for field in shown}


def minimal(call: Call, wanted: Sequence[Field], records: Sequence[Record]) -> str:
    """The first field of each record, on one line."""
    cells = []
    for record in records:
        shown = [field for field in wanted if field.name in record][:1]
        cells += [text_in(field, value_of(field, record, call.objects.record)) for field in shown]
    return printable(",".join(map(escaped, cells))) + "\n"


def escaped(cell: str) -> str:
    """A value among others with commas in between."""
    return cell.replace("\\", "\\\\").replace(",", "\\,")


def block(call: Call, wanted: Sequence[Field], record: Record) -> str:
    """A record in xe's layout: the first label on the left, the others on the right, two empty lines."""
    shown = [field for field in wanted if field.name in record]
    labels = [f"{field.xe} ({mark_of(field)})" for field in shown]
    width = MARGIN + max(map(len, labels), default=0)
    lines: list[str] = []
    for field, label in zip(shown, labels, strict=True):
        value = printable(text_in(field, value_of(field, record, call.objects.record)))
        lines.append(f"{label.rjust(width) if lines else label.ljust(width)}: {value}\n")
    return "".join(lines) + "\n\n"

"""Setting fields: which calls -param-set, -param-add, -param-remove and -param-clear send."""

from collections.abc import Iterator, Sequence
from typing import Any

from agent.cli.change import Message
from agent.cli.classes import CLASSES, MAP, MAP_RW, SET, SET_RW, field_called, is_map, mark_of, settable
from agent.cli.command import Call, Command
from agent.cli.errors import XE, CommandError, program_name
from agent.cli.listing import field_named
from agent.cli.value import NULL
from agent.schema import Class, Field

SET_SYNTAX = "Error: When adding a key to a set, use the syntax: *-param-add param-name={} param-key=<key>"
NOT_FOR = {
    "add": ("Parameter is read-only", "Can only add to parameters of type Set or Map"),
    "remove": (
        "Cannot remove parameters from read-only map",
        "Can only remove from parameters of type Set or Map",
    ),
    "clear": ("Can only clear RW parameters", "Can only clear RW parameters"),
}
"""xe's sentences: of a set or map that is not to be changed, and of any other field."""


def new_values(call: Call) -> Sequence[Message]:
    """One call for each field that is given; the keys of a map that are not given keep their values."""
    kind, ref = CLASSES[call.command.class_name], call.find(call.command.class_name, "uuid")
    given = [field for field in settable(kind) if is_given(call.values[field.xe])]
    if not given:
        raise CommandError(f"Nothing to set was given; this can be: {', '.join(names(kind))}")
    return [message for field in given for message in settings(call, kind, field, ref)]


def settings(call: Call, kind: Class, field: Field, ref: str) -> Sequence[Message]:
    """The calls that set one field: one, or where a map has no setter, one for each key."""
    if field.key_setter:
        pairs = call.values[field.xe].items()
        return [Message(f"{kind.name}.{field.key_setter}", [ref, key, value]) for key, value in pairs]
    if mark_of(field) == MAP_RW:  # the daemon keeps the other keys: read here, they could be old ones
        return [Message(f"{kind.name}.put_in_{field.name}", [ref, call.values[field.xe]])]
    return [set_to(kind, field, ref, sent(call, field, call.values[field.xe]))]


def is_given(value: Any) -> bool:
    """Whether a parameter for a field was on the command line."""
    return value is not None and value != {}


def sent(call: Call, field: Field, given: Any) -> Any:
    """A value, or a member of a set, as the daemon takes it: where objects are meant, their references."""
    if not field.refers or field.shows:
        return given
    if isinstance(given, str):
        return call.objects.find(field.refers, given) if given else NULL
    return [call.objects.find(field.refers, one) for one in given]


def additions(call: Call) -> Iterator[Message]:
    """The member for a set that param-key= names, or the key=value pairs for a map."""
    kind, field, ref = target(call)
    key, pairs = call.values["param-key"], dict(call.pairs)
    if mark_of(field) == SET_RW:
        if pairs or not key:
            raise CommandError(SET_SYNTAX.format(field.xe), f"{field.xe} is a set.")
        yield Message(f"{kind.name}.add_{field.name}", [ref, sent(call, field, key)])
        return
    if key or not pairs:
        raise CommandError(f"Error: {field.xe} is a map: give what to add as <key>=<value>")
    for name, value in pairs.items():
        yield Message(f"{kind.name}.add_to_{field.name}", [ref, name, value])


def removal(call: Call) -> Sequence[Message]:
    """The member of a set, or the key of a map, that goes.  To xe one that is not there is an error."""
    kind, field, ref = target(call)
    if program_name() == XE:
        check_there(call, field, ref)
    if mark_of(field) == SET_RW:
        member = sent(call, field, call.values["param-key"])
        return [Message(f"{kind.name}.remove_{field.name}", [ref, member])]
    return [Message(f"{kind.name}.remove_from_{field.name}", [ref, call.values["param-key"]])]


def check_there(call: Call, field: Field, ref: str) -> None:
    """In xe's words, which scripts compare."""
    key, record = call.values["param-key"], call.objects.record(call.command.class_name, ref) or {}
    shown = record.get(field.name, ())
    if mark_of(field) == SET_RW and sent(call, field, key) not in shown:
        raise CommandError(f"Error: Key {key} is not in the set")
    if mark_of(field) != SET_RW and key not in shown:
        raise CommandError(f"Error: Key {key} is not in map")


def clearance(call: Call) -> Sequence[Message]:
    """The empty value of a field."""
    kind, field, ref = target(call)
    empty: Any = {MAP_RW: {}, SET_RW: []}.get(mark_of(field), NULL if field.refers else "")
    return [set_to(kind, field, ref, empty)]


def target(call: Call) -> tuple[Class, Field, str]:
    """The class, the field that param-name= names, and the object that uuid= names."""
    kind, name = CLASSES[call.command.class_name], call.values["param-name"]
    found = field_called(call.command.fields, name)
    if found is None:
        raise not_for(call.command, field_named(kind, name))
    return kind, found, call.find(kind.name, "uuid")


def not_for(command: Command, field: Field) -> CommandError:
    """The error for a field that a command does not change, which begins as xe's does."""
    able = f"{command.name} takes: {', '.join(one.xe for one in command.fields)}"
    verb, is_of_parts = command.name.rpartition("-")[2], mark_of(field) in (SET, SET_RW, MAP, MAP_RW)
    return CommandError(f"Error: {NOT_FOR[verb][not is_of_parts]}", able)


def set_to(kind: Class, field: Field, ref: str, value: Any) -> Message:
    return Message(f"{kind.name}.{field.set_by}", [ref, value])


def names(kind: Class) -> Iterator[str]:
    """What a class's settable fields are called on the command line."""
    return (f"{field.xe}:<key>" if is_map(field) else field.xe for field in settable(kind))

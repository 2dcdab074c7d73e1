"""Setting fields: which calls -param-set, -param-add, -param-remove and -param-clear send."""

from collections.abc import Iterator, Sequence
from typing import Any

from agent.cli.change import Message
from agent.cli.classes import CLASSES
from agent.cli.command import Call
from agent.cli.errors import CommandError
from agent.cli.field import MAP_RW, SET_RW, Class, Field, is_map, settable
from agent.cli.value import NULL


def new_values(call: Call) -> Sequence[Message]:
    """One call for each field that is given; the keys of a map that are not given keep their values."""
    kind, ref = CLASSES[call.command.class_name], call.find(call.command.class_name, "uuid")
    given = [field for field in settable(kind) if is_given(call.values[field.name])]
    if not given:
        raise CommandError(f"Nothing to set was given; this can be: {', '.join(names(kind))}")
    return [message for field in given for message in settings(call, kind, field, ref)]


def settings(call: Call, kind: Class, field: Field, ref: str) -> Sequence[Message]:
    """The calls that set one field: one, or where a map has no setter, one for each key."""
    if field.key_setter:
        pairs = call.values[field.name].items()
        return [Message(f"{kind.name}.{field.key_setter}", [ref, key, value]) for key, value in pairs]
    if field.mark == MAP_RW:  # the daemon keeps the other keys: read here, they could be old ones
        return [Message(f"{kind.name}.put_in_{field.source}", [ref, call.values[field.name]])]
    return [set_to(kind, field, ref, sent(call, field, call.values[field.name]))]


def is_given(value: Any) -> bool:
    """Whether a parameter for a field was on the command line."""
    return value is not None and value != {}


def sent(call: Call, field: Field, given: Any) -> Any:
    """A value, or a member of a set, as the daemon takes it: where objects are meant, their references."""
    if not field.refers or field.shows != "uuid":
        return given
    if isinstance(given, str):
        return call.objects.find(field.refers, given) if given else NULL
    return [call.objects.find(field.refers, one) for one in given]


def additions(call: Call) -> Iterator[Message]:
    """The member for a set that param-key= names, or the key=value pairs for a map."""
    kind, field, ref = target(call)
    key, pairs = call.values["param-key"], dict(call.pairs)
    if field.mark == SET_RW:
        if pairs or not key:
            raise CommandError(f"Error: {field.name} is a set: give the new member as param-key=<value>")
        yield Message(f"{kind.name}.add_{field.source}", [ref, sent(call, field, key)])
        return
    if key or not pairs:
        raise CommandError(f"Error: {field.name} is a map: give what to add as <key>=<value>")
    for name, value in pairs.items():
        yield Message(f"{kind.name}.add_to_{field.source}", [ref, name, value])


def removal(call: Call) -> Sequence[Message]:
    """The member of a set, or the key of a map, that goes."""
    kind, field, ref = target(call)
    if field.mark == SET_RW:
        member = sent(call, field, call.values["param-key"])
        return [Message(f"{kind.name}.remove_{field.source}", [ref, member])]
    return [Message(f"{kind.name}.remove_from_{field.source}", [ref, call.values["param-key"]])]


def clearance(call: Call) -> Sequence[Message]:
    """The empty value of a field."""
    kind, field, ref = target(call)
    empty: Any = {MAP_RW: {}, SET_RW: []}.get(field.mark, NULL if field.refers else "")
    return [set_to(kind, field, ref, empty)]


def target(call: Call) -> tuple[Class, Field, str]:
    """The class, the field that param-name= names, and the object that uuid= names."""
    kind, name = CLASSES[call.command.class_name], call.values["param-name"]
    ours = call.command.fields
    found = next((field for field in ours if field.name.lower() == name.lower()), None)
    if found is None:
        able = ", ".join(field.name for field in ours)
        raise CommandError(f"Error: {call.command.name} has no field {name} to change; it has: {able}")
    return kind, found, call.find(kind.name, "uuid")


def set_to(kind: Class, field: Field, ref: str, value: Any) -> Message:
    """The call that sets a field."""
    return Message(f"{kind.name}.{field.setter}", [ref, value])


def names(kind: Class) -> Iterator[str]:
    """What a class's settable fields are called on the command line."""
    return (f"{field.name}:<key>" if is_map(field) else field.name for field in settable(kind))

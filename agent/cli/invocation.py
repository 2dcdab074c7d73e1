"""An invocation: what was typed, taken apart as xe does it, and bound to a command's parameters."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from agent.cli.classes import CLASSES, MAP, MAP_RW, SET, SET_RW, field_called, mark_of
from agent.cli.command import Command
from agent.cli.errors import XE, CommandError, program_name, usage
from agent.cli.parameter import MINIMAL, Parameter
from agent.schema import Field

HELP = ("--help", "-help", "-h", "-?")
# xe takes these wherever it lists objects; they say nothing about which ones.
NO_FILTERS = ("all", "force", "multiple", "trace", "message-priority")


class Words(NamedTuple):
    """What was typed: a command, `help`'s further words, name=value pairs.  flags: the names that had --."""

    command: str
    further: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    flags: frozenset[str] = frozenset()


class Filter(NamedTuple):
    """A wish that a field, or the value of a key in it, or (key `contains`) a member of it, equals a text."""

    field: Field
    key: str
    wanted: str


class Bound(NamedTuple):
    """The values of a command's parameters, a -list command's filters and a -param-add command's pairs."""

    values: dict[str, Any]
    filters: tuple[Filter, ...]
    pairs: tuple[tuple[str, str], ...]


def taken_apart(arguments: Sequence[str]) -> Words:
    """The words of a command line.  `--flag` is `flag=true`, `--socket PATH` is `socket=PATH`."""
    plain, pairs, flags = [], [], []
    remaining = iter(arguments)
    for word in remaining:
        name, equals, value = ("--help" if word in HELP else word).removeprefix("--").partition("=")
        is_flag = word.startswith("--") or word in HELP
        flags += [name] if is_flag else []
        if word == "--socket":
            pairs.append(("socket", path_in(next(remaining, ""))))
        elif is_flag or equals:
            pairs.append((name, value if equals else "true"))
        else:
            plain.append(word)
    return Words("".join(plain[:1]), tuple(plain[1:]), tuple(pairs), frozenset(flags))


def path_in(word: str) -> str:
    """The word after --socket, which has to be there."""
    if not word:
        raise CommandError("Syntax error: --socket needs a path", usage())
    return word


def bound(command: Command, words: Words) -> Bound:
    """The values for a command's parameters; anything that is missing, unknown or given twice is refused."""
    bare = tuple((command.bare, word) for word in words.further[:1] if command.bare)
    if words.further[len(bare) :]:
        wrong = words.further[len(bare)]
        raise CommandError(f"Syntax error: '{wrong}' is not name=value or --flag", usage(command.name))
    values: dict[str, Any] = {}
    filters, pairs = [], []
    for name, given in (*bare, *words.pairs):
        parameter, key = parameter_of(command, name)
        may_be_a_pair = command.takes_pairs and name not in words.flags
        if parameter is not None:
            put(command, values, parameter, key, given)
        elif may_be_a_pair:
            pairs.append((name, given))
        elif name == MINIMAL.name:
            values[MINIMAL.name] = MINIMAL.read(name, given)
        elif not (command.takes_filters and name in NO_FILTERS):
            filters.append(filter_of(command, name, given))
    check_complete(command, values)
    check_no_twins(command, pairs)
    whole = {one.name: one.default for one in (*command.parameters, MINIMAL)} | values
    return Bound(whole, tuple(filters), tuple(pairs))


def parameter_of(command: Command, name: str) -> tuple[Parameter | None, str]:
    """The parameter with a name, in any case; for a map (`map:key`, or the old `map-key`) also the key."""
    for parameter in command.parameters:
        known = parameter.name.lower()
        if parameter.is_map and name.lower().startswith((f"{known}:", f"{known}-")):
            return parameter, name[len(known) + 1 :]
        # xe has both hyphens and underscores in its names, and nobody can remember where.
        if not parameter.is_map and name.lower().replace("_", "-") == known.replace("_", "-"):
            return parameter, ""
    return None, ""


def put(command: Command, values: dict[str, Any], parameter: Parameter, key: str, given: str) -> None:
    """Add one value, unless there is one already."""
    into = values.setdefault(parameter.name, {}) if parameter.is_map else values
    name = key if parameter.is_map else parameter.name
    if name in into:
        twice = f"{parameter.name}:{key}" if key else parameter.name
        raise CommandError(f"Syntax error: {twice} is given twice", usage(command.name))
    is_left_out = not given and not (parameter.is_required or parameter.is_map or parameter.may_be_empty)
    into[name] = parameter.default if is_left_out else parameter.read(parameter.name, given)


def filter_of(command: Command, name: str, wanted: str) -> Filter:
    """The filter that `field=value`, `map:key=value` or `set:contains=value` stands for."""
    field_name, _, key = name.partition(":")
    field = field_called(fields_of(command), field_name)
    if field is None:
        field, key = part_called(command, name)
    if field is None or not command.takes_filters:
        raise unknown_parameter(command, name, field)
    return Filter(field, key, wanted)


def fields_of(command: Command) -> tuple[Field, ...]:
    """The fields of the objects that a command is for."""
    return CLASSES[command.class_name].in_xe if command.class_name else ()


def part_called(command: Command, name: str) -> tuple[Field | None, str]:
    """The map or the set, and what of it, that `map-key` or `set-contains` stands for (xe's old way)."""
    parts = [field for field in fields_of(command) if mark_of(field) in (MAP, MAP_RW, SET, SET_RW)]
    for field in sorted(parts, key=lambda field: -len(field.xe)):
        if name.lower().startswith(f"{field.xe.lower()}-"):
            return field, name[len(field.xe) + 1 :]
    return None, ""


def unknown_parameter(command: Command, name: str, field: Field | None) -> CommandError:
    """The error for a parameter that the command does not have; xe would not say anything."""
    known = [f"{one.name}:<key>" if one.is_map else one.name for one in command.parameters]
    if field is not None and command.fields:
        return field_not_settable(command, field, name)
    has_fields = program_name() == XE and command.class_name
    lines = [f"{command.name} takes: {', '.join(known)}"]
    if command.takes_filters:
        fields = ", ".join(one.xe for one in fields_of(command))
        lines.append(f"and as filters the fields: {fields}")
    first = f"Error: Unknown field '{name}'" if has_fields else f"Unknown parameter: {name}"
    return CommandError(first, *lines, usage(command.name))


def field_not_settable(command: Command, field: Field, name: str) -> CommandError:
    """The error for a field that is only written by the daemon, or is not set in this way: xe's sentences."""
    settable = ", ".join(one.xe for one in command.fields)
    what = f"These of a {command.class_name} can be set: {settable}"
    return CommandError(f"Error: {why_not_set(command, field, name)}", what, usage(command.name))


def why_not_set(command: Command, field: Field, name: str) -> str:
    if mark_of(field) in (SET, SET_RW) and name.lower() != field.xe.lower():
        return "Cannot param-set on set fields"
    if field not in command.fields:
        return f"Field '{field.xe}' is read-only."
    if mark_of(field) == MAP_RW or field.key_setter:
        return f"Field '{field.xe}' is a map or set. use the 'name:key=value' syntax."
    return f"Field '{field.xe}' is not a set or map"


def check_no_twins(command: Command, pairs: Sequence[tuple[str, str]]) -> None:
    """No key is there twice."""
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise CommandError(f"Syntax error: {name} is given twice", usage(command.name))


def check_complete(command: Command, values: dict[str, Any]) -> None:
    """Every required parameter is there, and no two that exclude each other."""
    for parameter in command.parameters:
        if parameter.is_required and parameter.name not in values:
            raise CommandError(f"Required parameter not found: {parameter.name}", usage(command.name))
    if values.get("json") and values.get("minimal"):
        raise CommandError("Syntax error: --json and --minimal exclude each other", usage(command.name))

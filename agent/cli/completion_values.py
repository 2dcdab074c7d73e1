"""The values of parameters: what can come after the = in a word that is being typed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from agent.cli.classes import CLASSES, MAP, MAP_RW, SET, SET_RW, Record, field_called
from agent.cli.command import Command
from agent.cli.completion_shells import Candidate
from agent.cli.errors import APIFailure, CommandError
from agent.cli.names import names_of
from agent.cli.objects import Objects
from agent.cli.parameter import OneOf, Parameter, boolean, words
from agent.cli.value import text_in, text_of, value_of
from agent.schema import Class, Field

MAPS, SETS = (MAP, MAP_RW), (SET, SET_RW)
ALL_FIELDS = "all"
# Parameters that mean an object, and whose names do not say of which class.
MEANT = {"on": "host", "affinity": "host", "possible-hosts": "host"}


class Asked(NamedTuple):
    """Whose parameters are being typed: the command, what has been given, and the objects there are."""

    command: Command
    given: Mapping[str, str]
    objects: "Quiet"

    @property
    def kind(self) -> Class | None:
        """The class of the objects that the command is for."""
        if self.command.name.startswith("event-"):
            wanted = self.given.get("class", "").lower()
            return next((one for one in CLASSES.values() if wanted and wanted == one.prefix), None)
        prefix = self.command.name.partition("-")[0]
        return next((one for one in CLASSES.values() if one.prefix == prefix), None)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Those of these objects."""
        return self.kind.in_xe if self.kind else ()


class Quiet(Objects):
    """The objects, and none where the daemon does not tell: who is typing is not to be disturbed."""

    def of(self, class_name: str) -> dict[str, Record]:
        """Every object of a class by reference."""
        try:
            return super().of(class_name)
        except (APIFailure, CommandError):
            self._records[class_name] = {}
            return {}


def values(asked: Asked, parameter: Parameter) -> Iterable[Candidate]:
    """The values of a parameter, each of them when it takes several."""
    if parameter.name in ("param-name", "params", "class", "param-key", "shell"):
        return by_name(asked, parameter.name)
    if isinstance(parameter.read, OneOf):
        return map(Candidate, parameter.read.choices)
    if parameter.read is boolean:
        return map(Candidate, ("true", "false"))
    kind = meant(asked, parameter.name)
    return known_objects(asked, kind) if kind else ()


def by_name(asked: Asked, name: str) -> Iterator[Candidate]:
    """The values of the parameters that mean fields, keys, classes or shells."""
    kind = asked.kind
    if name == "class":
        yield from (Candidate(one.prefix) for one in CLASSES.values() if one.prefix)
    elif name == "shell":
        yield from map(Candidate, ("bash", "zsh", "fish"))
    elif kind is not None and name == "param-key":
        yield from keys_of_one(asked, kind)
    elif kind is not None:
        fields = asked.command.fields or kind.in_xe
        yield from (Candidate(field.xe) for field in fields)
        if name == "params":
            yield Candidate(ALL_FIELDS)


def meant(asked: Asked, name: str) -> Class | None:
    """The class of the objects that a parameter means."""
    if name == "uuid":
        return asked.kind
    field = field_called(asked.fields, name)
    wanted = field.refers if field else MEANT.get(name, "")
    prefix = name.removesuffix("s").removesuffix("-uuid")
    return CLASSES.get(wanted) or next((one for one in CLASSES.values() if one.prefix == prefix), None)


def known_objects(asked: Asked, kind: Class) -> Iterator[Candidate]:
    """The objects by their names, where only one has the name, and by their uuids."""
    records = asked.objects.of(kind.name).values()
    named = [
        (record["uuid"], list(dict.fromkeys(filter(None, names_of(kind, record, asked.objects.record)))))
        for record in records
    ]
    counts = Counter(name for _, names in named for name in names)
    for uuid, names in named:
        clear = [name for name in names if counts[name] == 1]
        yield from (Candidate(name, uuid) for name in clear)
        yield Candidate(uuid, ", ".join(names))


def keys(asked: Asked, name: str) -> list[str]:
    """The keys of a map: those that pifd knows and those that some object has."""
    field = field_called(asked.fields, name)
    known = field.keys if field else ()
    found = [value for value in seen(asked, field) if isinstance(value, dict)] if field else []
    return list(dict.fromkeys([*known, *(key for value in found for key in value)]))


def values_of_key(asked: Asked, name: str, key: str) -> Iterator[Candidate]:
    """The values of a key in a map: those that pifd knows and those that some object has."""
    field = field_called(asked.fields, name)
    known = field.keys.get(key, ()) if field else ()
    maps = [value for value in seen(asked, field) if isinstance(value, dict)] if field else []
    found = sorted({text_of(value[key]) for value in maps if key in value})
    yield from map(Candidate, dict.fromkeys([*known, *found]))


def keys_of_one(asked: Asked, kind: Class) -> Iterator[Candidate]:
    """The keys in a map, or the members of a set, of the one object that has been named."""
    field = field_called(kind.in_xe, asked.given.get("param-name", ""))
    try:
        ref = asked.objects.find(kind.name, asked.given.get("uuid", ""))
    except (APIFailure, CommandError):
        return
    record = asked.objects.record(kind.name, ref)
    if field is None or record is None or field.name not in record:
        return
    value = value_of(field, record, asked.objects.record)
    if isinstance(value, dict):
        yield from (Candidate(key, text_of(one)) for key, one in value.items())
    elif isinstance(value, list):
        yield from (Candidate(text_of(one)) for one in value)


def filter_values(asked: Asked, field: Field, key: str) -> Iterator[Candidate]:
    """What some object has in a field, as it is printed; for a reference, with the name of its object."""
    if key == "contains":
        members = {text_of(one) for value in seen(asked, field) if isinstance(value, list) for one in value}
        yield from map(Candidate, sorted(members))
        return
    printed = sorted({text_in(field, value) for value in seen(asked, field)})
    refers = CLASSES.get(field.refers) if not field.shows else None
    kind = asked.kind if field.xe == "uuid" else refers
    about = labels(asked, kind) if kind else {}
    yield from (Candidate(text, about.get(text, "")) for text in printed if text)


def labels(asked: Asked, kind: Class) -> dict[str, str]:
    """The names of a class's objects, by uuid."""
    records = asked.objects.of(kind.name).values()
    return {one["uuid"]: next(filter(None, names_of(kind, one, asked.objects.record)), "") for one in records}


def seen(asked: Asked, field: Field) -> Iterator[Any]:
    records: Sequence[Record] = list(asked.objects.of(asked.kind.name).values()) if asked.kind else []
    for record in records:
        if field.name in record:
            yield value_of(field, record, asked.objects.record)


def is_list(parameter: Parameter) -> bool:
    """Whether a parameter takes several values, with commas in between."""
    return parameter.read is words

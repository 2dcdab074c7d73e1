"""A event: a change of an object in xe's words, as a line for people or for programs."""

from collections.abc import Iterator, Sequence
from time import gmtime, localtime, strftime, time
from typing import Any, NamedTuple

from agent.cli.classes import CLASSES, Record
from agent.cli.names import names_of
from agent.cli.value import known_fields, text_in, text_of, value_of
from agent.cli.watch import Change, Watch
from agent.printable import printable
from agent.schema import Class, Field

CLASS_WIDTH = max(len(kind.name) for kind in CLASSES.values() if kind.prefix)
NOTHING = "none"


class ObjectEvent(NamedTuple):
    """What has happened to an object: `before` and `after` are its fields, by xe's names, that differ.

    For a new object, and for one that is gone, these are all of its fields.
    """

    kind: Class
    operation: str
    uuid: str
    name: str
    before: dict[str, Any]
    after: dict[str, Any]


class Displayed:
    """What has been shown of every object: with what it shows now, that makes a event."""

    def __init__(self, watch: Watch, classes: Sequence[str]) -> None:
        self._watch = watch
        self._fields: dict[tuple[str, str], dict[str, Any]] = {}
        self._named: dict[tuple[str, str], str] = {}
        self._classes = classes
        for class_name in classes:
            for ref, record in watch.of(class_name).items():
                self._remember(class_name, ref, record)

    def events(self, changes: Sequence[Change]) -> Iterator[ObjectEvent]:
        """What the changes mean for the objects that are shown, each object once."""
        concerned = {one: None for change in changes for one in self._concerned(change)}
        for class_name, ref in concerned:
            yield from self._event(class_name, ref)

    def _concerned(self, change: Change) -> Iterator[tuple[str, str]]:
        """The object itself, or those that show its fields as theirs: a PIF its PIF_metrics'."""
        if CLASSES[change.class_name].prefix:
            yield change.class_name, change.ref
            return
        for class_name in self._classes:
            sources = {one.name for one in CLASSES[class_name].in_xe if one.refers == change.class_name}
            for ref, record in self._watch.of(class_name).items():
                if any(record.get(source) == change.ref for source in sources):
                    yield class_name, ref

    def _event(self, class_name: str, ref: str) -> Iterator[ObjectEvent]:
        if class_name not in self._classes:
            return
        record, name = self._watch.record(class_name, ref), self._named.get((class_name, ref), "")
        before = self._fields.pop((class_name, ref), {})
        after = self._remember(class_name, ref, record) if record else {}
        operation = "mod" if before and after else "add" if after else "del"
        one = ObjectEvent(
            CLASSES[class_name], operation, (after or before).get("uuid", ""), name, before, after
        )
        one = one._replace(name=self._named.get((class_name, ref), name))
        if operation != "mod":
            yield one
        elif before != after:
            yield differing(one)

    def _remember(self, class_name: str, ref: str, record: Record) -> dict[str, Any]:
        kind = CLASSES[class_name]
        fields = shown(kind, record, self._watch)
        self._fields[class_name, ref] = fields
        self._named[class_name, ref] = next(filter(None, names_of(kind, record, self._watch.record)), "")
        return fields


def shown(kind: Class, record: Record, watch: Watch) -> dict[str, Any]:
    """An object's own fields under xe's names, and those that xe does not know, under a name like them."""
    known = known_fields(kind, record)
    sources = {field.name for field in kind.in_xe}
    fields = {field.xe: value_of(field, record, watch.record) for field in known if is_own(field)}
    return fields | {key.replace("_", "-"): value for key, value in record.items() if key not in sources}


def is_own(field: Field) -> bool:
    """Whether a field is the object's own, not what is to see of another that has events itself."""
    return not (field.refers in CLASSES and CLASSES[field.refers].prefix and field.shows)


def differing(one: ObjectEvent) -> ObjectEvent:
    """The event with the fields alone that differ."""
    names = [name for name in one.before | one.after if one.before.get(name) != one.after.get(name)]
    return one._replace(
        before={name: one.before.get(name) for name in names},
        after={name: one.after.get(name) for name in names},
    )


def line(one: ObjectEvent) -> str:
    """A line for people: time, class, what happened, the object, and what differs."""
    now = time()
    clock = f"{strftime('%H:%M:%S', localtime(now))}.{int(now * 1000) % 1000:03}"
    name = f'"{one.name}"' if " " in one.name else one.name
    words = [clock, f"{one.kind.name:{CLASS_WIDTH}}", one.operation, " ".join(filter(None, (name, one.uuid)))]
    if one.operation == "mod":
        words.append("; ".join(difference(one, field) for field in one.after))
    return printable("  ".join(words)) + "\n"


def difference(one: ObjectEvent, name: str) -> str:
    """A field that differs."""
    return f"{name}: {text(one, name, one.before[name])} -> {text(one, name, one.after[name])}"


def text(one: ObjectEvent, name: str, value: Any) -> str:
    """A value as xe prints it, on one line."""
    field = next((field for field in one.kind.in_xe if field.xe == name), None)
    printed = text_in(field, value) if field else text_of(value)
    return NOTHING if value is None or not printed else printed.replace("\n", " ")


def json_line(one: ObjectEvent) -> str:
    import json

    now = time()
    clock = f"{strftime('%Y-%m-%dT%H:%M:%S', gmtime(now))}.{int(now * 1000) % 1000:03}Z"
    known = {"time": clock, "class": one.kind.name, "operation": one.operation, "uuid": one.uuid}
    fields: dict[str, Any] = {"name": one.name}
    if one.operation == "mod":
        fields["fields"] = {
            name: {"before": one.before[name], "after": one.after[name]} for name in one.after
        }
    else:
        fields["record"] = one.after or one.before
    return json.dumps(known | fields, ensure_ascii=False) + "\n"

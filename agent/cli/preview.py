"""A preview: what a dry run tells, in words for people."""

from typing import Any

from agent.cli.classes import CLASSES, Lookup, Record
from agent.cli.names import names_of
from agent.cli.objects import Objects
from agent.cli.value import NULL_REFERENCES, PREFIX
from agent.printable import printable

FIELD_WIDTH = 23
# What nobody misses in the description of a new object.
DULL: tuple[Any, ...] = ("", [], {}, None, False, -1, "None", "unknown", *NULL_REFERENCES)


def described(outcome: dict[str, Any], command: str, objects: Objects) -> str:
    """The whole preview."""
    lookup = lookup_with(outcome, objects)
    lines = [f"Dry run of {command}: nothing has been changed.", "", *model_lines(outcome, lookup), ""]
    lines += vif_lines("VIFs that their VMs are asked to give up first:", outcome["unplug"], lookup)
    lines += vif_lines("VIFs that their VMs are asked to take in the end:", outcome["plug"], lookup)
    notes = [f"Note: {note}" for note in outcome["notes"]]
    return "\n".join(map(printable, [*lines, *step_lines(outcome["steps"]), *notes])) + "\n"


def lookup_with(outcome: dict[str, Any], objects: Objects) -> Lookup:
    """A lookup that knows the objects that would come, besides those that are there."""
    coming = {one["ref"]: (one["class"], one["record"]) for one in (*outcome["added"], *outcome["removed"])}

    def lookup(class_name: str, ref: str) -> Record | None:
        found_class, record = coming.get(ref, ("", None))
        return record if found_class == class_name else objects.record(class_name, ref)

    return lookup


def model_lines(outcome: dict[str, Any], lookup: Lookup) -> list[str]:
    """What would become of the objects."""
    lines = [line for one in outcome["added"] for line in added_lines(one, lookup)]
    lines += [line for one in outcome["changed"] for line in changed_lines(one, lookup)]
    lines += [line for one in outcome["removed"] for line in removed_lines(one, lookup)]
    return ["Changes to the model:", *lines] if lines else ["Changes to the model: none."]


def added_lines(one: dict[str, Any], lookup: Lookup) -> list[str]:
    """An object that would be made, with the fields that say something."""
    lines = [f"  + {title(one['class'], one['record'], lookup)}, new"]
    for key, value in in_order(one["class"], one["record"]):
        if key != "uuid" and not is_dull(value):
            lines.append(field_line(one["class"], key, words(value, lookup)))
    return lines


def changed_lines(one: dict[str, Any], lookup: Lookup) -> list[str]:
    """An object that would be changed, with the fields that differ by themselves."""
    record = lookup(one["class"], one["ref"]) or {}
    lines = []
    for key, value in in_order(one["class"], one["after"]):
        before = words(one["before"].get(key), lookup)
        lines.append(field_line(one["class"], key, f"{before} -> {words(value, lookup)}"))
    return [f"  ~ {title(one['class'], record, lookup)}, changed", *lines] if lines else []


def removed_lines(one: dict[str, Any], lookup: Lookup) -> list[str]:
    """An object that would go."""
    return [f"  - {title(one['class'], one['record'], lookup)}, removed"]


def vif_lines(heading: str, vifs: list[str], lookup: Lookup) -> list[str]:
    """The VIFs that VMs are asked about, none for none."""
    return [heading, *(f"  {referred(vif, lookup)}" for vif in vifs), ""] if vifs else []


def step_lines(steps: list[str]) -> list[str]:
    """The steps in the kernel, numbered."""
    if not steps:
        return ["Steps in the kernel: none."]
    width = len(str(len(steps)))
    numbered = [f"  {number:{width}}. {step}" for number, step in enumerate(steps, 1)]
    return ["Steps in the kernel, in this order:", *numbered]


def in_order(class_name: str, record: Record) -> list[tuple[str, Any]]:
    """A record's own fields in xe's order, then those that xe does not know.

    What follows from other objects is left out: these have lines of their own, and a host has thousands.
    """
    kind = CLASSES.get(class_name)
    known = [field.name for field in kind.in_xe] if kind else []
    followed = {field.name for field in kind.fields if field.is_followed} if kind else set()
    keys = dict.fromkeys([*(key for key in known if key in record), *record])
    return [(key, record[key]) for key in keys if key not in followed]


def field_line(class_name: str, key: str, outcome: str) -> str:
    return f"      {field_name(class_name, key):{FIELD_WIDTH}} {outcome}"


def field_name(class_name: str, key: str) -> str:
    """A field under the name that xe has for it."""
    fields = CLASSES[class_name].in_xe if class_name in CLASSES else ()
    known = [field.xe for field in fields if field.name == key and not field.refers]
    return known[0] if known else key.replace("_", "-")


def title(class_name: str, record: Record, lookup: Lookup) -> str:
    names = names_of(CLASSES[class_name], record, lookup) if class_name in CLASSES else ()
    name = next(filter(None, names), record.get("uuid", ""))
    return f'{class_name} "{name}"' if " " in name else f"{class_name} {name}"


def is_dull(value: Any) -> bool:
    """Whether a value in a new object says nothing.  (In Python 0 equals False, but a number is a number.)"""
    return any(value == dull and type(value) is type(dull) for dull in DULL)


def words(value: Any, lookup: Lookup) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ("", [], {}, *NULL_REFERENCES):
        return "none"
    if isinstance(value, list):
        return ", ".join(words(item, lookup) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={item}" for key, item in value.items())
    return referred(value, lookup) if str(value).startswith(PREFIX) else str(value)


def referred(ref: str, lookup: Lookup) -> str:
    """The object behind a reference, or the reference itself if there is none."""
    for class_name in CLASSES:
        record = lookup(class_name, ref)
        if record is not None:
            return title(class_name, record, lookup)
    return ref

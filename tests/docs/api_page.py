"""The API's page in docs, made from the method table, the records' definitions and the errors."""

import inspect
import json
from collections.abc import Iterator, Sequence
from typing import Any

from agent.api.calls.declared import GIVES
from agent.api.calls.getters import getters
from agent.api.calls.host_calls import WITHOUT_OBJECTS
from agent.api.calls.methods import Access, Method, table
from agent.api.calls.objects import EVERY_CLASS
from agent.api.calls.session_calls import about_sessions
from agent.api.calls.setters import setters
from agent.api.records.computed import COMPUTED
from agent.api.records.parameters import REQUIRED, Parameter, type_name
from agent.api.records.record import fields_of, on_wire, stored_types
from agent.api.sessions.sessions import Session
from agent.errors import Failure
from agent.model.records import Record
from agent.schema.field import Field

INTRODUCTION = """\
# The API

This page is made from the program by `make docs`; a test compares the two.

Calls go to the Unix socket by HTTP `POST`: JSON-RPC 1.0 and 2.0 at `/jsonrpc`, XML-RPC at any other path.
Every call but the logins takes a session first, and trailing parameters with a default may be left out. A
method can be written `Class.message` or `Class_message`.

- `Async.<method>` and `InternalAsync.<method>` begin the calls that are marked *async* and give a `task`.
- `DryRun.<method>`, of all that are marked *dry run*, gives what the call would change, and changes nothing.
- Every class has `get_all`, `get_all_records`, `get_all_records_where`, `get_record`, `get_by_uuid`, with a
  `name_label` also `get_by_name_label`, and of each field `get_<field>`; of a field that is RW `set_<field>`,
  of a map `add_to_<field>`, `put_in_<field>`, `remove_from_<field>`, of a set `add_<field>` and so on.
  Sessions are not listed: they have `get_record`, `get_<field>` and the setters alone.
- *read* needs a session of anybody who may read, *change* one of an operator (see [access.md](access.md)).

What of XenAPI is absent or differs, and why, is in [calls.md](calls.md).
"""

DESCRIBED: Sequence[type[Record]] = (*EVERY_CLASS, Session)
Row = Sequence[str]


def page() -> str:
    """The whole page as Markdown."""
    classes = [part for kind in DESCRIBED for part in class_section(kind)]
    others = ["## Other messages\n", *message_table(other_methods())]
    others += [f"Classes without objects, whose getters give nothing: {', '.join(WITHOUT_OBJECTS)}.\n"]
    return "\n".join([INTRODUCTION, *classes, *others, *error_section()])


def class_section(kind: type[Record]) -> Iterator[str]:
    """A class: what it is, its fields, and the messages that not every class has."""
    yield f"## {kind.class_name}\n"
    yield f"{inspect.cleandoc(kind.__doc__ or '')}\n"
    yield from markdown_table(("field", "type", "kind", "what is special"), field_rows(kind))
    own = own_methods(kind)
    if own:
        yield from message_table(own)


def field_rows(kind: type[Record]) -> Iterator[Row]:
    """One row a field, in the record's order."""
    for field in fields_of(kind):
        yield f"`{field.name}`", type_of(kind, field), field.access, special(kind, field)


def type_of(kind: Any, field: Field) -> str:
    """The type of a field; of an enumeration also what it may be."""
    return type_name(stored_types(kind)[field.name]) if field.type == "enum" else field.type


def special(kind: type[Record], field: Field) -> str:
    """What is special about a field."""
    if field.reason:
        return f"always `{json.dumps(on_wire(field.value))}`: {field.reason}"
    if field.back:
        return f"by `{field.back}`"
    compute = COMPUTED.get(f"{kind.class_name}.{field.name}")
    return "" if compute is None else summary(compute) or "computed"


def own_methods(kind: type[Record]) -> list[Method]:
    """The messages of a class that not every class has."""
    generic = generic_names(kind)
    prefix = f"{kind.class_name}."
    return [
        method
        for name, method in table().items()
        if name.startswith(prefix) and name.removeprefix(prefix) not in generic
    ]


def other_methods() -> list[Method]:
    """The messages of what has no objects: event, system and pifd."""
    named = {f"{kind.class_name}" for kind in DESCRIBED} | {
        "Async",
        "InternalAsync",
        "DryRun",
        *WITHOUT_OBJECTS,
    }
    return [method for name, method in table().items() if name.partition(".")[0] not in named]


def generic_names(kind: type[Record]) -> list[str]:
    """The messages that follow from the class's fields."""
    messages = about_sessions() if kind is Session else (*setters(kind), *getters(kind))
    return [name for name, _, _ in messages]


def message_table(methods: Sequence[Method]) -> Iterator[str]:
    """Methods with their parameters and what they give."""
    rows = ((f"`{m.name}`", parameters(m.parameters), gives(m), modes(m), summary(m.run)) for m in methods)
    yield from markdown_table(("message", "parameters", "gives", "access", "what it does"), rows)


def parameters(found: Sequence[Parameter]) -> str:
    """Names, types and defaults."""
    return ", ".join(
        f"`{one.name}` {one.type}" + ("" if one.default is REQUIRED else f" = `{one.default!r}`")
        for one in found
    )


def gives(method: Method) -> str:
    """The type of the result."""
    return GIVES.get(method.name, "void")


def modes(method: Method) -> str:
    """Who may call it, and in which other ways it can be called."""
    ways = [
        way
        for way, prefix in (("async", "Async"), ("dry run", "DryRun"))
        if f"{prefix}.{method.name}" in table()
    ]
    return ", ".join([method.access.value if method.access != Access.OPEN else "everybody", *ways])


def summary(function: Any) -> str:
    """The first paragraph of the docstring of a rule, or of the function itself."""
    arguments = getattr(function, "args", ())
    text = inspect.getdoc(arguments[0] if arguments else function) or ""
    return " ".join(text.partition("\n\n")[0].split()).replace("|", "\\|")


def error_section() -> Iterator[str]:
    """Every error code."""
    yield "## Errors\n"
    rows = (
        (f"`{kind.code}`", ", ".join(kind.names), " ".join((kind.__doc__ or "").split()))
        for kind in sorted(Failure.__subclasses__(), key=lambda kind: kind.code)
    )
    yield from markdown_table(("code", "parameters", "sentence"), rows)


def markdown_table(head: Row, rows: Iterator[Row]) -> Iterator[str]:
    """A table, and an empty line after it."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


if __name__ == "__main__":
    print(page(), end="")

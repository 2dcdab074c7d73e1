"""get_all_records_where: the records of a class for which an expression holds, of every class."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from agent.api.calls.call import Call
from agent.api.calls.expression import Expression, Unreadable, fields_in, holds, parsed
from agent.api.calls.refresh import current_journal
from agent.api.encodings.values import Value, shortened, written
from agent.api.events.journal import Snapshot
from agent.api.records.record import field_names
from agent.errors import InvalidValue
from agent.model.records import Record

AT_ONCE = 50
"""Records that are looked at before somebody else has a turn: there may be thousands, compared a lot."""
REFERENCE = "_ref"
"""The name of an object's own reference in XenAPI's database."""


async def get_all_records_where(kind: type[Record], call: Call, expr: str) -> Value:
    expression, names = expression_of(kind, expr)
    found: dict[str, Value] = {}
    for number, (ref, record) in enumerate(tuple(current_journal(call.agent).records(kind).items())):
        if number % AT_ONCE == AT_ONCE - 1:
            await asyncio.sleep(0)
        if holds(expression, printed(ref, record, names)):
            found[ref] = record
    return found


def expression_of(kind: type[Record], text: str) -> tuple[Expression, Mapping[str, str]]:
    """The expression, and the fields that it compares: as they were written, and as they are called.

    Raises INVALID_VALUE, with what is wrong and where.
    """
    try:
        expression = parsed(text)
    except Unreadable as unreadable:
        raise InvalidValue("expr", str(unreadable)) from None
    names = {spelt: spelt.replace("__", "_") for spelt in fields_in(expression)}
    known = {*field_names(kind), REFERENCE}
    for spelt, name in names.items():
        if name not in known:
            raise InvalidValue("expr", f"{kind.class_name} has no field {shortened(spelt)!r}")
    return expression, names


def printed(ref: str, record: Snapshot, names: Mapping[str, str]) -> dict[str, str]:
    """The fields that are compared, as XenAPI's database prints them."""
    return {spelt: ref if name == REFERENCE else text_of(record[name]) for spelt, name in names.items()}


def text_of(value: Value) -> str:
    """A value as XenAPI's database prints it: a set is `('a' 'b')`, a map `(('key' 'value'))`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, datetime):
        return written(value)
    if isinstance(value, Mapping):
        return f"({' '.join(f'({_quoted(key)} {_quoted(text_of(item))})' for key, item in value.items())})"
    if isinstance(value, int) or value is None:
        return str(value)
    return f"({' '.join(_quoted(text_of(item)) for item in value)})"


def _float(value: float) -> str:
    """A whole number has a point all the same."""
    text = f"{value:.12g}"
    return f"{text}." if text.lstrip("-").isdecimal() else text


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"

"""Calls of the method table: those that fit it, and those with one thing that is wrong."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from random import Random
from typing import Any

from agent.api.calls.methods import Method, table
from agent.api.records.parameters import Parameter
from tests.fuzz.encodings import PATHS, encoded, encoding_for
from tests.fuzz.input import Ending, Input, Wanted, post
from tests.fuzz.stand_ins import NOWHERE, SESSION, object_of
from tests.fuzz.values import NO_TYPES, parameters, right, wrong

BLOCKING = frozenset({"event.from", "event.next"})
UNWANTED = frozenset({"event.next"})
"""Never a success, and never an answer: a client that wants to wait is another kind of input."""

NO_SESSIONS: tuple[Any, ...] = (
    None,
    True,
    7,
    1.5,
    "",
    NOWHERE,
    [],
    [SESSION],
    {},
    {"x": SESSION},
    object_of("PIF", 0),
)

Mistake = tuple[str, int, Any]
"""A method, the position of a parameter, and what stands there."""


def fitting(rnd: Random) -> Input:
    """A call whose form is right; whether it makes sense is another matter."""
    method = any_method(rnd)
    return sent(rnd, f"call: {method.name}", method.name, parameters(rnd, method), Wanted.FITTING)


def mistaken(rnd: Random, number: int) -> Input:
    """A call with one parameter that is wrong, in their turn: each position of each call, each value."""
    every = mistakes()
    name, position, value = every[number * STRIDE % len(every)]
    params = complete(rnd, table()[name])
    params[position] = value
    return sent(rnd, f"wrong parameter {position}: {name}", name, params, Wanted.REFUSED)


STRIDE = 7919
"""A prime: neighbours in the list are far from each other in a run."""


@cache
def mistakes() -> Sequence[Mistake]:
    """Every one."""
    return [mistake for name in sorted(table()) for mistake in mistakes_in(table()[name])]


def mistakes_in(method: Method) -> Iterator[Mistake]:
    """Those of one call: the session's first."""
    if method.takes_session:
        yield from ((method.name, 0, value) for value in NO_SESSIONS)
    for position, parameter in enumerate(method.parameters, start=method.takes_session):
        values = (value for value in wrong(parameter.type) if is_seen_at_once(method, parameter, value))
        yield from ((method.name, position, value) for value in values)


def is_seen_at_once(method: Method, parameter: Parameter, value: Any) -> bool:
    """A task begins before it is seen that there is no such object; and what is not there can be removed."""
    if not (parameter.type.endswith(" ref") and isinstance(value, str)):
        return True
    return "Async." not in method.name and not (".remove_" in method.name and parameter.name == "value")


def complete(rnd: Random, method: Method) -> list[Any]:
    """All parameters, of the optional ones as well."""
    own = [right(rnd, parameter.type) for parameter in method.parameters]
    return [SESSION, *own] if method.takes_session else own


def miscounted(rnd: Random) -> Input:
    """Too few parameters, or too many."""
    method = table()[rnd.choice(sorted(table()))]
    least = sum(p.required for p in method.parameters) + method.takes_session
    params = complete(rnd, method)
    if least and rnd.random() < 0.5:
        params = params[: rnd.randrange(least)]
    else:
        params += rnd.choices(NO_TYPES, k=rnd.choice((1, 1, 2, 300)))
    return sent(rnd, f"wrong count: {method.name}", method.name, params, Wanted.REFUSED)


def misnamed(rnd: Random) -> Input:
    """A name that is no method's, although it looks like one."""
    name = rnd.choice(sorted(table()))
    change = rnd.choice(
        (
            name.upper() + ".", f"{name} x", f" .{name}", f"Async.Async.{name}", f"{name}\u200b", "", ".",
            "__class__",
            f"Async.{name}" if f"Async.{name}" not in table() else "Async", name[:-1], "x" * 100_000,
            "\u00e9" * 200,
            f"DryRun.{name}" if f"DryRun.{name}" not in table() else "DryRun", "__init__.__globals__",
        )
    )  # fmt: skip
    absent = change not in table() and change.replace("_", ".", 1) not in table()
    return sent(rnd, "wrong name", change, [SESSION], Wanted.REFUSED if absent else Wanted.CAREFUL)


def anything(rnd: Random) -> Input:
    """Values of any type in any number."""
    method = any_method(rnd)
    params = [SESSION, *rnd.choices(NO_TYPES, k=len(method.parameters))]
    return sent(rnd, f"anything: {method.name}", method.name, params, Wanted.CAREFUL)


def waiting(rnd: Random) -> Input:
    """A client that asks to wait, for as long as nobody could, and hangs up."""
    seconds = rnd.choice((1, 30.0, 1e9, 1e300, 9007199254740993))
    name, params = rnd.choice((
        ("event.next", [SESSION]), ("event.from", [SESSION, ["task"], "", seconds]),
        ("event.from", [SESSION, ["no_such_class"], "", seconds]),
    ))  # fmt: skip
    encoding = encoding_for(rnd, params)
    data = post(encoded(encoding, name, params), PATHS[encoding])
    return Input(f"waiting: {name}", (data,), Wanted.ANY, Ending.LEAVES, may_block=True)


def any_method(rnd: Random) -> Method:
    """One that does not wait."""
    return table()[rnd.choice(names())]


@cache
def names() -> Sequence[str]:
    """Changes and dry runs more often than the many getters."""
    own = [name for name in sorted(table()) if name not in UNWANTED]
    rare = [
        name for name in own if f"DryRun.{name}" in table() or not name.partition(".")[2].startswith("get_")
    ]
    return [*own, *islice(rare * 2, None)]


def sent(rnd: Random, kind: str, method: str, params: list[Any], wanted: Wanted) -> Input:
    """In one of the encodings."""
    encoding = encoding_for(rnd, params)
    return Input(f"{encoding}: {kind}", (post(encoded(encoding, method, params), PATHS[encoding]),), wanted)

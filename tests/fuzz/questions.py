"""Questions: where-expressions, and the subscriptions and tokens of events, right and wrong."""

from random import Random
from typing import Any

from agent.api.calls.objects import EVERY_CLASS
from agent.api.records.record import field_names
from tests.fuzz.calls import sent
from tests.fuzz.input import Input, Wanted
from tests.fuzz.mutation import mutated
from tests.fuzz.stand_ins import SESSION, object_of
from tests.fuzz.values import WORDS

PIECES = (
    "true", "false", "not", "and", "or", "(", ")", "=", "field", '"name__label"', "'uuid'", '"', "'", "\\",
    " ",
    "field 'MTU' = '1500'", "\n", "\0", "!", "==", "\u00e4", "True", "field field", '"\\"', "'\\'", "#",
)  # fmt: skip
CLASSES = ("*", "pif", "PIF", "network", "task", "vm", "sr", "bond", "host", "event", "pool", "VLAN", "x")
STRANGE = (
    "",
    "/",
    "pif/",
    "/x",
    "pif/a/b",
    "**",
    "*/x",
    "pif ",
    "p\u00eff",
    "\0",
    "x" * 5000,
    "pif/" + "y" * 5000,
)
TOKENS = (
    "", "0", ",", "x", "00000000000000000000,00000000000000000000",
    "00000000000000000000,99999999999999999999",
    "99999999999999999999,00000000000000000000", "-0000000000000000001,00000000000000000001",
    "\u0660" * 20 + "," + "\u0660" * 20, "0" * 20 + "," + "0" * 20 + "\n", "9" * 5000,
)  # fmt: skip


def where(rnd: Random) -> Input:
    """Records for which an expression holds, if it is one."""
    kind = rnd.choice(EVERY_CLASS)
    good = expression(rnd, field_names(kind), rnd.choice((0, 1, 2, 4)))
    choices = (good, mutated(rnd, good.encode()).decode("utf-8", "replace"), soup(rnd), deep(rnd))
    text = rnd.choice(choices)
    wanted = Wanted.SUCCESS if text is good else Wanted.CAREFUL
    return sent(rnd, "where", f"{kind.class_name}.get_all_records_where", [SESSION, text], wanted)


def expression(rnd: Random, fields: tuple[str, ...], depth: int) -> str:
    """One that can be read."""
    if depth == 0:
        sides = [operand(rnd, fields), operand(rnd, fields)]
        return rnd.choice(("true", "false", " = ".join(sides), "=".join(sides)))
    inner = [expression(rnd, fields, depth - 1) for _ in range(2)]
    return rnd.choice(
        (f"({inner[0]})", f"not ({inner[0]})", f"{inner[0]} and {inner[1]}", f"{inner[0]} or ({inner[1]})")
    )


def operand(rnd: Random, fields: tuple[str, ...]) -> str:
    if rnd.random() < 0.5:
        return f'field "{rnd.choice(fields)}"'
    return "'" + rnd.choice(WORDS).replace("\\", "\\\\").replace("'", "\\'") + "'"


def soup(rnd: Random) -> str:
    """Pieces in no order."""
    return rnd.choice(("", " ")).join(rnd.choices(PIECES, k=rnd.randrange(40)))


def deep(rnd: Random) -> str:
    """Far too much of it."""
    number = rnd.choice((99, 100, 101, 999, 1001, 20_000))
    return rnd.choice(
        ("(" * number + "true" + ")" * number, "not " * number + "true", "true" + " and true" * number)
    )


def events(rnd: Random) -> Input:
    """Events of some subscriptions, since some token, without waiting."""
    asked = rnd.choices(CLASSES if rnd.random() < 0.5 else (*STRANGE, *CLASSES), k=rnd.randrange(4))
    asked += [f"{rnd.choice(CLASSES)}/{object_of('PIF', 0)}"] * rnd.randrange(2)
    token = (
        rnd.choice(TOKENS)
        if rnd.random() < 0.6
        else mutated(rnd, TOKENS[4].encode()).decode("utf-8", "replace")
    )
    name, params = rnd.choice(messages(asked, token, rnd.choice((0, 0.0, -1, -1e308, 0.001))))
    return sent(rnd, f"events: {name}", name, [SESSION, *params], Wanted.CAREFUL)


def messages(asked: list[str], token: str, timeout: float) -> list[tuple[str, list[Any]]]:
    return [
        ("event.from", [asked, token, timeout]),
        ("event.from", [asked, token, timeout]),
        ("event.register", [asked]),
        ("event.unregister", [asked]),
        ("event.inject", [asked[0] if asked else "pif", object_of("PIF", 1)]),
    ]

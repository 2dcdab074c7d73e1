"""JSON that is no call, or hardly one: depth, size, numbers, halves of characters, wrong structure."""

import json
from random import Random
from typing import Any

from tests.fuzz.calls import any_method
from tests.fuzz.encodings import JSON_1, JSON_2, encoded
from tests.fuzz.input import Input, Wanted, post
from tests.fuzz.mutation import TOKENS, mutated
from tests.fuzz.stand_ins import SESSION
from tests.fuzz.values import parameters

DEPTHS = (10, 400, 990, 1000, 1010, 20_000, 200_000)
SIZES = (10, 1000, 100_000)
CALL = '{"jsonrpc": "2.0", "id": 1, "method": "PIF.get_all", "params": ["%s"%s]}'
ODD = (
    "null", "true", "0", "-0", "1.5", "1e400", "-1e400", "1e-999", "NaN", "Infinity", "-Infinity", "9" * 25,
    "9" * 5000,
    "1" + "0" * 400 + ".5", "01", "1.", ".5", "0x1", "1_0", "\u0661", '""', '"x"', '"\\u0000"', '"\\ud800"',
    '"\\udc00"',
    '"\\ud83c\\udf00"', '"\\udf00\\ud83c"', '"\\x41"', '"\x01"', '"\u2028"', "'x'", "[]", "[[]]", "{}",
    '{"a": 1}',
    '{"a": 1, "a": 2}', '{"": null}', "{1: 2}", "[1,]", "// c", "undefined",
)  # fmt: skip
KEYS = ("jsonrpc", "method", "params", "id")
SENSIBLE: dict[str, tuple[Any, ...]] = {
    "jsonrpc": ("2.0", "1.0", "1.1", 2.0, 2, None, [], "2.0 "),
    "method": ("PIF.get_all", "system.isAlive", "", None, 5, ["PIF.get_all"], {"a": "b"}, True),
    "params": ([SESSION], [], {}, None, "x", 0, [[SESSION]], {"session": SESSION}, [SESSION, None]),
    "id": (1, "x", None, 1.5, -0.0, True, [], {}, "", 2**62, -1, "\u00e4" * 1000),
}


def json_body(rnd: Random) -> Input:
    """A body for JSON-RPC's path."""
    make = rnd.choice((bent, bent, bent, soup, nested, huge, number, misshapen, misshapen, doubled, oddity))
    return Input(f"JSON: {make.__name__}", (post(make(rnd)),), Wanted.CAREFUL)


def bent(rnd: Random) -> bytes:
    """A good call, with something changed in it."""
    method = any_method(rnd)
    return mutated(rnd, encoded(rnd.choice((JSON_1, JSON_2)), method.name, parameters(rnd, method)))


def soup(rnd: Random) -> bytes:
    """Signs and values in no order."""
    signs = ("{", "}", "[", "]", ",", ":", '"', " ", '"method"', '"params"', '"id"', '"PIF.get_all"')
    inside = [rnd.choice((*ODD, *signs, *signs)).encode() for _ in range(rnd.randrange(30))]
    return b"".join(part if rnd.random() < 0.9 else rnd.choice(TOKENS) for part in inside)


def nested(rnd: Random) -> bytes:
    """Deeper than anybody needs; some of it never ends."""
    depth = rnd.choice(DEPTHS)
    before, after = rnd.choice((("[", "]"), ('{"a":', "}"), ('[{"":', "}]")))
    inside = before * depth + "1" + after * rnd.choice((depth, depth, depth - 1, 0))
    return rnd.choice((CALL % (SESSION, f", {inside}"), inside)).encode()


def huge(rnd: Random) -> bytes:
    """A lot of something."""
    size = rnd.choice(SIZES)
    return rnd.choice((
        CALL % (SESSION, f', "{"x" * size}"'), CALL % (SESSION, ", 0" * size), CALL % (SESSION,
        f", {'9' * size}"),
        CALL % (SESSION, "") + " " * size, CALL % (SESSION, ', "' + "\\u00e4" * size + '"'),
        "[" + "{}," * size + "{}]",
        '{"method": "' + "x" * size + '", "params": [], "id": "' + "y" * size + '"}',
    )).encode()  # fmt: skip


def number(rnd: Random) -> bytes:
    """A value that JSON has not, or that does not fit, as a parameter."""
    return (CALL % (SESSION, f", {rnd.choice(ODD)}")).encode("utf-8", "surrogatepass")


def misshapen(rnd: Random) -> bytes:
    """The members of a call, some missing or of another type, of either version; or several calls at once."""
    found = {key: rnd.choice(SENSIBLE[key][:4] if rnd.random() < 0.6 else SENSIBLE[key]) for key in KEYS}
    for key in rnd.sample(KEYS, rnd.choice((0, 1, 1, 2, 4))):
        del found[key]
    found |= rnd.choice(({}, {}, {"error": 1}, {"JSONRPC": "2.0"}, {"x": [dict(found)]}))
    return json.dumps(rnd.choice((found, found, found, [found], [found, found], [])), default=str).encode()


def doubled(rnd: Random) -> bytes:
    """The same member twice."""
    pairs = [(key, json.dumps(rnd.choice(SENSIBLE[key]))) for key in (*KEYS, *rnd.choices(KEYS, k=2))]
    rnd.shuffle(pairs)
    return ("{" + ", ".join(f'"{key}": {value}' for key, value in pairs) + "}").encode()


def oddity(rnd: Random) -> bytes:
    """Other encodings, marks, and what is no JSON at all."""
    good = CALL % (SESSION, ', "\u00e4"')
    return rnd.choice((
        b"", b" ", b"\0", b"\xef\xbb\xbf" + good.encode(), good.encode("utf-16"), good.encode("utf-32"),
        good.encode("latin-1"), good.encode() * 2, good.encode() + b"\0", b"\xff" * 100, b"null", b'"x"',
        b"0", b"[]",
        b"<methodCall/>", rnd.randbytes(rnd.randrange(200)), b")]}'," + good.encode(), good.encode()[:-1],
        good.replace('"', "'").encode(), b"jsonp(" + good.encode() + b")", rnd.choice(ODD).encode("utf-8",
        "replace"),
    ))  # fmt: skip

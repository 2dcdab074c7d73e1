"""XML that is no call, or hardly one: bombs, entities, encodings, depth, size, and the wrong structure."""

from random import Random

from tests.fuzz.calls import any_method
from tests.fuzz.encodings import XML, encoded
from tests.fuzz.input import Input, Wanted, post
from tests.fuzz.mutation import TOKENS, mutated
from tests.fuzz.stand_ins import SESSION
from tests.fuzz.values import parameters

TAGS = (
    "methodCall", "methodName", "params", "param", "value", "array", "data", "struct", "member", "name",
    "int",
    "i4", "i8", "double", "boolean", "string", "nil", "base64", "dateTime.iso8601", "x", "x:y",
    "methodResponse",
)  # fmt: skip
DEPTHS = (10, 66, 198, 199, 200, 201, 1000, 50_000)
SIZES = (10, 1000, 100_000)
NUMBERS = (
    "", " ", "1", " 1 ", "+1", "1_0", "\u0661", "0x1", "1e5", "9" * 19, "9" * 5000, "NaN", "inf", "1e999",
    ".", "-",
    "2", "true", "20260821T10:00:00Z", "20261321T10:00:00Z", "00000000T00:00:00Z", "20260821T10:00:60Z",
)  # fmt: skip


def xml(rnd: Random) -> Input:
    """A body for XML-RPC's path."""
    make = rnd.choice((bent, bent, soup, bomb, encoding, nested, huge, misplaced, misplaced, scalar, oddity))
    path = rnd.choice(("/", "/", "/RPC2"))
    return Input(f"XML: {make.__name__}", (post(make(rnd), path),), Wanted.CAREFUL)


def good(rnd: Random) -> bytes:
    method = any_method(rnd)
    return encoded(XML, method.name, parameters(rnd, method))


def bent(rnd: Random) -> bytes:
    """A good call, with something changed in it."""
    return mutated(rnd, good(rnd))


def soup(rnd: Random) -> bytes:
    """Elements in no order."""
    inside = b"".join(
        tag(rnd) if rnd.random() < 0.8 else rnd.choice(TOKENS) for _ in range(rnd.randrange(30))
    )
    return rnd.choice((b"%s", b"<methodCall>%s</methodCall>", b"<?xml version='1.0'?>%s")) % inside


def tag(rnd: Random) -> bytes:
    return rnd.choice(("<%s>", "</%s>", "<%s/>", "<%s a='b'>")).replace("%s", rnd.choice(TAGS)).encode()


def bomb(rnd: Random) -> bytes:
    """Document types, with all that entities can do."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    subset, used = rnd.choice((
        (f'<!ENTITY e0 "ha">{levels}', "&e11;"),
        ('<!ENTITY e SYSTEM "file:///etc/passwd">', "&e;"),
        ('<!ENTITY e SYSTEM "http://127.0.0.1:1/">', "&e;"),
        ('<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;', ""),
        (f'<!ENTITY e "{"x" * 50_000}">', "&e;" * 5000),
        ('<!ENTITY e "&e;">', "&e;"),
        ('<!ATTLIST value a CDATA "x"><!ELEMENT value ANY><!NOTATION n SYSTEM "n">', ""),
    ))  # fmt: skip
    kind = rnd.choice((f"<!DOCTYPE methodCall [{subset}]>", "<!DOCTYPE x SYSTEM 'file:///etc/passwd'>", ""))
    return f"<?xml version='1.0'?>{kind}{call(f'<value>{used}</value>')}".encode()


def call(value: str, method: str = "PIF.get_all") -> str:
    """A call with one parameter after the session."""
    params = f"<param><value>{SESSION}</value></param><param>{value}</param>"
    return f"<methodCall><methodName>{method}</methodName><params>{params}</params></methodCall>"


def encoding(rnd: Random) -> bytes:
    """What is declared, and what it is."""
    names = (
        "utf-8",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "latin-1",
        "utf-32",
        "utf-7",
        "cp037",
        "shift_jis",
        "ascii",
    )
    declared = rnd.choice((*names, "us-ascii", "iso-8859-1", "UCS-4", "x" * 1000, "no such", "", "\u00e4"))
    text = f"<?xml version='1.0' encoding='{declared}'?>" + call("<value>x\u00e4</value>")
    mark = rnd.choice((b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"))
    return mark + text.encode(rnd.choice(names), "replace")


def nested(rnd: Random) -> bytes:
    """Deeper than anybody needs; some of it never ends."""
    number = rnd.choice(DEPTHS)
    before, after = rnd.choice((
        ("<value><array><data>", "</data></array></value>"), ("<value>", "</value>"), ("<x>", "</x>"),
        ("<value><struct><member><name>a</name>", "</member></struct></value>"), ("<params>", "</params>"),
    ))  # fmt: skip
    inside = before * number + "<value>x</value>" + after * rnd.choice((number, number, number - 1, 0))
    return call(inside).encode()


def huge(rnd: Random) -> bytes:
    """A lot of something."""
    number = rnd.choice(SIZES)
    value = rnd.choice((
        f"<value>{'x' * number}</value>", f"<value><array><data>{'<value/>' * number}</data></array></value>",
        f"<value><int>{'9' * number}</int></value>", f"<value {'a' * number}='b'/>",
        f"<!--{'-x' * number}-->",
        f"<value><double>0.{'1' * number}</double></value>", f"<{'x' * number}/>",
        f"<value>{'&amp;' * number}</value>",
        "<value><struct>" + "<member><name>a</name><value/></member>" * min(number,
        2000) + "</struct></value>",
    ))  # fmt: skip
    return call(value).encode()


def misplaced(rnd: Random) -> bytes:
    """The elements of a call, some missing, doubled or somewhere else."""
    parts = [
        "<methodName>PIF.get_all</methodName>", "<params>", f"<param><value>{SESSION}</value></param>",
        "</params>",
    ]  # fmt: skip
    for _ in range(rnd.choice((1, 1, 2))):
        at = rnd.randrange(len(parts))
        odd = rnd.choice(
            ("", parts[at] * 2, parts.pop(rnd.randrange(len(parts))) if len(parts) > 1 else "", "text")
        )
        parts[min(at, len(parts) - 1)] = odd
    head, tail = rnd.choice(
        (("<methodCall>", "</methodCall>"), ("", ""), ("<methodResponse>", "</methodResponse>"))
    )
    return f"{head}{''.join(parts)}{tail}".encode()


def scalar(rnd: Random) -> bytes:
    """A number, a date or a truth that is none."""
    kind = rnd.choice(
        ("int", "i4", "i8", "double", "boolean", "dateTime.iso8601", "nil", "base64", "string", "array")
    )
    return call(f"<value><{kind}>{rnd.choice(NUMBERS)}</{kind}></value>", "PIF.get_record").encode()


def oddity(rnd: Random) -> bytes:
    """XML that is allowed, or is not, and that no client writes."""
    return rnd.choice((
        b"", b" ", b"\xef\xbb\xbf", b"<", b"<?xml", b"<?xml version='1.1'?><methodCall/>", b"<methodCall/>",
        b"\n<?xml version='1.0'?>" + call("<value/>").encode(), call("<value/>").encode() * 2,
        call("<value><![CDATA[<x>]]></value>").encode(), call("<value a='b'><!-- c -->x</value>").encode(),
        b"<?php system('x') ?>" + call("<value/>").encode(), call("<value>&#x1F300;&#0;</value>").encode(),
        b"<m:methodCall xmlns:m='x'><m:methodName>PIF.get_all</m:methodName></m:methodCall>",
        call("<value>]]></value>").encode(), call("<value>\x0c</value>").encode(),
        rnd.randbytes(rnd.randrange(200)),
        b"{}", b'{"jsonrpc":"2.0","method":"PIF.get_all","params":[],"id":1}',
    ))  # fmt: skip

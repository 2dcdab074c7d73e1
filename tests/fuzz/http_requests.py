"""HTTP that is no request, or hardly one: lines, fields, chunks, pipelines, pauses and early ends."""

from random import Random

from tests.fuzz.encodings import JSON_2, PATHS, XML, encoded
from tests.fuzz.input import Ending, Input, Wanted, post
from tests.fuzz.mutation import TOKENS, mutated
from tests.fuzz.stand_ins import SESSION

READS = (
    "PIF.get_all",
    "network.get_all_records",
    "host.get_all",
    "task.get_all_records",
    "system.listMethods",
)
METHODS = (
    "GET",
    "HEAD",
    "PUT",
    "OPTIONS",
    "CONNECT",
    "TRACE",
    "post",
    "POST ",
    "P\u00d6ST",
    "X" * 5000,
    "",
    "PRI",
)
TARGETS = (
    "/", "/RPC2", "/jsonrpc", "/jsonrpc?a=b", "http://h/jsonrpc", "https://h", "*", "", "//", "/../jsonrpc",
    "/%6asonrpc",
    "/jsonrpc/", "jsonrpc", "/" + "x" * 5000, "/\u00e4", "http://", "http:///jsonrpc", "/jsonrpc#x", "h:80",
    "/ x", "\0",
)  # fmt: skip
VERSIONS = (
    "HTTP/1.0",
    "HTTP/1.1",
    "HTTP/0.9",
    "HTTP/2.0",
    "HTTP/1.2",
    "HTTP/1",
    "http/1.1",
    "HTTP/11.1",
    "",
    "FTP/1.1",
)
FIELDS = (
    "Host: y", "Host:", "Connection: close", "Connection: keep-alive, close", "Connection: Upgrade",
    "Upgrade: websocket",
    "Expect: 100-continue", "Expect: 200-ok", "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: identity", "Content-Length: 0",
    "Content-Length: 5",
    "Content-Length: -1", "Content-Length: +5", "Content-Length: 0x5", "Content-Length: 5, 5",
    "Content-Length: 5, 6",
    "Content-Length: 99999999999999999999", "Content-Length: \u0665", "Content-Length: 1_0",
    "Content-Length:",
    "Content-Type: text/html", "Content-Encoding: gzip", " folded", "\tfolded", "No-Colon", ": no name",
    "A B: c", "X: \0",
    "X: \x7f", "X: \u00e4", "X:" + "y" * 3000, "X\t: y", "Trailer: X", "TE: trailers", "Range: bytes=0-1",
)  # fmt: skip


def http(rnd: Random) -> Input:
    """What a connection is used for once."""
    make = rnd.choice((bent, bent, line, fields, chunked, pipelined, in_pieces, cut_off, left, foreign))
    return make(rnd)


def good(rnd: Random, *more: str) -> bytes:
    """A request for something that nothing changes."""
    encoding = rnd.choice((JSON_2, XML))
    return post(encoded(encoding, rnd.choice(READS), [SESSION]), PATHS[encoding], *more)


def once(
    kind: str, data: bytes, wanted: Wanted = Wanted.ANY, ending: Ending = Ending.SHUTS, requests: int = 1
) -> Input:
    return Input(f"HTTP: {kind}", (data,), wanted, ending, requests)


def bent(rnd: Random) -> Input:
    """A good request, with something changed in it; or two of them."""
    data = good(rnd) * rnd.choice((1, 1, 2))
    return once("bent", mutated(rnd, data), requests=MANY)


MANY = 10**6


def line(rnd: Random) -> Input:
    """A request line with something strange in it."""
    words = ["POST", "/jsonrpc", "HTTP/1.1"]
    at = rnd.randrange(3)
    words[at] = rnd.choice((METHODS, TARGETS, VERSIONS)[at])
    request = good(rnd).partition(b"\r\n")[2]
    start = rnd.choice(
        (" ".join(words), "  ".join(words), "\t".join(words), " " + " ".join(words), " ".join(words[:2]))
    )
    return once(
        "line", start.encode() + rnd.choice((b"\r\n", b"\n", b"\r", b"\r\n\r\n")) + request, requests=MANY
    )


def fields(rnd: Random) -> Input:
    """A header with strange fields."""
    more = rnd.choices(FIELDS, k=rnd.choice((1, 1, 2, 5, 300)))
    head, _, body = good(rnd).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    lines[1:1] = [field.encode(rnd.choice(("utf-8", "latin-1")), "replace") for field in more]
    return once(
        "fields", rnd.choice((b"\r\n", b"\r\n", b"\n")).join(lines) + b"\r\n\r\n" + body, requests=MANY
    )


def chunked(rnd: Random) -> Input:
    """A body in chunks, as it should be, or with something strange in it."""
    body = encoded(JSON_2, "system.isAlive", [])
    head = b"POST /jsonrpc HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    parts = [chunk(rnd, body[at : at + 20]) for at in range(0, len(body), 20)]
    whole = b"".join(parts) + rnd.choice((b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"000;x=y\r\n\r\n"))
    if rnd.random() < 0.4:
        return once("chunked", head + whole, Wanted.SUCCESS)
    sizes = (b"-1", b"zz", b"ffffffffffffffff", b"5" * 30, b"", b"+5", b"0x5", b" 5", b"4194305")
    spoilt = rnd.choice((mutated(rnd, whole), rnd.choice(sizes) + b"\r\n" + whole, whole[:-3]))
    return once("chunks spoilt", head + spoilt, requests=MANY)


def chunk(rnd: Random, data: bytes) -> bytes:
    size = rnd.choice((f"{len(data):x}", f"{len(data):X}", f"{len(data):04x}", f"{len(data):x};a=b"))
    return f"{size}\r\n".encode() + data + b"\r\n"


def pipelined(rnd: Random) -> Input:
    """Several requests sent in one go, each answered in its turn."""
    number = rnd.choice((2, 3, 20))
    data = b"".join(good(rnd) for _ in range(number))
    if rnd.random() < 0.6:
        return once("pipelined", data, Wanted.SUCCESS, requests=number)
    return once("pipelined, then trash", data + rnd.choice(TOKENS) + b"\r\n\r\n", requests=MANY)


def in_pieces(rnd: Random) -> Input:
    """A good request that comes bit by bit, from a client that ends its sending or does not."""
    data = good(rnd, *rnd.choice(((), ("Expect: 100-continue",))))
    cuts = sorted(rnd.randrange(len(data) + 1) for _ in range(rnd.choice((1, 3, 30))))
    pieces = tuple(data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True))
    return Input("HTTP: in pieces", pieces, Wanted.SUCCESS, rnd.choice((Ending.SHUTS, Ending.STAYS)))


def cut_off(rnd: Random) -> Input:
    """A part of a request, and silence; behind a whole one, or alone."""
    data = good(rnd)
    part = rnd.choice((b"", data)) + data[: rnd.randrange(len(data))]
    waits = bool(part) and rnd.random() < 0.05  # who sends nothing at all is waited for
    return once("cut off", part, ending=Ending.WAITS if waits else Ending.SHUTS, requests=2)


def left(rnd: Random) -> Input:
    """A client that goes at any moment."""
    data = good(rnd) * rnd.choice((1, 5))
    return once("left", data[: rnd.randrange(len(data) + 1)], ending=Ending.LEAVES, requests=5)


def foreign(rnd: Random) -> Input:
    """What speaks something else."""
    return once("foreign", rnd.choice((
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"SSH-2.0-x\r\n", b"\r\n" * 99,
        b"GET /\r\n", b"\0" * 300, b"EHLO x\r\n", rnd.randbytes(rnd.randrange(1, 500)), b"A" * 70_000, b"\n",
        b" " * 70_000,
        b"HTTP/1.1 200 OK\r\n\r\n", b"POST", b"POST /jsonrpc HTTP/1.1\r\n" + b"X: y\r\n" * 20_000,
    )), requests=MANY)  # fmt: skip

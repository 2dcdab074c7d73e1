"""Mutation: bytes that are nearly those that were given."""

from random import Random

TOKENS = (
    b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\r\n", b"\n", b" ",
    b"\t",
    b"<", b">", b"</", b"/>", b"&", b"&#0;", b"&#xD800;", b"&#x110000;", b"&amp;", b"&x;", b"<!--", b"-->",
    b"--",
    b"<![CDATA[", b"]]>", b"<?x?>", b"<!DOCTYPE x>", b"<value>", b"</value>", b"<nil/>", b"<int>",
    b"<struct>",
    b'"', b"\\", b"\\u0000", b"\\ud800", b"\\uDC00\\ud800", b"{", b"}", b"[", b"]", b",", b":", b"null",
    b"true",
    b"1e999", b"-", b"NaN", b"9" * 400, b"0x", b"1.", b".5", b"//", b"/*", b"'", b"%00", b"%",
)  # fmt: skip


def mutated(rnd: Random, data: bytes) -> bytes:
    """A few changes."""
    found = bytearray(data)
    for _ in range(rnd.choice((1, 1, 1, 2, 3, 8))):
        change(rnd, found)
    return bytes(found)


def change(rnd: Random, data: bytearray) -> None:
    """One: a byte flipped, a stretch cut out, doubled or moved, or something put in."""
    at = rnd.randrange(len(data) + 1)
    end = min(len(data), at + rnd.choice((1, 1, 2, 8, 50)))
    match rnd.randrange(6):
        case 0 if at < len(data):
            data[at] ^= 1 << rnd.randrange(8)
        case 1:
            del data[at:end]
        case 2:
            data[at:at] = data[at:end]
        case 3:
            del data[at:]
        case 4:
            data[at:end] = rnd.randbytes(end - at)
        case _:
            data[at:at] = rnd.choice(TOKENS)

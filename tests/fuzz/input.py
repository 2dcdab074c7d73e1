"""Input, what one client sends, and what it may be answered."""

from dataclasses import dataclass
from enum import Enum


class Wanted(Enum):
    """What the answer has to be; for each, it is whole, well-formed and no INTERNAL_ERROR.

    CAREFUL: a success only if the call is one by the encoding's own reader, and its parameters fit.
    FITTING: a success, or a failure that is not about the form of the call.  REFUSED: no success.
    SUCCESS: one for each request.  ANY: what is answered, if anything is.
    """

    CAREFUL = "careful"
    FITTING = "fitting"
    REFUSED = "refused"
    SUCCESS = "success"
    ANY = "any"


class Ending(Enum):
    """What the client does when it has sent all.

    STAYS: keeps its connection for the next input.  SHUTS: ends its sending, and reads to the end.  LEAVES:
    is gone without reading.  WAITS: sends nothing more, to a server with little patience.
    """

    STAYS = "stays"
    SHUTS = "shuts"
    LEAVES = "leaves"
    WAITS = "waits"


@dataclass(frozen=True, slots=True)
class Input:
    """pieces: what is sent, with a turn for the server between two, all of it text of HTTP.

    requests: how many answers there are at most.  may_block: it may ask to wait for something to happen.
    """

    kind: str
    pieces: tuple[bytes, ...]
    wanted: Wanted
    ending: Ending = Ending.STAYS
    requests: int = 1
    may_block: bool = False

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)


def post(body: bytes, path: str = "/jsonrpc", *fields: str) -> bytes:
    """A request that HTTP has nothing against."""
    head = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *fields]
    return "".join(f"{line}\r\n" for line in (*head, "")).encode() + body

"""The connection to the daemon: HTTP/1.1 over its Unix socket, one request at a time.

http.client would cost more time to import than a whole command takes, and this is all that is needed of it.
"""

import socket
from collections.abc import Callable
from time import monotonic, sleep

from agent.cli.errors import CommandError, Lost, NoAnswer

PATH = "/jsonrpc"
LONGEST_HEAD = 65536
SECONDS_FOR_AN_ANSWER = 600.0
SECONDS_OF_PATIENCE = 3.0
BETWEEN_ATTEMPTS = 0.02
STILL_WAITING = "Still waiting for pifd to {}.  'systemctl status pifd' and its log tell how it is.\n"

Tell = Callable[[str], None]


def unheard(text: str) -> None:
    """Where nobody wants to be told."""


def connected(path: str, tell: Tell = unheard) -> socket.socket:
    """A socket that is connected to the daemon's, or a sentence that says why there is none."""
    plug = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    plug.settimeout(SECONDS_FOR_AN_ANSWER)
    begun, is_told = monotonic(), False
    while True:
        try:
            plug.connect(path)
        except BlockingIOError as full:  # as many wait to be accepted as the kernel lets wait
            waited = monotonic() - begun
            if waited > SECONDS_FOR_AN_ANSWER:
                plug.close()
                raise Lost(why_not(path, full)) from None
            if waited > SECONDS_OF_PATIENCE and not is_told:
                is_told = True
                tell(STILL_WAITING.format("accept the connection"))
            sleep(BETWEEN_ATTEMPTS)
        except OSError as trouble:
            plug.close()
            raise Lost(why_not(path, trouble)) from None
        else:
            return plug


def why_not(path: str, trouble: OSError) -> str:
    """Why the daemon cannot be reached, and what to do about it."""
    if isinstance(trouble, FileNotFoundError):
        return f"pifd cannot be reached: there is no socket {path}.  Is pifd running?"
    if isinstance(trouble, ConnectionRefusedError):
        return f"pifd cannot be reached: nothing answers on the socket {path}.  Is pifd running?"
    if isinstance(trouble, PermissionError):
        return (
            f"pifd cannot be reached: you have no permission to use the socket {path}.  "
            "Root may, and the group that owns it."
        )
    return f"pifd cannot be reached: the socket {path} cannot be used: {trouble.strerror or trouble}."


def request(body: bytes, traceparent: str) -> bytes:
    """A whole HTTP request.  traceparent: the header's value, "" for none."""
    further = f"traceparent: {traceparent}\r\n" if traceparent else ""
    head = (
        f"POST {PATH} HTTP/1.1\r\n"
        "Host: localhost\r\n"
        "Content-Type: application/json\r\n"
        f"{further}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def length_of_body(head: bytes) -> int:
    """What Content-Length says, in the head of a good answer."""
    status, *lines = head.decode("latin-1").split("\r\n")
    protocol, _, outcome = status.partition(" ")
    if not protocol.startswith("HTTP/1."):
        raise NoAnswer("pifd's answer is not valid: it is not HTTP.")
    if outcome[:4].strip() == "403":
        raise CommandError("pifd has turned you away: you are neither root nor in a group that may use it.")
    if outcome[:4].strip() != "200":
        raise NoAnswer(f"pifd could not handle the request: it answered HTTP {outcome.strip()}.")
    pairs = (line.partition(":") for line in lines)
    length = {name.lower(): value.strip() for name, _, value in pairs}.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        raise NoAnswer("pifd's answer is not valid: it does not say how long it is.")
    return int(length)


class Connection:
    """An open connection; `is_idle` says whether another request can be sent on it."""

    def __init__(self, path: str, traceparent: str = "", tell: Tell = unheard) -> None:
        self._tell = tell
        self._doing = ""
        self._socket = connected(path, tell)
        self._traceparent = traceparent
        self._received = b""
        self.is_idle = True

    def post(self, body: bytes, doing: str = "") -> bytes:
        """Send a request and wait for its answer.  doing: what is waited for, if that is not to be long."""
        self.is_idle, self._doing = False, doing
        try:
            self._socket.sendall(request(body, self._traceparent))
            answer = self._answer()
        except TimeoutError:
            raise NoAnswer(f"pifd gave no answer within {SECONDS_FOR_AN_ANSWER:.0f} seconds.") from None
        except OSError as trouble:
            raise Lost(f"The connection to pifd was lost: {trouble.strerror or trouble}.") from None
        self.is_idle = True
        return answer

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _answer(self) -> bytes:
        while b"\r\n\r\n" not in self._received:
            if len(self._received) > LONGEST_HEAD:
                raise NoAnswer("pifd's answer is not valid: its head has no end.")
            self._receive()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        return self._body(length_of_body(head))

    def _body(self, length: int) -> bytes:
        """The next bytes, collected in a list: adding to one long string would copy it each time."""
        parts, have = [self._received], len(self._received)
        while have < length:
            self._received = b""
            self._receive()
            parts.append(self._received)
            have += len(self._received)
        whole = b"".join(parts)
        self._received = whole[length:]
        return whole[:length]

    def _receive(self) -> None:
        """Some more bytes."""
        try:
            self._socket.settimeout(SECONDS_OF_PATIENCE if self._doing else SECONDS_FOR_AN_ANSWER)
            more = self._socket.recv(1 << 18)
        except TimeoutError:
            if not self._doing:
                raise
            self._tell(STILL_WAITING.format(self._doing))
            self._doing = ""
            return
        if not more:
            raise Lost("The connection to pifd was lost: pifd closed it before it had answered.")
        self._received += more

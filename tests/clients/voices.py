"""Voices: the encodings that a client can speak; each raises XenAPI.Failure for what is refused."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import reduce
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Protocol

import XenAPI

LOGIN = ("root", "secret", "1.0", "pifd's tests")


class Voice(Protocol):
    """One client.  It is called with a method and its parameters; the session is put before them."""

    @property
    def name(self) -> str: ...

    @property
    def session(self) -> str: ...

    def __call__(self, method: str, *params: Any) -> Any:
        """The result of a call."""

    def bare(self, method: str, *params: Any) -> Any:
        """The result of a call with exactly these parameters."""

    def close(self) -> None:
        """Hang up."""


class XMLRPC:
    """The XenAPI package from PyPI, used as scripts use it."""

    name = "XML-RPC"

    def __init__(self, path: Path) -> None:
        self.transport = XenAPI.UDSTransport()
        self.client = XenAPI.Session(f"http://{str(path).replace('/', '_')}/", transport=self.transport)
        self.client.xenapi.login_with_password(*LOGIN)

    @property
    def session(self) -> str:
        return str(self.client.handle)

    def __call__(self, method: str, *params: Any) -> Any:
        message = reduce(getattr, method.split("."), self.client.xenapi)
        return message(*map(as_scripts_write, params))

    def bare(self, method: str, *params: Any) -> Any:
        answer = getattr(self.client, method)(*map(as_scripts_write, params))
        if answer["Status"] == "Failure":
            raise XenAPI.Failure(answer["ErrorDescription"])
        return answer["Value"]

    def close(self) -> None:
        self.client("close")()


class JSONRPC:
    """A client that sends what the standard of the version has."""

    def __init__(self, path: Path, version: str) -> None:
        self.name = f"JSON-RPC {version}"
        self._fields = {"jsonrpc": "2.0"} if version == "2.0" else {}
        self._connection = UnixHTTPConnection(path)
        self.session = self.bare("session.login_with_password", *LOGIN)

    def __call__(self, method: str, *params: Any) -> Any:
        return self.bare(method, self.session, *params)

    def bare(self, method: str, *params: Any) -> Any:
        answer = self.answer({**self._fields, "method": method, "params": params, "id": 7})
        error = answer.get("error")
        if error:
            raise XenAPI.Failure(error if isinstance(error, list) else [error["message"], *error["data"]])
        return answer["result"]

    def answer(self, request: Mapping[str, Any]) -> Any:
        """The whole answer to a whole request."""
        self._connection.request("POST", "/jsonrpc", json.dumps(request))
        return json.loads(self._connection.getresponse().read())

    def close(self) -> None:
        self._connection.close()


class UnixHTTPConnection(HTTPConnection):
    """HTTP to a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self._path))


def as_scripts_write(value: Any) -> Any:
    """A parameter as it stands in scripts for XenAPI: integers are strings there."""
    if isinstance(value, dict):
        return {key: as_scripts_write(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_scripts_write(item) for item in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


@contextmanager
def connected(path: Path) -> Iterator[tuple[XMLRPC, JSONRPC, JSONRPC]]:
    """A client of each encoding, logged in."""
    with ExitStack() as stack:
        voices = XMLRPC(path), JSONRPC(path, "1.0"), JSONRPC(path, "2.0")
        for voice in voices:
            stack.callback(voice.close)
        yield voices

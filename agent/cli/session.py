"""A session with the daemon: XenAPI's calls as JSON-RPC, between login and logout."""

import json
from collections.abc import Callable
from time import monotonic
from typing import Any

from agent.cli.client import Client
from agent.cli.connection import SECONDS_OF_PATIENCE, Connection, unheard
from agent.cli.errors import OWN, APIFailure, CommandError, Interrupted, NoAnswer, maybe_done

API_FAILURE = 1
WAITS = ("event.from",)
Trace = Callable[[str], None]


def fits(value: Any, shape: Any) -> bool:
    """Whether a value has a shape: a type, `[shape]` for a list, `{key: shape}` for at least these keys."""
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(item, shape[0]) for item in value)
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(key in value and fits(value[key], shape[key]) for key in shape)
    # In Python True is an int, but an MTU is not.
    return isinstance(value, shape) and not (shape is int and isinstance(value, bool))


def result(answer: bytes, number: int) -> Any:
    """What a call gave back; APIFailure if the daemon refused it."""
    message = message_of(answer)
    if message.get("id") != number or ("result" in message) == ("error" in message):
        raise NoAnswer("pifd's answer is not valid: it is no JSON-RPC answer to this request.")
    if "error" in message:
        raise failure(message["error"])
    return message["result"]


def message_of(answer: bytes) -> dict[str, Any]:
    """The JSON object in an answer."""
    try:
        message = json.loads(answer)
    except ValueError:
        raise NoAnswer("pifd's answer is not valid: it is not JSON.") from None
    if not isinstance(message, dict):
        raise NoAnswer("pifd's answer is not valid: it is not a JSON object.")
    return message


def failure(error: Any) -> APIFailure | CommandError:
    """The exception for a JSON-RPC error: XenAPI's have code 1, the protocol's own are negative."""
    if not fits(error, {"code": int, "message": str}):
        return NoAnswer("pifd's answer is not valid: its error has no code and message.")
    if error["code"] != API_FAILURE:
        reason = f"{error['message']} (JSON-RPC error {error['code']})"
        return CommandError(f"pifd did not accept the request: {reason}.")
    parameters = error.get("data", [])
    if not fits(parameters, [str]):
        return NoAnswer("pifd's answer is not valid: the parameters of its error are not a list of strings.")
    return APIFailure(error["message"], tuple(parameters))


class Session:
    """A connection that is logged in from the first call on; use it in a `with` statement."""

    def __init__(
        self, path: str, client: Client = Client(), trace: Trace = unheard, tell: Trace = unheard
    ) -> None:
        """trace: is told of each call, where that is asked for.  tell: of what takes surprisingly long."""
        self._path, self._tell = path, tell
        self._client = client
        self._trace = trace
        self._connection: Connection | None = None
        self._number = 0
        self._handle = ""

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._connection is None:
            return
        try:
            if self._handle and self._connection.is_idle:
                self._call("session.logout", [self._handle])
        except (APIFailure, CommandError):
            pass  # the daemon forgets the session by itself, and the command's outcome matters more
        finally:
            self._connection.close()

    def log_in(self) -> None:
        """Connect and log in, unless this has been done."""
        if self._handle:
            return
        who = [self._client.username, self._client.password, "1.0", OWN]
        handle = self._call("session.login_with_password", who)
        self._handle = self.checked(handle, str, "session.login_with_password")

    def renew(self) -> None:
        """Connect and log in anew: the daemon has been started again, or has forgotten the session."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._handle = None, ""
        self.log_in()

    def ask(self, method: str, *parameters: Any, shape: Any) -> Any:
        """Call a method that changes nothing; its result has the given shape."""
        self.log_in()
        began = monotonic()
        try:
            return self.checked(self._call(method, [self._handle, *parameters]), shape, method)
        finally:
            if self._client.is_debugging:  # the session's handle is left out: it is as good as a password
                self._trace(f"debug: {method} {list(parameters)}, {(monotonic() - began) * 1000:.1f} ms\n")

    def this_host(self) -> str:
        """The host whose daemon answers."""
        self.log_in()
        host: str = self.ask("session.get_this_host", self._handle, shape=str)
        return host

    def change(self, command: str, method: str, *parameters: Any, shape: Any) -> Any:
        """Call a method that changes something: without an answer, nobody knows whether it did."""
        self.log_in()
        try:
            return self.ask(method, *parameters, shape=shape)
        except NoAnswer as trouble:
            raise NoAnswer(f"{trouble}  {maybe_done(command)}") from None
        except KeyboardInterrupt:
            raise Interrupted(f"Interrupted.  {maybe_done(command)}") from None

    def checked(self, value: Any, shape: Any, method: str) -> Any:
        """The value, if it has the shape."""
        if not fits(value, shape):
            raise NoAnswer(f"pifd's answer is not valid: the result of {method} is not what it should be.")
        return value

    def _call(self, method: str, parameters: list[Any]) -> Any:
        self._number += 1
        if self._connection is None:
            self._connection = Connection(self._path, self._client.traceparent, self._tell)
        call = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": self._number}
        is_to_wait = method in WAITS and parameters[-1] >= SECONDS_OF_PATIENCE
        doing = "" if is_to_wait else f"answer {method}"
        return result(self._connection.post(json.dumps(call).encode(), doing), self._number)

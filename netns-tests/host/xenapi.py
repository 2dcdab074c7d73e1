"""XenAPI over the daemon's socket, as any client would speak it: JSON-RPC 2.0 in an HTTP POST."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any

from network.patience import patience

CLASSES = ("pool", "host", "network", "PIF", "Bond", "VLAN", "tunnel", "VM", "VM_guest_metrics", "VIF")

Records = dict[str, dict[str, Any]]
"""Every record by its reference; its class is in it as `class`."""


class XenAPIError(Exception):
    """A call was refused: the code, and its parameters."""

    def __init__(self, code: str, parameters: list[str]) -> None:
        super().__init__(code, *parameters)
        self.code, self.parameters = code, parameters


class NoAnswerError(Exception):
    """The daemon went away before it had answered."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=patience(60))
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class XenAPI:
    """A session.  Raises XenAPIError, and NoAnswerError when the daemon dies under a call."""

    def __init__(self, path: Path) -> None:
        self._connection = _Connection(path)
        self._session = self._post("session.login_with_password", ["root", "", "1.0", "netns-tests"])

    def call(self, method: str, *parameters: Any) -> Any:
        """The result of a call."""
        return self._post(method, [self._session, *parameters])

    def this_host(self) -> str:
        """The host whose daemon answers."""
        host: str = self.call("session.get_this_host", self._session)
        return host

    def records(self) -> Records:
        """Every record there is."""
        return {
            ref: {**record, "class": kind}
            for kind in CLASSES
            for ref, record in self.call(f"{kind}.get_all_records").items()
        }

    def close(self) -> None:
        self._connection.close()

    def _post(self, method: str, parameters: list[Any]) -> Any:
        call = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1}
        try:
            self._connection.request("POST", "/jsonrpc", json.dumps(call).encode())
            answer = json.loads(self._connection.getresponse().read())
        except (OSError, http.client.HTTPException) as trouble:
            raise NoAnswerError(str(trouble)) from trouble
        if "error" in answer:
            raise XenAPIError(answer["error"]["message"], answer["error"].get("data", []))
        return answer["result"]

"""Clients with types, as Go's and Java's: they post whole records, with what they have read, and zero values.

Go's xenapi module and Java's SDK are in no registry that can be used here; this sends what they send.
"""

import json
import socket
from collections.abc import Iterator
from datetime import datetime
from http.client import HTTPConnection
from typing import Any
from xmlrpc.client import DateTime, dumps, loads

import pytest

from tests.clients.daemon import Daemon

ZERO_DATES = ("0001-01-01T00:00:00Z", "00010101T00:00:00Z", "")
NULL = "OpaqueRef:NULL"
ZEROS: dict[type, Any] = {str: "", bool: False, int: 0, float: 0.0, list: [], dict: {}}


class Typed:
    """A client that posts each parameter as it is."""

    def __init__(self, daemon: Daemon, path: str) -> None:
        self._connection = HTTPConnection("localhost")
        self._connection.sock = socket.socket(socket.AF_UNIX)
        self._connection.sock.connect(str(daemon.path))
        self._path, self.is_json = path, path == "/jsonrpc"
        self.session = self.post("session.login_with_password", "root", "", "1.0", "typed")

    def post(self, method: str, *params: Any) -> Any:
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        body = json.dumps(call) if self.is_json else dumps(params, method)
        self._connection.request("POST", self._path, body)
        answer = self._connection.getresponse().read()
        found: Any = json.loads(answer) if self.is_json else loads(answer, use_builtin_types=True)[0][0]
        assert "error" not in found, found
        assert found.get("Status") != "Failure", found
        return found["result"] if self.is_json else found["Value"]

    def __call__(self, method: str, *params: Any) -> Any:
        return self.post(method, self.session, *params)

    def close(self) -> None:
        self._connection.sock.close()


@pytest.fixture(params=["/jsonrpc", "/"])
def client(daemon: Daemon, request: pytest.FixtureRequest) -> Iterator[Typed]:
    client = Typed(daemon, request.param)
    yield client
    client.close()


def with_zeros(record: dict[str, Any]) -> dict[str, Any]:
    """What a type has that nobody has set: every field, with its zero value."""
    zeros = {name: zero_like(value) for name, value in record.items()}
    return {**zeros, "a_field_of_another_version": "", "snapshot_time": ZERO_DATES[0]}


def zero_like(value: Any) -> Any:
    """In XML-RPC an integer is a text."""
    if isinstance(value, str):
        number = value.removeprefix("-").isdigit()
        return NULL if value.startswith("OpaqueRef:") else "0" if number else ""
    return ZEROS.get(type(value), ZERO_DATES[0])


def test_a_whole_record_with_what_only_pifd_writes_makes_an_object(client: Typed) -> None:
    home = client("network.create", {"name_label": "home"})
    whole = client("network.get_record", home)
    made = client("network.create", {**whole, "name_label": "copy", "bridge": ""})
    found = client("network.get_record", made)
    assert (found["name_label"], found["MTU"], found["PIFs"]) == ("copy", whole["MTU"], [])
    assert found["uuid"] != whole["uuid"]


@pytest.mark.parametrize("zero", ZERO_DATES)
def test_zero_values_of_what_nobody_has_set_fail_no_call(client: Typed, zero: str) -> None:
    home = client("network.create", {"name_label": "home"})
    vm = client("VM.create", {"name_label": "model"})
    label = {"name_label": "typed", "snapshot_time": zero, "created": zero}
    zeros = with_zeros(client("VM.get_record", vm)) | label
    other = client("VM.create", zeros)
    assert client("VM.get_name_label", other) == "typed"
    vif = client("VIF.create", {"device": "0", "network": home, "VM": vm})
    whole = with_zeros(client("VIF.get_record", vif)) | {"device": "1", "network": home, "VM": vm, "MAC": ""}
    if client.is_json:  # what Go makes of a list and of a map that nobody has set
        whole = {name: None if value in ([], {}) else value for name, value in whole.items()}
        assert client("VM.create", {**zeros, "other_config": None, "possible_hosts": None})
    assert client("VIF.get_VM", client("VIF.create", whole)) == vm


def test_a_date_of_xml_rpcs_own_type_may_be_zero(daemon: Daemon) -> None:
    client = Typed(daemon, "/")
    zero = DateTime(datetime(1, 1, 1))  # noqa: DTZ001 (as clients write it)
    made = client("network.create", {"name_label": "dated", "created": zero, "blobs": {}})
    assert client("network.get_name_label", made) == "dated"
    client.close()

"""A daemon for the tests: real HTTP and JSON-RPC on a real Unix socket, and no patience with bad requests."""

import json
import socketserver
import sys
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

from tests.cli.fake_events import TASK, Events, Tasks
from tests.cli.world import ETH1, MADE, STORAGE, TOPOLOGY, Record, ref, world

SESSION = "OpaqueRef:5e551011-0000-4000-8000-000000000001"
HEADERS = {"host": "localhost", "content-type": "application/json"}
PREVIEW = {
    "result": ref(MADE),
    "added": [
        {"class": "network", "ref": ref(MADE), "record": {"uuid": MADE, "name_label": "backup", "MTU": 9000}}
    ],
    "changed": [
        {
            "class": "PIF",
            "ref": ref(ETH1),
            "before": {"currently_attached": True, "network": ref(STORAGE), "properties": {}},
            "after": {"currently_attached": False, "network": ref(MADE), "properties": {"gro": "off"}},
        }
    ],
    "removed": [
        {"class": "network", "ref": ref(STORAGE), "record": {"uuid": STORAGE, "name_label": "storage"}}
    ],
    "unplug": [],
    "plug": [],
    "steps": ["create bridge xapi1", "set eth1 up"],
    "notes": [],
}


class ApiFailure(Exception):
    """An error code and its parameters."""


class Daemon:
    """What the daemon knows, what it was asked, and what it is told to answer with."""

    def __init__(self, socket: Path) -> None:
        self.socket = str(socket)
        self.records = world()
        self.events = Events(self.records)
        self.tasks = Tasks(self.events)
        self.calls: list[tuple[str, list[Any]]] = []
        self.results: dict[str, Any] = {"pifd.topology": TOPOLOGY}
        self.failures: dict[str, tuple[str, list[str]]] = {}
        # The bytes sent instead of the answer to a method; empty bytes hang up.
        self.raw: dict[str, bytes] = {}
        # Who is expected to log in, and the headers that are expected.
        self.user = ["root", ""]
        self.headers = dict(HEADERS)
        # Whether the next call finds its session forgotten.
        self.is_forgetful = False
        # How many seconds a method takes.
        self.slow: dict[str, float] = {}

    def made(self) -> list[tuple[str, list[Any]]]:
        """The calls without the session, and without those that log in and out and look objects up."""
        quiet = ("session.", "get_all_records", "get_by_uuid")
        return [(method, some) for method, some in self.calls if not any(word in method for word in quiet)]

    def result(self, method: str, parameters: list[Any]) -> Any:
        """What a method gives back."""
        if method == "session.login_with_password":
            assert parameters == [*self.user, "1.0", "pifctl"]
            return SESSION
        assert parameters[0] == SESSION
        if method == "session.logout":
            return ""
        if self.is_forgetful:
            self.is_forgetful = False
            raise ApiFailure("SESSION_INVALID", [SESSION])
        if method in self.failures:
            raise ApiFailure(*self.failures[method])
        if method == "event.from":
            return self.events.since(*parameters[1:])
        if method.startswith("Async."):
            return self.tasks.start(method)
        if parameters[1:] == [ref(TASK)]:
            return self.task(method)
        if method.startswith("DryRun."):
            return self.results.get(method, PREVIEW)
        return self.results[method] if method in self.results else self.looked_up(method, parameters[1:])

    def task(self, method: str) -> str:
        """What becomes of a call that runs without being waited for."""
        {"task.cancel": self.tasks.cancel, "task.destroy": self.tasks.destroy}[method]()
        return ""

    def looked_up(self, method: str, parameters: list[Any]) -> Any:
        """The messages that every class has; every other one makes nothing."""
        class_name, _, message = method.partition(".")
        records = self.records[class_name]
        if message == "get_all_records":
            return records
        if message == "get_record":
            return records[parameters[0]]
        if message == "get_by_uuid":
            return ref(known(class_name, records, parameters[0]))
        return ""


def known(class_name: str, records: dict[str, Record], uuid: str) -> str:
    """The uuid, if an object has it."""
    if ref(uuid) not in records:
        raise ApiFailure("UUID_INVALID", [class_name, uuid])
    return uuid


class Connection(socketserver.StreamRequestHandler):
    """One client, from its login to its hanging up."""

    server: "Server"

    def handle(self) -> None:
        while line := self.rfile.readline():
            assert line == b"POST /jsonrpc HTTP/1.1\r\n"
            call = json.loads(self.rfile.read(self.length()))
            assert call.keys() == {"jsonrpc", "method", "params", "id"}
            assert call["jsonrpc"] == "2.0"
            self.answer(call)

    def length(self) -> int:
        """Content-Length; the other headers have to be exactly those expected."""
        headers = {}
        while (line := self.rfile.readline()) != b"\r\n":
            assert line.endswith(b"\r\n")
            name, _, value = line.decode("ascii").strip().partition(": ")
            headers[name.lower()] = value
        length = int(headers.pop("content-length"))
        assert headers == self.server.daemon.headers
        return length

    def answer(self, call: dict[str, Any]) -> None:
        """Carry out the call and send what came of it."""
        daemon, method = self.server.daemon, call["method"]
        daemon.calls.append((method, call["params"][1:]))
        sleep(daemon.slow.get(method, 0))
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": call["id"]}
        try:
            answer["result"] = daemon.result(method, call["params"])
        except ApiFailure as failure:
            code, parameters = failure.args
            answer["error"] = {"code": 1, "message": code, "data": parameters}
        self.send(daemon.raw.get(method), json.dumps(answer).encode())

    def send(self, raw: bytes | None, body: bytes) -> None:
        """The answer, or the bytes that a test wants instead, and the end of the connection."""
        whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        self.wfile.write(whole if raw is None else raw)
        if raw is not None:
            self.rfile.close()


class Server(socketserver.ThreadingUnixStreamServer):
    """The listening socket.  An assertion that fails while a request is handled fails the test."""

    daemon_threads = True

    def __init__(self, daemon: Daemon) -> None:
        super().__init__(daemon.socket, Connection)
        self.daemon = daemon
        self.complaints: list[BaseException] = []
        self.thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def handle_error(self, request: object, client_address: object) -> None:
        trouble = sys.exc_info()[1]
        if trouble is not None and not isinstance(trouble, ValueError | ConnectionError):
            self.complaints.append(trouble)

    def stop(self) -> None:
        """Stop listening, and report what was wrong with the requests."""
        self.shutdown()
        self.thread.join()
        self.server_close()
        assert self.complaints == []

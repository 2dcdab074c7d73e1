"""A real etcd, of one node or of several, on this machine's loopback."""

import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 30
"""Seconds for a node to answer."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Node:
    """port: of clients; peer: of the other nodes."""

    name: str
    directory: Path
    port: int = field(default_factory=free_port)
    peer: int = field(default_factory=free_port)
    more: Sequence[str] = ()
    scheme: str = "http"
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, cluster: Sequence["Node"] = ()) -> None:
        url, peer = f"{self.scheme}://{self.endpoint}", f"http://127.0.0.1:{self.peer}"
        named = ",".join(f"{node.name}=http://127.0.0.1:{node.peer}" for node in cluster or (self,))
        command = ["etcd", "--name", self.name, "--data-dir", str(self.directory / self.name)]
        command += ["--listen-client-urls", url, "--advertise-client-urls", url]
        command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
        command += ["--initial-cluster", named, "--unsafe-no-fsync", *self.more]
        with (self.directory / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def wait(self) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise TimeoutError((self.directory / f"{self.name}.log").read_text()[-2000:])

    def send(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGKILL)
            self.process.wait()
        self.process = None


@contextmanager
def etcd(nodes: int = 1, more: Sequence[str] = (), scheme: str = "http") -> Iterator[tuple[Node, ...]]:
    """The nodes while inside; they forget everything at the end."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = tuple(Node(f"n{n}", directory, more=more, scheme=scheme) for n in range(nodes))
        for node in cluster:
            node.start(cluster)
            stack.callback(node.kill)
        for node in cluster:
            node.wait()
        yield cluster

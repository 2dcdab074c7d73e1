"""Hosts of a pool: each a namespace with two NICs and a daemon; etcd is on the admin's machine."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from host.daemon import Daemon, Home, await_answer, start_forked
from host.xenapi import XenAPI, XenAPIError
from network.cabling import ADMIN_IP, run
from network.patience import patience

NICS = 2
CLIENTS, PEERS = 2379, 2380
SOON = patience(20)


@dataclass
class PoolHost:
    """Host <number> has the address 192.0.2.<10 + number>."""

    number: int
    namespace: str
    home: Home
    daemon: Daemon
    api: XenAPI

    @property
    def address(self) -> str:
        return f"192.0.2.{10 + self.number}"

    def stop(self) -> None:
        self.api.close()
        assert self.daemon.stop() == 0, self.daemon.log.read_text()[-3000:]

    def start(self) -> None:
        self.daemon = start_forked(self.namespace, self.home)
        await_answer(self.home)
        self.api = XenAPI(self.home.socket)

    def records(self, kind: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.api.call(f"{kind}.get_all_records")
        return found

    def pif(self, device: str) -> str:
        """Its own PIF of a device that is no VLAN."""
        pifs = self.records("PIF").items()
        return next(
            ref
            for ref, pif in pifs
            if pif["device"] == device and pif["VLAN"] in (-1, "-1") and pif["host"] == self.this()
        )

    def this(self) -> str:
        host: str = self.api.this_host()
        return host

    def ip(self, *arguments: str) -> str:
        return run("ip", "-n", self.namespace, *arguments)

    def flood(self) -> list[str]:
        """Where VXLAN devices send what goes to all; what they have learnt ages by itself."""
        entries = run("bridge", "-n", self.namespace, "fdb").splitlines()
        return [entry for entry in entries if entry.startswith("00:00:00:00:00:00 ")]

    def link(self, name: str) -> str:
        """What `ip` says of a device, "" where it is not there."""
        done = subprocess.run(
            ["ip", "-n", self.namespace, "-d", "link", "show", name], capture_output=True, text=True
        )
        return done.stdout


@dataclass
class Ground:
    """The switch, the admin's machine with etcd, and the hosts."""

    switch: str
    admin: str
    directory: Path
    hosts: list[PoolHost] = field(default_factory=list)
    etcd: "subprocess.Popen[bytes] | None" = None

    def start_etcd(self) -> None:
        url, peer = f"http://{ADMIN_IP}:{CLIENTS}", f"http://{ADMIN_IP}:{PEERS}"
        command = ["ip", "netns", "exec", self.admin, "etcd", "--data-dir", str(self.directory / "etcd")]
        command += ["--listen-client-urls", url, "--advertise-client-urls", url, "--unsafe-no-fsync"]
        command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
        command += ["--initial-cluster", f"default={peer}"]
        with (self.directory / "etcd.log").open("ab") as log:
            self.etcd = subprocess.Popen(command, stdout=log, stderr=log)

    def stop_etcd(self) -> None:
        if self.etcd is not None:
            self.etcd.send_signal(signal.SIGKILL)
            self.etcd.wait()
        self.etcd = None

    @contextmanager
    def no_etcd_for(self, host: PoolHost) -> Iterator[None]:
        """etcd's machine alone does not answer a host while inside."""
        for change in ("add", "del"):
            run("ip", "-n", self.admin, "route", change, "blackhole", f"{host.address}/32")
            if change == "add":
                yield

    def cut(self, number: int, *, off: bool) -> None:
        """Take a host's cables out of the switch, or put them back."""
        for nic in range(NICS):
            run("ip", "-n", self.switch, "link", "set", f"h{number}n{nic}", "down" if off else "up")


def until(holds: Callable[[], object], what: str, patience: float = SOON) -> float:
    """Seconds until something holds."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < patience, f"never: {what}"
        time.sleep(0.05)
    return time.monotonic() - begun


@contextmanager
def pool_of(directory: Path, size: int, stem: str) -> Iterator[Ground]:
    """All of them members while inside, the first one the master."""
    with ExitStack() as stack:
        ground = Ground(f"{stem}-switch", f"{stem}-admin", directory)
        names = [f"{stem}-h{number}" for number in range(size)]
        for name in (ground.switch, ground.admin, *names):
            run("ip", "netns", "add", name)
            stack.callback(run, "ip", "netns", "delete", name)
        lay(ground, names)
        ground.start_etcd()
        stack.callback(ground.stop_etcd)
        for number, name in enumerate(names):
            place = directory / f"host{number}"
            place.mkdir()
            home = Home(place, pool=(f"{ADMIN_IP}:{CLIENTS}",))
            daemon = start_forked(name, home)
            await_answer(home)
            host = PoolHost(number, name, home, daemon, XenAPI(home.socket))
            stack.callback(host.stop)
            ground.hosts.append(host)
            if number == 0:
                until(lambda host=host: published(host), "the first host makes the pool")  # type: ignore[misc]
            else:
                until(lambda host=host: joins(host), "the host joins")  # type: ignore[misc]
        for host in ground.hosts:
            until(lambda host=host: len(host.records("host")) == size, "all know all")  # type: ignore[misc]
        yield ground


def published(host: PoolHost) -> bool:
    return all(not str(one["last_published"]).startswith("1970") for one in host.records("host").values())


def joins(host: PoolHost) -> bool:
    """Whether it has joined; etcd may not have answered it yet."""
    try:
        host.api.call("pool.join")
    except XenAPIError as refused:
        if refused.code != "PIFD_POOL_UNAVAILABLE":
            raise
        return False
    return True


def lay(ground: Ground, names: list[str]) -> None:
    """Cables, addresses, and default routes to the admin's machine."""
    run("ip", "-n", ground.switch, "link", "add", "switch0", "type", "bridge")
    run("ip", "-n", ground.switch, "link", "set", "switch0", "up")
    plug(ground, ground.admin, "eth0", "admin0", "02:00:00:00:00:01")
    batch(ground.admin, f"link set lo up\nlink set eth0 up\naddr add {ADMIN_IP}/24 dev eth0\n")
    for number, name in enumerate(names):
        for nic in range(NICS):
            plug(ground, name, f"eth{nic}", f"h{number}n{nic}", f"02:00:00:00:{number + 1:02x}:0{nic}")
        up = "".join(f"link set eth{nic} up\n" for nic in range(NICS))
        batch(
            name,
            f"link set lo up\n{up}addr add 192.0.2.{10 + number}/24 dev eth0\n"
            f"route add default via {ADMIN_IP}\n",
        )


def plug(ground: Ground, namespace: str, device: str, port: str, MAC: str) -> None:
    batch(namespace, f"link add {device} address {MAC} type veth peer name {port} netns {ground.switch}\n")
    batch(ground.switch, f"link set {port} up master switch0\n")


def batch(namespace: str, commands: str) -> None:
    run("ip", "-n", namespace, "-batch", "-", text=commands)

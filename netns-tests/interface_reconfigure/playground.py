"""Playground: a real host on which one scenario after the other is played, with VMs and a far host around it.

Making the network costs seconds in a guest, so the rows share it: after each, the daemon gets its first
store back, and makes the host from that as it was.
"""

import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host.daemon import Daemon, Home, OpenKernel, await_answer, start_forked
from host.fault import Fault, inject
from host.xenapi import Records, XenAPI
from network.cabling import (
    HOST_IP,
    HOST_IPV6,
    OVERVIEW,
    SEGMENTS,
    Cabling,
    cabling,
    shown_by,
    take_ipv4_away,
    teach_tags,
)
from network.host_state import GROUP, HostState, told_by
from network.iproute import Iproute
from network.machines import Far, far_host, gre, machine, plug_in, vxlan
from network.traffic import Frame, Tap, answers
from network.witness import KernelAsShown, kernel_shown, without_operstates

from agent.store.sqlite import Store
from tests.scenarios.scenario import FAR_ADDRESS, TUNNEL, Call, Names, Plugged, Restart, Scenario, with_stored

NICS, VMS = 3, 2
INNER = {"gre": "10.77.0", "vxlan": "10.77.1"}
"""The first three octets inside each tunnel; the far host is number 1."""
KEY = 1
"""The first tunnel's key."""
OURS = ("bridge", "bond")


@dataclass(frozen=True)
class Guest:
    """A VM that is plugged in.  peer: the machine that it talks to.  tags: those of its frames."""

    namespace: str
    MAC: str
    peer: str
    tags: set[int]


@dataclass(frozen=True)
class Surroundings:
    """Namespaces for VMs, what listens on the switch, and the programs that tell of the host."""

    vms: tuple[str, ...]
    taps: tuple[Tap, ...]
    ip: Iproute
    bridge: Iproute


class Playground:
    """The host, and the names of the row that is played."""

    def __init__(self, net: Cabling, home: Home, around: Surroundings, open_kernel: OpenKernel) -> None:
        self.net, self.home, self._around, self._open_kernel = net, home, around, open_kernel
        self.daemon: Daemon | None = None
        self.names = Names({})
        self._plugged: dict[str, Guest] = {}
        self.start()
        self.stop()
        shutil.copytree(home.directory / "state", home.directory / "first")
        self.start()

    def start(self) -> None:
        """Start the daemon."""
        self.daemon = start_forked(self.net.host, self.home, self._open_kernel)
        await_answer(self.home)
        self.api = XenAPI(self.home.socket)

    def stop(self) -> None:
        """Stop it, if it has not been ended."""
        self.api.close()
        if self.daemon is not None:
            assert self.daemon.stop() == 0, self.daemon.log.read_text()[-2000:]
        self.daemon = None

    def revive(self) -> None:
        """Start the next daemon after one that was killed."""
        assert self.daemon is not None
        self.api.close()
        self.daemon.wait()
        self.daemon = None
        self.start()

    def lose_devices(self) -> None:
        """While the daemon is away, what it has made goes, as with a reboot."""
        self.net.ip(self.net.host, "link", "delete", "group", GROUP)

    def die_starting(self, part: int) -> None:
        """Start a daemon that is killed before a part of what its start takes."""
        inject(self.home, Fault("kill", part))
        assert start_forked(self.net.host, self.home, self._open_kernel).wait() == -signal.SIGKILL

    def reset(self) -> None:
        """The host as it was after its first start."""
        (self.home.directory / "fault").unlink(missing_ok=True)
        self.api.close()
        if self.daemon is not None:
            self.daemon.kill()
            self.daemon.wait()
        shutil.rmtree(self.home.directory / "state")
        shutil.copytree(self.home.directory / "first", self.home.directory / "state")
        vifs = "".join(f"link delete {device}\n" for device in self._plugged)
        self.net.batch(self.net.host, f"link delete group {GROUP}\n{vifs}")
        self._plugged = {}
        self.start()

    def prepare(self, row: Scenario) -> None:
        """The host as it is before the row's action."""
        self.names = Names(self.records())
        for step in row.before:
            self.do(step)

    def do(self, step: Call | Plugged | Restart) -> None:
        """One step of a row, before its action or the action itself."""
        if isinstance(step, Plugged):
            self.plug(step)
        elif isinstance(step, Restart):
            self.spoil(step)
            self.start()
        else:
            self.call(step, self.arguments(step))

    def call(self, call: Call, arguments: list[Any]) -> None:
        """A call of a row's with arguments that have been resolved."""
        self.names.learn(call.name, self.api.call(call.method, *arguments))

    def arguments(self, call: Call) -> list[Any]:
        """A call's arguments as they are sent."""
        resolved: list[Any] = self.names.resolved(call.arguments, self.records())
        return resolved

    def plug(self, step: Plugged) -> None:
        """The toolstack's part: the device, with a VM behind it that has an address of its segment."""
        records, number = self.records(), len(self._plugged)
        MAC = records[self.names.ref(step.VIF, records)]["MAC"]
        prefix = SEGMENTS.get(step.segment) or INNER[records[self.names.ref("tunnel", records)]["protocol"]]
        plug_in(self.net, step.device, self._around.vms[number], MAC, f"{prefix}.5{number}/24")
        # what a tunnel carries shows no MAC of a VM's outside
        tags = {step.segment} - {TUNNEL}
        self._plugged[step.device] = Guest(self._around.vms[number], MAC, f"{prefix}.1", tags)

    def spoil(self, restart: Restart) -> None:
        """The daemon ends, and somebody else writes to its store."""
        records = self.records()
        self.stop()
        store = Store(self.home.directory / "state" / "pifd.sqlite")
        model = store.load()
        store.commit(model, with_stored(model, restart, self.names, records))
        store.close()

    def records(self) -> Records:
        return self.api.records()

    def silent(self) -> list[str]:
        """The VIFs whose VMs get no answer from the machine of their segment, or send with another tag."""
        self._frames()
        mute = [device for device, vm in self._plugged.items() if not answers(vm.namespace, vm.peer)]
        frames = self._frames()
        tags = {
            device: {frame.tag for frame in frames if frame.source == vm.MAC}
            for device, vm in self._plugged.items()
        }
        strays = [
            f"{device}: {tags[device]}" for device, vm in self._plugged.items() if tags[device] != vm.tags
        ]
        return mute + strays

    def _frames(self) -> list[Frame]:
        """What has come to the switch from the host, and gone there, since the last look."""
        return [frame for tap in self._around.taps for frame in tap.frames()]

    def manages_at(self, address: str) -> bool:
        """Whether the admin reaches the host."""
        return answers(self.net.admin, address)

    def told(self) -> HostState:
        """What the programs tell of the host."""
        return told_by(self._around.ip, self._around.bridge, self.net.host)

    def kernel(self) -> KernelAsShown:
        """The host's kernel as `ip` shows it."""
        return without_operstates(kernel_shown(shown_by(self._around.ip.ask(*OVERVIEW))))

    def shape(self) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        """The ports of pifd's bridges and bonds, what VLANs are on, and the host's addresses."""
        told = self.told()
        return ports(told), lowers(told), addresses(told)


def ports(told: HostState) -> dict[str, str]:
    ours = [name for name, link in told.links.items() if link["linkinfo"]["info_kind"] in OURS]
    return {
        master: " ".join(sorted(n for n, link in told.links.items() if link.get("master") == master))
        for master in ours
    }


def lowers(told: HostState) -> dict[str, str]:
    return {
        name: link["link"]
        for name, link in told.links.items()
        if link.get("linkinfo", {}).get("info_kind") == "vlan"
    }


def addresses(told: HostState) -> dict[str, str]:
    """By device; of a host with both families the IPv4 ones."""
    four = {link: address for link, address in sorted(told.addresses) if ":" not in address}
    return four or dict(sorted(told.addresses))


@contextmanager
def playground(directory: Path, open_kernel: OpenKernel, *, ipv6_alone: bool = False) -> Iterator[Playground]:
    """The whole of it while inside.  ipv6_alone: the host has no IPv4 address; its VMs have."""
    with ExitStack() as stack:
        net = stack.enter_context(cabling(NICS))
        teach_tags(net, NICS)
        far = stack.enter_context(far_host(net, int(FAR_ADDRESS.rpartition(".")[2])))
        dig(net, far, HOST_IPV6 if ipv6_alone else HOST_IP)
        if ipv6_alone:
            take_ipv4_away(net)
        foreign = net.foreign()
        around = Surroundings(
            vms=tuple(stack.enter_context(machine(net, f"vm{n}")) for n in range(VMS)),
            taps=tuple(stack.enter_context(Tap(net.switch, f"port{n}")) for n in range(NICS)),
            ip=stack.enter_context(Iproute("ip", net.host)),
            bridge=stack.enter_context(Iproute("bridge", net.host)),
        )
        ground = Playground(net, Home(directory), around, open_kernel)
        yield ground
        ground.stop()
        assert net.foreign() == foreign


def dig(net: Cabling, far: Far, host: str) -> None:
    """The far host's ends of the tunnels."""
    gre(net, far, "gre", KEY, host, f"{INNER['gre']}.1/24")
    vxlan(net, far, "vxlan", KEY, host, f"{INNER['vxlan']}.1/24")

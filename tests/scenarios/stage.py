"""Stage: a scenario on a host whose kernel and VMs are fake, through the API as on the wire."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.api.calls.call import agent_of
from agent.api.calls.methods import call
from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.state import KernelState
from agent.model.records import CLASSES
from tests.api.callers import ROOT
from tests.scenarios.scenario import (
    TUNNEL,
    UNTAGGED,
    Call,
    Names,
    Plugged,
    Records,
    Restart,
    Scenario,
    with_stored,
)
from tests.worlds.hosts import host_over_ipv6
from tests.worlds.world import World, host, nic

OURS = ("bridge", "bond")


class Stage:
    """A world with three NICs, and the names of the row that is played on it."""

    def __init__(self, directory: Path, row: Scenario, *, makes_devices: bool = False) -> None:
        self._version = 6 if ":" in row.managed_at else 4
        state = (host_over_ipv6 if self._version == 6 else host)(nic(0), nic(1), nic(2))
        self.world = World(directory, state, "eth0 eth1 eth2", makes_devices=makes_devices)
        self.row = row
        self.names = Names({})

    async def prepare(self) -> None:
        """The host as it is before the row's action."""
        await self.world.start()
        self.names = Names(await self.records())
        for step in self.row.before:
            await self.do(step)
        self.world.kernel.expect()
        self.world.hotplug.expect()

    async def do(self, step: Call | Plugged | Restart) -> None:
        """One step of a row."""
        if isinstance(step, Plugged):
            self.world.make_vif(step.device)
        elif isinstance(step, Restart):
            await self.spoil(step)
            await self.world.start()
        else:
            ref = await self.call(step.method, *await self._resolved(step.arguments))
            self.names.learn(step.name, ref)

    async def _resolved(self, arguments: tuple[object, ...]) -> list[Any]:
        """Most arguments are what the row itself has made; all records are read for the others only."""
        try:
            found = self.names.resolved(arguments, {})
        except KeyError:
            found = self.names.resolved(arguments, await self.records())
        return list(found)

    async def act(self) -> None:
        """The row's action."""
        await self.do(self.row.action)

    async def spoil(self, restart: Restart) -> None:
        """The daemon ends, and somebody else writes to its store."""
        records = await self.records()
        assert self.world.store is not None
        model = self.world.stored()
        self.world.store.commit(model, with_stored(model, restart, self.names, records))
        await self.world.stop()

    async def call(self, method: str, *arguments: Any) -> Any:
        """A call as a client sends it, in a session of its own."""
        agent = agent_of(self.world.engine)
        return await call(agent, ROOT, method, (agent.sessions.login(ROOT.caller), *arguments))

    async def records(self) -> Records:
        """Every record as a client gets it."""
        found: dict[str, Any] = {}
        for kind in CLASSES:
            found |= await self.call(f"{kind.class_name}.get_all_records")
        return found

    def ports(self) -> dict[str, str]:
        """The ports of pifd's bridges and bonds."""
        links = self.world.kernel.state.links.values()
        ours = [link.name for link in links if link.owned and link.kind in OURS]
        return {name: " ".join(sorted(link.name for link in links if link.master == name)) for name in ours}

    def lowers(self) -> dict[str, str]:
        """What each VLAN is on."""
        links = self.world.kernel.state.links.values()
        return {link.name: link.lower for link in links if link.kind == "vlan"}

    def addresses(self) -> dict[str, str]:
        """The addresses of pifd's devices, of the family that the host has."""
        state = self.world.kernel.state
        found = {
            name: " ".join(
                a.interface
                for a in state.addresses_of(name)
                if a.version == self._version and not a.link_local
            )
            for name, link in state.links.items()
            if link.owned
        }
        return {name: addresses for name, addresses in found.items() if addresses}

    def strays(self) -> list[str]:
        """The VIFs whose VMs are not in their segments."""
        state = self.world.kernel.state
        return [p.device for p in self.row.devices if segments(state, p.device) != {p.segment}]

    def misled(self) -> list[str]:
        """The VIFs whose VMs were told of another bridge than the one they are in."""
        links = self.world.kernel.state.links
        return [d for d, bridge in self.world.hotplug.held.items() if links[d].master != bridge]


def segments(state: KernelState, device: str) -> set[int]:
    """Where a frame of a VIF's gets out: by each port of its bridge that has carrier."""
    bridge = state.links[device].master
    ports = list(state.ports(bridge)) if bridge else []
    return {tag for port in ports if port.carrier for tag in _segment(state, port.name)}


def _segment(state: KernelState, name: str) -> Iterator[int]:
    link = state.links[name]
    if isinstance(link.options, VLANOptions):
        yield link.options.tag
    elif link.kind in ("gretap", "ip6gretap", "vxlan"):
        yield TUNNEL
    elif link.hardware or link.kind == "bond":
        yield UNTAGGED

"""A host with NICs and foreign devices, its model, and an engine on a fake kernel with a real store."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Interface, ip_interface
from pathlib import Path
from typing import Any

from agent.draft import Draft, Plan
from agent.engine import Decide, Engine
from agent.facts import Facts
from agent.kernel.nics import facts_of
from agent.kernel.state import Address, BondOptions, BridgeOptions, KernelState, Link, Route
from agent.model import PIF, Bond, Host, IPConfiguration, IPMode, Model, Network, Ref, slaves
from agent.rules import bond, network
from agent.rules.startup import first_start
from agent.store import Store
from tests.fake_kernel import FakeKernel

ADDRESS, GATEWAY, NEIGHBOUR = "192.0.2.10/24", "192.0.2.1", "192.0.2.7"
RESOLVER = "search example.org\nnameserver 192.0.2.53\n"


def mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def nic(number: int, **fields: Any) -> Link:
    """eth<number>: hardware, up."""
    return Link(**{"name": f"eth{number}", "MAC": mac(number), "up": True, "hardware": True, **fields})


FOREIGN = (
    Link(name="lo", MAC="00:00:00:00:00:00", MTU=65536, up=True),
    Link(name="docker0", kind="bridge", MAC=mac(0xD0), up=True, options=BridgeOptions()),
    Link(name="gre0", kind="gre", MAC="00:00:00:00", MTU=1476),
    Link(name="storage", kind="bond", MAC=mac(8), up=True, options=BondOptions("802.3ad")),
    nic(8, master="storage"),
    nic(9, master="storage", MAC=mac(8), original_MAC=mac(9)),
)
FOREIGN_ADDRESSES = (Address("lo", "127.0.0.1/8"), Address("docker0", "172.17.0.1/16"))
FOREIGN_ROUTES = (Route("docker0", "172.18.0.0/16", "172.17.0.2"),)


def host(*nics: Link) -> KernelState:
    """A host with eth0, which has the address and the default route, eth1, and other people's devices."""
    links = (*FOREIGN, *(nics or (nic(0), nic(1))))
    return KernelState(
        links={link.name: link for link in links},
        addresses=frozenset({*FOREIGN_ADDRESSES, Address("eth0", ADDRESS)}),
        routes=frozenset({*FOREIGN_ROUTES, Route("eth0", "0.0.0.0/0", GATEWAY)}),
        resolver=RESOLVER,
    )


def facts(state: KernelState) -> Facts:
    return facts_of(state, ())


def taken_over(state: KernelState) -> Model:
    """The model after the first start on a host."""
    return first_start("host1", facts(state)).after


def host_of(model: Model) -> Host:
    return model.all(Host)[0]


def pif_of(model: Model, device: str) -> PIF:
    return next(pif for pif in model.all(PIF) if pif.device == device)


def network_of(model: Model, bridge: str) -> Network:
    return next(found for found in model.all(Network) if found.bridge == bridge)


def bond_of(model: Model, device: str = "bond0") -> Bond:
    return next(found for found in model.all(Bond) if model.get(found.master).device == device)


def slave_devices(model: Model, device: str = "bond0") -> list[str]:
    return [slave.device for slave in slaves(model, bond_of(model, device))]


def with_pif(model: Model, device: str, /, **fields: Any) -> Model:
    """The model with some fields of a PIF changed."""
    return with_record(model, replace(pif_of(model, device), **fields))


def with_network(model: Model, bridge: str, /, **fields: Any) -> Model:
    """The model with some fields of a network changed."""
    return with_record(model, replace(network_of(model, bridge), **fields))


def with_record(model: Model, record: Any) -> Model:
    draft = Draft(model)
    draft.put(record)
    return draft.model


def static(interface: str, gateway: str = "", **fields: Any) -> IPConfiguration:
    """A static IPv4 configuration, written `192.0.2.10/24`."""
    own = IPv4Interface(interface)
    return IPConfiguration(IPMode.STATIC, str(own.ip), str(own.netmask), gateway, **fields)


def static6(interface: str, gateway: str = "", **fields: Any) -> IPConfiguration:
    """A static IPv6 configuration."""
    return IPConfiguration(
        ipv6_configuration_mode=IPMode.STATIC,
        IPv6=(str(ip_interface(interface)),),
        ipv6_gateway=gateway,
        **fields,
    )


def with_new_network(model: Model, bridge: str = "", **fields: Any) -> tuple[Model, Ref[Network]]:
    """The model with one more network, by network.create."""
    plan = network.create(model, {"bridge": bridge, **fields})
    return plan.after, Ref(plan.result or "")


def bonded(model: Model, *devices: str, MAC: str = "") -> Model:
    """The model with a bond of these devices on a network of its own, by Bond.create."""
    model, home = with_new_network(model)
    return bond.create(model, home, [pif_of(model, device).ref for device in devices], MAC).after


class World:
    """A host, its store, and the engine of the process that runs, if one does."""

    def __init__(self, directory: Path, state: KernelState | None = None, given: str = "eth0 eth1") -> None:
        self.file = directory / "pifd.sqlite"
        before = state or host()
        cables = [name for name, link in before.links.items() if link.hardware]
        self.kernel = FakeKernel(before, given.split(), cables)
        self.kernel.neighbours = frozenset({GATEWAY, NEIGHBOUR})
        self.store: MortalStore | None = None
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        assert self._engine is not None, "nothing is running"
        return self._engine

    @property
    def model(self) -> Model:
        return self.engine.model

    async def start(self, *, refuse: Collection[int] = (), die_at: int | None = None) -> None:
        """A process starts: on its first start it takes the host over."""
        self.kernel.restart()
        self.kernel.expect(refuse=refuse, die_at=die_at)
        self.store = MortalStore(self.file, self.kernel)
        self._engine = Engine(self.kernel, self.store, ())
        await self.engine.start("host1")

    async def stop(self) -> None:
        """The process ends, or what is left of a killed one goes."""
        self.kernel.restart()
        if self._engine is not None:
            await self._engine.close()
        if self.store is not None:
            self.store.close()
        self._engine = self.store = None

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def do(self, rule: Callable[..., Plan], *arguments: Any) -> str:
        """Carry a rule out."""
        return await self.engine.change(decision(rule, *arguments)) or ""

    async def new_network(self, **record: Any) -> Ref[Network]:
        return Ref(await self.do(network.create, record))

    async def create_bond(self, *devices: str, MAC: str = "") -> Ref[Bond]:
        """A bond on a network of its own."""
        home = await self.new_network()
        return Ref(await self.do(bond.create, home, [self.pif(device).ref for device in devices], MAC))

    def pif(self, device: str) -> PIF:
        return pif_of(self.model, device)

    def addresses(self, link: str) -> list[str]:
        """The addresses of a link."""
        return [address.interface for address in self.kernel.state.addresses_of(link)]

    def above(self, device: str) -> list[str]:
        """What a device is a port of, and what that is a port of, and so on."""
        chain = [device]
        while master := self.kernel.state.links[chain[-1]].master:
            chain.append(master)
        return chain[1:]

    def lose(self, device: str) -> None:
        """A NIC vanishes."""
        left = {name: link for name, link in self.kernel.state.links.items() if name != device}
        self.kernel.state = replace(self.kernel.state, links=left)

    def stored(self) -> Model:
        """What the store holds."""
        assert self.store is not None, "nothing is running"
        return self.store.load()

    def everything(self) -> tuple[KernelState, Model, Model]:
        """The kernel, the engine's model and the store's: what a refused call leaves as it was."""
        return self.kernel.state, self.model, self.stored()


class MortalStore(Store):
    """A store that dies with the kernel's process.

    broken: what its commit raises.  kills: whether the process is killed when it is about to commit.
    """

    def __init__(self, path: Path, kernel: FakeKernel) -> None:
        super().__init__(path)
        self._kernel = kernel
        self.broken: Exception | None = None
        self.kills = False

    def commit(self, before: Model, after: Model) -> None:
        self._kernel.dead |= self.kills
        self._kernel.check_alive()
        if self.broken is not None:
            raise self.broken
        super().commit(before, after)


def decision(rule: Callable[..., Plan], *arguments: Any) -> Decide:
    """A rule with its arguments, as the engine wants it."""

    def decide(model: Model, facts: Facts) -> Plan:
        asks = (
            "facts"
            in rule.__code__.co_varnames[: rule.__code__.co_kwonlyargcount + rule.__code__.co_argcount]
        )
        return partial(rule, facts=facts)(model, *arguments) if asks else rule(model, *arguments)

    return decide

"""A host with NICs and foreign devices, its model, and an engine on a fake kernel with a real store."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Interface, ip_interface
from pathlib import Path
from typing import Any

from agent.desired.nics import facts_of
from agent.engine.decisions import Decide
from agent.engine.engine import Engine
from agent.engine.progress import UNWATCHED, Progress
from agent.kernel.state import KernelState
from agent.model.draft import Draft, Plan
from agent.model.facts import Facts
from agent.model.layering import given_by
from agent.model.model import Model, slaves
from agent.model.records import PIF, VIF, VM, Bond, Host, IPConfiguration, IPMode, Network, Ref
from agent.model.vifs import device_of
from agent.rules import bond, network, vif, vm
from agent.rules.first_start import first_start
from agent.rules.rectify import rectify
from tests.fakes.fake_hotplug import FakeHotplug, vif_device
from tests.fakes.fake_kernel import FakeKernel
from tests.fakes.giving_engine import GivingEngine
from tests.fakes.mortal_store import MortalStore
from tests.worlds.hosts import (
    ADDRESS,
    FOREIGN,
    FOREIGN_ADDRESSES,
    FOREIGN_ROUTES,
    GATEWAY,
    GATEWAY6,
    NEIGHBOUR,
    NEIGHBOUR6,
    RESOLVER,
    host,
    mac,
    nic,
)

__all__ = [
    "ADDRESS", "FOREIGN", "FOREIGN_ADDRESSES", "FOREIGN_ROUTES", "GATEWAY", "NEIGHBOUR", "RESOLVER",
    "host", "mac", "nic",
]  # fmt: skip


def facts(state: KernelState) -> Facts:
    return facts_of(state, ())


def taken_over(state: KernelState) -> Model:
    """The model after the first start on a host."""
    return first_start("host1", facts(state), seed=b"first start").after


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


def bonded(model: Model, *devices: str, MAC: str = "", mode: str = "active-backup") -> Model:
    """The model with a bond of these devices on a network of its own, by Bond.create."""
    model, home = with_new_network(model)
    return bond.create(model, home, [pif_of(model, device).ref for device in devices], MAC, mode).after


class World:
    """A host, its VMs, its store, and the engine of the process that runs, if one does.

    makes_devices: whether the VIFs' devices come and go with them, as with a hotplug script.
    plug_spares: the setting.
    """

    def __init__(
        self,
        directory: Path,
        state: KernelState | None = None,
        given: str = "eth0 eth1",
        *,
        makes_devices: bool = False,
        plug_spares: bool = False,
    ) -> None:
        self.plug_spares = plug_spares
        self.file = directory / "pifd.sqlite"
        before = state or host()
        cables = [name for name, link in before.links.items() if link.hardware]
        self.nics = frozenset(given.split())
        self.kernel = FakeKernel(before, self.nics, cables)
        self.hotplug = FakeHotplug(self.kernel, makes_devices=makes_devices)
        self.kernel.neighbours = frozenset({GATEWAY, NEIGHBOUR, GATEWAY6, NEIGHBOUR6})
        self.store: MortalStore | None = None
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        assert self._engine is not None, "nothing is running"
        return self._engine

    @property
    def model(self) -> Model:
        return self.engine.model

    async def start(
        self,
        *,
        refuse: Collection[int] = (),
        die_at: int | None = None,
        die_at_request: int = -1,
        progress: Progress = UNWATCHED,
    ) -> None:
        """A process starts: on its first start it takes the host over."""
        self.kernel.restart()
        self.kernel.expect(refuse=refuse, die_at=die_at)
        self.hotplug.expect(die_at=die_at_request)
        self.store = MortalStore(self.file, self.kernel)
        self.give(rectify(self.store.load()).model)
        doors = (self.kernel, self.store, self.hotplug, ())
        self._engine = GivingEngine(self.give, *doors, plug_spares=self.plug_spares)
        await self.engine.start("host1", progress)

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
        result = await self.engine.change(decision(rule, *arguments))
        assert not isinstance(result, tuple)
        return result or ""

    async def new_network(self, **record: Any) -> Ref[Network]:
        return Ref(await self.do(network.create, record))

    async def create_bond(self, *devices: str, MAC: str = "") -> Ref[Bond]:
        """A bond on a network of its own."""
        home = await self.new_network()
        return Ref(await self.do(bond.create, home, [self.pif(device).ref for device in devices], MAC))

    async def run_vm(self, name: str, network: Ref[Network], *, PV_drivers: bool = True) -> Ref[VIF]:
        """Start a VM with one VIF, after the toolstack has made its device."""
        fresh: Ref[VM] = Ref(await self.do(vm.create, {"name_label": name}))
        plugged = Ref[VIF](await self.do(vif.create, {"device": "0", "network": network, "VM": fresh}))
        domid = 1 + max([0, *(found.domid for found in self.model.all(VM))])
        self.make_vif(f"vif{domid}.0")
        self.hotplug.held[f"vif{domid}.0"] = self.model.get(network).bridge
        await self.do(vm.start, fresh)
        await self.do(vm.set_pv_drivers_detected, fresh, PV_drivers)
        return plugged

    def make_vif(self, device: str) -> None:
        """The toolstack makes the host's end of a VIF, and the VM takes the other one."""
        self.kernel.insert(vif_device(device))

    def give(self, *models: Model) -> None:
        """The kernel lets pifd write to the NICs, and to the VIFs that are plugged in one of these models, or
        that their VMs were asked for."""
        vifs = {device for model in models for device in given_by(model).vifs}
        asked = {device_of(model, vif) for model in models for vif in model.all(VIF) if vif.released}
        self.kernel.given = self.nics | vifs | asked

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


def decision(rule: Callable[..., Plan], *arguments: Any) -> Decide:
    """A rule with its arguments, as the engine wants it."""

    def decide(model: Model, facts: Facts) -> Plan:
        asks = (
            "facts"
            in rule.__code__.co_varnames[: rule.__code__.co_kwonlyargcount + rule.__code__.co_argcount]
        )
        return partial(rule, facts=facts)(model, *arguments) if asks else rule(model, *arguments)

    return decide

"""A host with N networks, each with a VLAN on a bond, whose kernel is in memory and in the model's state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

from agent.desired.desired import desired
from agent.desired.nics import can_be_lent
from agent.engine.engine import Engine
from agent.hotplug.builtin import BuiltIn
from agent.kernel.live import Device, LinkCount, LiveLink
from agent.kernel.simulate import apply
from agent.kernel.state import Address, KernelState, Link, Route
from agent.kernel.steps import Step
from agent.model.layering import given_by
from agent.model.model import Model
from agent.model.records import PIF, VLAN, Network, Ref
from agent.netlink import Netlink
from agent.rules import bond, network
from agent.rules.first_start import first_start
from agent.store.sqlite import Store
from tests.worlds.world import facts

NICS = ("eth0", "eth1", "eth2")
FIRST_TAG = 2


@dataclass
class KernelInMemory:
    """Every device has carrier, and nobody is a neighbour."""

    state: KernelState
    done: list[Step] = field(default_factory=list)

    async def read(self) -> KernelState:
        return self.state

    async def apply(self, step: Step) -> None:
        self.state = apply(step, self.state)

    def carriers(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(names)

    def ports_up(self, masters: Mapping[str, str]) -> frozenset[str]:
        return frozenset(masters)

    def devices(self, names: Iterable[str]) -> Mapping[str, Device]:
        return {}

    link_counts: Mapping[str, LinkCount] = field(default_factory=dict)

    def watch(self, on_change: object, on_drift: object = None, on_carrier: object = None) -> None:
        """There is no news."""

    def unwatch(self) -> None:
        """There was none."""

    async def live_links(self, names: Iterable[str]) -> Mapping[str, LiveLink]:
        return {}

    async def missing_in_bonding(self) -> Mapping[str, str]:
        return {}

    async def peers(self, link: str) -> tuple[str, ...]:
        return ()

    async def probe(self, link: str, peers: Sequence[str], seconds: float) -> frozenset[str]:
        return frozenset()


def bare_host() -> KernelState:
    """Three NICs, the first with an address and the default route."""
    nics = [
        Link(name=name, MAC=f"02:00:00:00:00:0{n}", up=True, hardware=True) for n, name in enumerate(NICS)
    ]
    return KernelState(
        links={link.name: link for link in (Link(name="lo", MTU=65536, up=True), *nics)},
        addresses=frozenset({Address("lo", "127.0.0.1/8"), Address("eth0", "192.0.2.10/24")}),
        routes=frozenset({Route("eth0", "0.0.0.0/0", "192.0.2.1")}),
    )


def real_kernel() -> Netlink:
    """The door to the kernel of a namespace with these NICs, as the daemon opens it."""
    return Netlink(Path("/nonexistent"), carrier_wait=1, is_nic=partial(can_be_lent, patterns=NICS))


def big_model(number: int) -> Model:
    """With so many networks and PIFs in all, all plugged; VLANs are put in as VLAN.create would."""
    model = first_start("host", facts(bare_host())).after
    slaves = [pif.ref for pif in model.all(PIF) if pif.device != "eth0"]
    home = network.create(model, {"name_label": "bond0's"})
    model = bond.create(home.after, Ref(str(home.result)), slaves, "", "active-backup").after
    records = dict(model.records)
    lower = next(pif for pif in model.all(PIF) if pif.device == "bond0")
    for tag in range(FIRST_TAG, FIRST_TAG + number - len(model.all(PIF))):
        own = Network(uuid=str(uuid4()), name_label=f"VLAN {tag}", bridge=f"xapi{tag}")
        upper = PIF(
            uuid=str(uuid4()),
            device=lower.device,
            network=own.ref,
            host=lower.host,
            MAC=lower.MAC,
            VLAN=tag,
            currently_attached=True,
        )
        over = VLAN(uuid=str(uuid4()), tagged_PIF=lower.ref, untagged_PIF=upper.ref, tag=tag)
        records |= {record.ref: record for record in (own, upper, over)}
    return Model(records)


async def start(directory: Path, number: int) -> Engine:
    """An engine on such a host that has started with nothing to do."""
    model = big_model(number)
    store = Store(directory / "pifd.sqlite")
    store.commit(Model(), model)
    before = bare_host()
    kernel = KernelInMemory(desired(model, before, given_by(model)))
    engine = Engine(kernel, store, BuiltIn(), ())
    await engine.start("host")
    return engine

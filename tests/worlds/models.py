"""Models of whole hosts, drawn as bytes: NICs, a bond, VLANs, tunnels, VMs and VIFs, management anywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from hypothesis import strategies as st

from agent.model.model import Model
from agent.model.records import (
    PIF,
    VIF,
    VLAN,
    VM,
    Bond,
    Host,
    IPConfiguration,
    Network,
    Pool,
    PowerState,
    R,
    Record,
    Ref,
    Tunnel,
    TunnelProtocol,
    VMGuestMetrics,
)
from tests.worlds.world import mac, static, static6

T = TypeVar("T")

TAGS = (5, 6)
STATES = tuple(PowerState)
LIVE = (PowerState.RUNNING, PowerState.PAUSED)
PROPERTIES: tuple[Mapping[str, str], ...] = ({"gro": "on"}, {"gro": "off"}, {})


class Numbers:
    """Bytes, taken one after the other as small numbers; zeros when they are used up."""

    def __init__(self, data: bytes) -> None:
        self._rest = iter(data)

    def below(self, limit: int) -> int:
        return next(self._rest, 0) % limit

    def once_in(self, times: int) -> bool:
        """True once in so many times, but not for a zero: what is left out is the simpler model."""
        return self.below(times) == times - 1

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]


def numbers(count: int) -> st.SearchStrategy[Numbers]:
    """So many numbers."""
    return st.binary(min_size=count, max_size=count).map(Numbers)


MODELS = numbers(96).map(lambda drawn: Drawing(drawn).model())
"""Models without a violation; one host has everything, and sometimes another has nothing."""


class Drawing:
    """One model while it is drawn.  uuids are counted, so that a model is the same each time."""

    def __init__(self, drawn: Numbers) -> None:
        self.drawn = drawn
        self.records: dict[str, Record] = {}
        self.uuids = 0
        self.host = self.put(Host(uuid=self.uuid(), name_label="host1"))
        self.put(Pool(uuid=self.uuid(), master=self.host.ref))

    def model(self) -> Model:
        drawn = self.drawn
        if drawn.once_in(2):
            self.put(Host(uuid=self.uuid(), name_label="host2"))
        for carrier in self.carriers(2 + drawn.below(3)):
            for tag in TAGS:
                if drawn.once_in(3):
                    self.vlan(carrier, tag)
        for pif in self.all(PIF):
            if pif.ip_configuration.is_configured() and drawn.once_in(3):
                self.tunnel(pif)
        self.network(1500)
        for number in range(1 + drawn.below(3)):
            self.vm(number)
        self.manage()
        return Model(self.records)

    def carriers(self, nics: int) -> list[PIF]:
        """The NICs, of which some are in a bond, and the bond: what can carry something.

        Most have the same properties, because others can't be bonded.
        """
        properties = self.drawn.one_of(PROPERTIES)
        bonded = [self.drawn.once_in(3) for _ in range(nics)]
        found = []
        bond = Bond(uuid=self.uuid(), master=Ref(""))
        for number in range(nics):
            nic = self.pif(f"eth{number}", self.drawn.one_of((1500, 1500, 9000)), physical=True)
            nic = replace(nic, properties=properties)
            if bonded[number]:
                slave = self.put(replace(nic, bond_slave_of=bond.ref))
                bond = replace(bond, primary_slave=bond.primary_slave or slave.ref)
            elif self.drawn.once_in(8):
                found.append(self.used(replace(nic, properties=self.drawn.one_of(PROPERTIES))))
            else:
                found.append(self.used(nic))
        if any(bonded):
            master = self.pif("bond0", self.drawn.one_of((1500, 9000)))
            found.append(self.used(replace(master, properties=properties)))
            self.put(replace(bond, master=found[-1].ref))
        return found

    def used(self, pif: PIF) -> PIF:
        """The PIF with a configuration, a flag and a state."""
        return self.put(
            replace(
                pif,
                ip_configuration=self.configuration(),
                disallow_unplug=self.drawn.once_in(8),
                currently_attached=self.drawn.once_in(2),
                other_config=self.drawn.one_of(({}, {"colour": "red"}, {"defaultroute": "true"})),
            )
        )

    def configuration(self) -> IPConfiguration:
        """None, IPv4 or both, at an address that nothing else has."""
        net = len(self.records)
        four = static(f"10.0.{net}.2/24", f"10.0.{net}.1")
        six = static6(f"2001:db8:{net}::2/64")
        both = replace(four, ipv6_configuration_mode=six.ipv6_configuration_mode, IPv6=six.IPv6)
        return self.drawn.one_of((IPConfiguration(), IPConfiguration(), four, both))

    def vlan(self, lower: PIF, tag: int) -> None:
        upper = self.pif(lower.device, self.drawn.one_of((1500, 1400)), VLAN=tag)
        self.used(replace(upper, MAC="fe:ff:ff:ff:ff:ff"))
        config = {"order": str(len(self.records))}
        self.put(
            VLAN(uuid=self.uuid(), tagged_PIF=lower.ref, untagged_PIF=upper.ref, tag=tag, other_config=config)
        )

    def tunnel(self, transport: PIF) -> None:
        key = 1 + len(self.all(Tunnel))
        access = self.used(self.pif(f"tunnel{key - 1}", 1500))
        self.put(
            replace(access, currently_attached=access.currently_attached and transport.currently_attached)
        )
        protocol = self.drawn.one_of(tuple(TunnelProtocol))
        self.put(
            Tunnel(
                uuid=self.uuid(),
                access_PIF=access.ref,
                transport_PIF=transport.ref,
                protocol=protocol,
                key=key,
            )
        )

    def vm(self, number: int) -> None:
        """A VM in any state, with some VIFs."""
        state = self.drawn.one_of(STATES)
        hosts = (self.host.ref,) if self.drawn.once_in(2) else ()
        vm = VM(
            uuid=self.uuid(),
            name_label=f"vm{number}",
            power_state=state,
            resident_on=None if state == PowerState.HALTED else self.host.ref,
            possible_hosts=hosts,
            domid=number + 1 if state in LIVE else -1,
            guest_metrics=self.put(VMGuestMetrics(uuid=self.uuid(), PV_drivers_detected=True)).ref,
        )
        self.put(vm)
        for device in range(self.drawn.below(3)):
            self.vif(vm, device)

    def vif(self, vm: VM, device: int) -> None:
        """A VIF on any network; its PIF is plugged if it is, and can't be a slave."""
        network = self.drawn.one_of(self.all(Network))
        attached = vm.power_state != PowerState.HALTED and self.drawn.once_in(2)
        pifs = [pif for pif in self.all(PIF) if pif.network == network.ref]
        if attached and vm.power_state in LIVE:
            attached = not any(pif.bond_slave_of for pif in pifs)
            for pif in pifs if attached else ():
                self.plug(pif)
        self.put(
            VIF(
                uuid=self.uuid(),
                device=str(device),
                network=network.ref,
                VM=vm.ref,
                MAC=mac(len(self.records)),
                MTU=network.MTU,
                other_config={"ip": str(len(self.records))},
                currently_attached=attached,
            )
        )

    def manage(self) -> None:
        """Management on any PIF that can have it, or on none."""
        able = [pif for pif in self.all(PIF) if pif.ip_configuration.is_configured()]
        if able and not self.drawn.once_in(8):
            chosen = self.drawn.one_of(able)
            self.put(replace(chosen, management=True))
            self.plug(self.get(chosen))

    def plug(self, pif: PIF) -> None:
        """The PIF is plugged, and what a tunnel's stands on."""
        self.put(replace(self.get(pif), currently_attached=True))
        for tunnel in self.all(Tunnel):
            if tunnel.access_PIF == pif.ref:
                self.plug(next(p for p in self.all(PIF) if p.ref == tunnel.transport_PIF))

    def pif(self, device: str, MTU: int, *, physical: bool = False, VLAN: int = -1) -> PIF:
        """A PIF that has nothing, on a network of its own."""
        return self.put(
            PIF(
                uuid=self.uuid(),
                device=device,
                network=self.network(MTU).ref,
                host=self.host.ref,
                MAC=mac(len(self.records)),
                MTU=MTU,
                physical=physical,
                VLAN=VLAN,
            )
        )

    def network(self, MTU: int) -> Network:
        return self.put(Network(uuid=self.uuid(), bridge=f"xapi{100 + len(self.records)}", MTU=MTU))

    def uuid(self) -> str:
        self.uuids += 1
        return str(UUID(int=self.uuids))

    def put(self, record: R) -> R:
        self.records[record.ref] = record
        return record

    def get(self, record: R) -> R:
        """The record as it is now."""
        return next(found for found in self.all(type(record)) if found.ref == record.ref)

    def all(self, kind: type[R]) -> list[R]:
        return [record for record in self.records.values() if isinstance(record, kind)]

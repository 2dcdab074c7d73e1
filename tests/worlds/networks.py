"""Models for the planner's properties, drawn as a few small numbers so that they cost little."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from hypothesis import strategies as st

from agent.model.model import Model
from agent.model.records import (
    PIF,
    VIF,
    VLAN,
    VM,
    Bond,
    BondMode,
    Host,
    IPConfiguration,
    IPMode,
    Network,
    Pool,
    PowerState,
    Record,
    Ref,
    Tunnel,
    TunnelProtocol,
)
from tests.worlds.world import mac, static, static6

MOST_NICS = 5
BONDS = 2


@dataclass(frozen=True)
class Configuration:
    """What a PIF may have of IP: with the routes of the PIF, and of its network."""

    ip: IPConfiguration
    routes: str = ""
    network_routes: str = ""


WITH_DNS = static("192.0.2.10/24", "192.0.2.1", DNS="192.0.2.54")
BOTH = replace(
    static("203.0.113.5/26", "203.0.113.1"),
    ipv6_configuration_mode=IPMode.STATIC,
    IPv6=("2001:db8:2::5/64", "2001:db8:2::6/64"),
    ipv6_gateway="fe80::1",
)
CONFIGURATIONS = (
    Configuration(WITH_DNS),
    Configuration(static("192.0.2.11/24", "192.0.2.1"), routes="10.1.0.0/16/192.0.2.254"),
    Configuration(static("192.0.2.12/25")),
    Configuration(
        static("198.51.100.2/25"), network_routes="10.2.0.0/16/198.51.100.1,10.3.0.0/16/198.51.100.9"
    ),
    Configuration(static6("2001:db8:1::10/64", "2001:db8:1::1"), routes="2001:db8:77::/48/2001:db8:1::2"),
    Configuration(BOTH),
    Configuration(IPConfiguration(ipv6_configuration_mode=IPMode.AUTOCONF)),
)
MTUS = (1500, 1500, 9000, 1400)
PROPERTIES: tuple[Mapping[str, str], ...] = ({}, {"gro": "on"}, {"gro": "off"})


@dataclass(frozen=True)
class Use:
    """How a NIC or a bond is used.  configuration: a number in CONFIGURATIONS, beyond its end for none."""

    attached: bool
    configuration: int
    MTU: int
    flag: int

    @classmethod
    def of(cls, number: int) -> "Use":
        number, attached = divmod(number, 4)
        number, configuration = divmod(number, len(CONFIGURATIONS) + 3)
        number, MTU = divmod(number, len(MTUS))
        return cls(attached > 0, configuration, MTUS[MTU], number)


FLAGS = 8
MOST_USES = 4 * (len(CONFIGURATIONS) + 3) * len(MTUS) * FLAGS
USES = st.integers(0, MOST_USES - 1)


VLANS, TUNNELS, VMS = 3, 2, 2
TAGS = (10, 20)
UPPERS = st.integers(0, 24 * MOST_USES - 1)
"""Of a VLAN or a tunnel: half of them are not there."""
VIFS = st.integers(0, 63)
REMOTES = (
    {4: "192.0.2.201", 6: "2001:db8:1::201"},
    {4: "192.0.2.201,203.0.113.202", 6: "2001:db8:1::201,2001:db8:2::202"},
    {4: "192.0.2.203", 6: "2001:db8:1::203"},
)


@dataclass(frozen=True)
class Sketch:
    """A model in few words.  groups: 1 and 2 for bond0 and bond1.  management: the n-th that can be.

    vlans, tunnels: what each is on, and how it is used.  vifs: the network, and whether it is plugged.
    """

    groups: tuple[int, ...]
    nics: tuple[int, ...]
    bonds: tuple[int, ...]
    management: int
    vlans: tuple[int, ...] = ()
    tunnels: tuple[int, ...] = ()
    vifs: tuple[int, ...] = ()

    def model(self) -> Model:
        records = _records(self, set())
        able = [r for r in records if isinstance(r, PIF) and r.ip_configuration.is_configured()]
        return _model(records, able[self.management] if self.management < len(able) else None)

    def managed(self, place: int) -> Model:
        """The model with management on the place-th PIF that can have it, at the same address always."""
        records = _records(self, {0})
        tunnels = {r.access_PIF for r in records if isinstance(r, Tunnel)}
        able = [r for r in records if isinstance(r, PIF) and r.bond_slave_of is None and r.ref not in tunnels]
        chosen = able[place % len(able)] if able else None
        if chosen is None:
            return _model(records, None)
        routeless = [_routeless(record, chosen.network) for record in records]
        return _model(routeless, replace(chosen, ip_configuration=WITH_DNS, other_config={}))


def sketches(count: int) -> st.SearchStrategy[Sketch]:
    """Models of a host with so many NICs."""
    return st.builds(
        Sketch,
        st.tuples(*[st.integers(0, BONDS + 1)] * count),
        st.tuples(*[USES] * count),
        st.tuples(*[USES] * BONDS),
        st.integers(0, MOST_NICS + VLANS),
        st.tuples(*[UPPERS] * VLANS),
        st.tuples(*[UPPERS] * TUNNELS),
        st.tuples(*[VIFS] * VMS),
    )


def uuid(kind: int, number: int) -> str:
    return str(UUID(int=(kind << 64) + number))


def _routeless(record: Record, ref: str) -> Record:
    """A record, without static routes if it is the network of this reference."""
    return replace(record, other_config={}) if isinstance(record, Network) and record.ref == ref else record


def _model(records: Sequence[Record], management: PIF | None) -> Model:
    model: dict[str, Record] = {record.ref: record for record in records}
    if management is not None:
        model[management.ref] = replace(management, management=True, currently_attached=True)
    return Model(model)


def _records(sketch: Sketch, taken: set[int]) -> list[Record]:
    host = Host(uuid=uuid(1, 0), name_label="host1")
    records: list[Record] = [host, Pool(uuid=uuid(2, 0), master=host.ref)]
    for number in range(BONDS):
        members = [nic for nic, group in enumerate(sketch.groups) if group == number + 1]
        if members:
            records += _bond(host, number, members, Use.of(sketch.bonds[number]), taken)
    for number, group in enumerate(sketch.groups):
        use = Use.of(sketch.nics[number])
        slave_of = _bond_ref(group - 1, sketch) if group in range(1, BONDS + 1) else None
        if slave_of is not None or use.flag > 0:  # else nobody has introduced the NIC
            records += _nic(host, number, use, slave_of, taken)
    for number, upper in enumerate(sketch.vlans):
        records += _vlan(host, number, divmod(upper, MOST_USES), records, taken)
    for number, upper in enumerate(sketch.tunnels):
        records += _tunnel(host, number, divmod(upper, MOST_USES), records, taken)
    for number, choice in enumerate(sketch.vifs):
        records += _vm(host, number, choice, records)
    return records


def _bond_ref(number: int, sketch: Sketch) -> Ref[Bond]:
    """One of two bonds of the same name: a bond that is made anew is not the old one."""
    return Ref(f"OpaqueRef:{uuid(5 + Use.of(sketch.bonds[number]).flag % 2, number)}")


def _bond(host: Host, number: int, members: Sequence[int], use: Use, taken: set[int]) -> list[Record]:
    """A bond, its master and its network; its MAC is the first member's or one of its own."""
    network, master = _connected(host, f"xapi{number}", f"bond{number}", 10 + number, use, taken)
    primary = members[use.flag // 4 % len(members)]
    MAC = mac(0xB0 + number) if use.flag % 4 == 3 else mac(primary)
    bond = Bond(
        uuid=uuid(5 + use.flag % 2, number),
        master=master.ref,
        primary_slave=Ref(f"OpaqueRef:{uuid(4, primary)}"),
        mode=BondMode.BALANCE_SLB if use.configuration % 2 else BondMode.ACTIVE_BACKUP,
    )
    return [network, replace(master, MAC=MAC), bond]


def _nic(host: Host, number: int, use: Use, slave_of: Ref[Bond] | None, taken: set[int]) -> list[Record]:
    if slave_of is not None:
        use = replace(use, attached=False, configuration=len(CONFIGURATIONS))
    network, pif = _connected(host, f"xenbr{number}", f"eth{number}", number, use, taken)
    return [network, replace(pif, MAC=mac(number), physical=True, bond_slave_of=slave_of)]


def _bases(records: Sequence[Record]) -> list[PIF]:
    """The PIFs that can have a VLAN: NICs and bonds."""
    return [r for r in records if isinstance(r, PIF) and r.bond_slave_of is None and r.VLAN < 0]


def _vlan(
    host: Host, number: int, upper: tuple[int, int], records: Sequence[Record], taken: set[int]
) -> list[Record]:
    """A VLAN on a NIC or a bond, if there is one without this tag, with no larger packets than that."""
    bases, tag = _bases(records), TAGS[upper[0] % len(TAGS)]
    used = {(r.tagged_PIF, r.tag) for r in records if isinstance(r, VLAN)}
    bases = [pif for pif in bases if (pif.ref, tag) not in used]
    if not bases or upper[0] not in range(12):
        return []
    base, use = bases[upper[0] // len(TAGS) % len(bases)], Use.of(upper[1])
    use = replace(use, MTU=min(use.MTU, base.MTU))
    network, pif = _connected(host, f"xapi{20 + number}", base.device, 20 + number, use, taken)
    pif = replace(pif, VLAN=tag, MAC="fe:ff:ff:ff:ff:ff")
    vlan = VLAN(uuid=uuid(7, number), tagged_PIF=base.ref, untagged_PIF=pif.ref, tag=tag)
    return [network, pif, vlan]


def _tunnel(
    host: Host, number: int, upper: tuple[int, int], records: Sequence[Record], taken: set[int]
) -> list[Record]:
    """A tunnel over a PIF with a static address, if there is one; it is up only if that is."""
    static_ones = [r for r in records if isinstance(r, PIF) and not r.device.startswith("tunnel")]
    able = [pif for pif in static_ones if pif.ip_configuration.IP or pif.ip_configuration.IPv6]
    if not able or upper[0] not in range(12):
        return []
    transport, use = able[upper[0] % len(able)], Use.of(upper[1])
    use = replace(use, attached=use.attached and transport.currently_attached)
    network, pif = _connected(host, f"xapi{30 + number}", f"tunnel{number}", 30 + number, use, taken)
    version = 4 if transport.ip_configuration.IP else 6
    tunnel = Tunnel(
        uuid=uuid(8, number),
        access_PIF=pif.ref,
        transport_PIF=transport.ref,
        protocol=tuple(TunnelProtocol)[upper[0] % 2],
        other_config={"remote-ips": REMOTES[upper[0] // 2 % len(REMOTES)][version]},
        key=number + 1,
    )
    return [network, pif, tunnel]


def _vm(host: Host, number: int, choice: int, records: Sequence[Record]) -> list[Record]:
    """A running VM with one VIF, on some network or on one of its own; its device is vif<n>.0."""
    if choice not in range(32):
        return []
    networks = [record for record in records if isinstance(record, Network)]
    own = Network(uuid=uuid(3, 40 + number), bridge=f"xapi{40 + number}")
    network = [own, *networks][choice // 2 % (len(networks) + 1)]
    vm = VM(uuid=uuid(9, number), power_state=PowerState.RUNNING, resident_on=host.ref, domid=number)
    vif = VIF(
        uuid=uuid(10, number),
        device="0",
        network=network.ref,
        VM=vm.ref,
        MAC=mac(0x70 + number),
        MTU=network.MTU,
        currently_attached=choice % 2 > 0,
    )
    return [*([own] if network is own else []), vm, vif]


def _connected(
    host: Host, bridge: str, device: str, number: int, use: Use, taken: set[int]
) -> tuple[Network, PIF]:
    """A network and its PIF; a configuration that another PIF has already is not given twice."""
    free = use.configuration < len(CONFIGURATIONS) and use.configuration not in taken
    had = CONFIGURATIONS[use.configuration] if free else Configuration(IPConfiguration())
    taken |= {use.configuration}
    network = Network(
        uuid=uuid(3, number), bridge=bridge, MTU=use.MTU, other_config=_routes(had.network_routes)
    )
    pif = PIF(
        uuid=uuid(4, number),
        device=device,
        network=network.ref,
        host=host.ref,
        MAC=mac(number),
        MTU=use.MTU,
        currently_attached=use.attached,
        ip_configuration=had.ip,
        other_config=_routes(had.routes),
        properties={} if device.startswith("tunnel") else PROPERTIES[use.flag % len(PROPERTIES)],
    )
    return network, pif


def _routes(text: str) -> Mapping[str, str]:
    return {"static-routes": text} if text else {}

"""Models for the planner's properties, drawn as a few small numbers so that they cost little."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from hypothesis import strategies as st

from agent.model import (
    PIF,
    Bond,
    Host,
    IPConfiguration,
    IPMode,
    Model,
    Network,
    Pool,
    Record,
    Ref,
)
from tests.world import mac, static, static6

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
USES = st.integers(0, 4 * (len(CONFIGURATIONS) + 3) * len(MTUS) * FLAGS - 1)


@dataclass(frozen=True)
class Sketch:
    """A model in few words.  groups: 1 and 2 for bond0 and bond1.  management: the n-th that can be."""

    groups: tuple[int, ...]
    nics: tuple[int, ...]
    bonds: tuple[int, ...]
    management: int

    def model(self) -> Model:
        records = _records(self, set())
        able = [r for r in records if isinstance(r, PIF) and r.ip_configuration.is_configured()]
        return _model(records, able[self.management] if self.management < len(able) else None)

    def managed(self, place: int) -> Model:
        """The model with management on the place-th PIF that can have it, at the same address always."""
        records = _records(self, {0})
        able = [r for r in records if isinstance(r, PIF) and r.bond_slave_of is None]
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
        st.integers(0, MOST_NICS),
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
    )
    return [network, replace(master, MAC=MAC), bond]


def _nic(host: Host, number: int, use: Use, slave_of: Ref[Bond] | None, taken: set[int]) -> list[Record]:
    if slave_of is not None:
        use = replace(use, attached=False, configuration=len(CONFIGURATIONS))
    network, pif = _connected(host, f"xenbr{number}", f"eth{number}", number, use, taken)
    return [network, replace(pif, MAC=mac(number), physical=True, bond_slave_of=slave_of)]


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
    )
    return network, pif


def _routes(text: str) -> Mapping[str, str]:
    return {"static-routes": text} if text else {}

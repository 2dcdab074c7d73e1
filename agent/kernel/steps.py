"""The steps that change a kernel: what can be done, and how a person reads it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agent.kernel.addressing import DEFAULT_METRICS, MAIN_TABLE
from agent.kernel.kinds.kind import KINDS, Options
from agent.kernel.kinds.option import Changes, changes, table
from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.state import Address, Link, Route


class Refused(Exception):
    """The kernel would refuse, or has refused, a step."""

    def __init__(self, step: "Step", reason: str) -> None:
        super().__init__(step, reason)
        self.step, self.reason = step, reason

    def __str__(self) -> str:
        return f"{self.step}: {self.reason}"


class Step:
    """One change.  Its string is a line that a person reads in the log or the dry run.

    words: that line, with its fields in braces; a step that says more has a __str__ of its own.
    """

    words = ""

    def __init_subclass__(cls, *, words: str = "") -> None:
        cls.words = words

    def __str__(self) -> str:
        return self.words.format(**vars(self))


@dataclass(frozen=True)
class CreateLink(Step):
    link: Link

    def __str__(self) -> str:
        link = self.link
        above = f" on {link.lower}" if isinstance(link.options, VLANOptions) else ""
        inside = f" in {link.master}" if link.master else ""
        return f"create {link.kind} {link.name}{above}{inside} (MAC {link.MAC}, MTU {link.MTU})"


@dataclass(frozen=True)
class DeleteLinks(Step):
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"delete {', '.join(self.names)}"


@dataclass(frozen=True)
class SetUp(Step, words="set {name} up"):
    """quiet: as a port, it gives itself no IPv6 address, whose reports would tell switches where it is."""

    name: str
    quiet: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class SetDown(Step, words="set {name} down"):
    name: str


@dataclass(frozen=True)
class SetMaster(Step):
    """Make a link a port of another; an empty master takes it out.  freed: for good, it is as others then."""

    name: str
    master: str
    freed: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return f"put {self.name} into {self.master}" if self.master else f"take {self.name} out of its master"


@dataclass(frozen=True)
class SetMAC(Step, words="set the MAC of {name} to {MAC}"):
    name: str
    MAC: str


@dataclass(frozen=True)
class SetMTU(Step, words="set the MTU of {name} to {MTU}"):
    name: str
    MTU: int


@dataclass(frozen=True)
class SetMark(Step, words='mark {name} as "{alias}"'):
    """Set the group and the alias by which a device is known as pifd's."""

    name: str
    group: int
    alias: str


@dataclass(frozen=True)
class SetOptions(Step):
    """Change options of a device, those that are said and no others."""

    name: str
    kind: str
    changes: Changes

    def __str__(self) -> str:
        rows = table(KINDS[self.kind])
        said = (f"{name} to {rows[name].option.type.text(value) or 'none'}" for name, value in self.changes)
        return f"set {', '.join(said)} of {self.name}"


@dataclass(frozen=True)
class SetPortOptions(Step):
    """Change options of a bond's port."""

    name: str
    changes: Changes

    def __str__(self) -> str:
        said = ", ".join(f"{name} to {value}" for name, value in self.changes)
        return f"set {said} of {self.name} in its bond"


def setting(link: Link, after: Options) -> SetOptions:
    """The step that gives a device other options."""
    return SetOptions(link.name, link.kind, changes(link.options, after))


@dataclass(frozen=True)
class SetGRO(Step):
    """Whether a NIC or a bond puts received packets together (generic receive offload)."""

    name: str
    on: bool

    def __str__(self) -> str:
        return f"switch the gro of {self.name} {'on' if self.on else 'off'}"


@dataclass(frozen=True)
class SetIsolated(Step):
    """Whether a port exchanges nothing with the other isolated ports of its bridge."""

    name: str
    isolated: bool

    def __str__(self) -> str:
        return f"{'isolate' if self.isolated else 'no longer isolate'} {self.name} in its bridge"


@dataclass(frozen=True)
class SetLearning(Step):
    """Whether a bridge remembers who sends from a port; what it has remembered there, it forgets."""

    name: str
    learning: bool

    def __str__(self) -> str:
        how = "learn anew" if self.learning else "no longer learn"
        return f"{how} who is behind {self.name}"


@dataclass(frozen=True)
class AddFlood(Step, words="let {name} flood to {remote}"):
    """Send what a vxlan has no other place for to one more host."""

    name: str
    remote: str


@dataclass(frozen=True)
class RemoveFlood(Step, words="let {name} flood to {remote} no longer"):
    """Flood to a host no longer."""

    name: str
    remote: str


@dataclass(frozen=True)
class SetFilter(Step):
    """The filter rules of a balance-slb bond, for some ports, of which the first that has carrier is the one
    that takes broadcasts in; None for no rules."""

    name: str
    ports: tuple[str, ...] | None

    def __str__(self) -> str:
        if self.ports is None:
            return f"remove the filter rules of {self.name}"
        return f"set the filter rules of {self.name} for {', '.join(self.ports) or 'no port'}"


@dataclass(frozen=True)
class ForgetStations(Step):
    """Take in what comes from MACs that a balance-slb bond has sent for until now: they are elsewhere."""

    name: str
    MACs: tuple[str, ...]

    def __str__(self) -> str:
        return f"let the filter rules of {self.name} forget {', '.join(self.MACs)}"


@dataclass(frozen=True)
class SetActiveSlave(Step, words="make {slave} the active slave of {bond}"):
    bond: str
    slave: str


@dataclass(frozen=True)
class AddAddress(Step, words="add {address.interface} to {address.link}"):
    address: Address


@dataclass(frozen=True)
class DeleteAddress(Step, words="remove {address.interface} from {address.link}"):
    address: Address


@dataclass(frozen=True)
class SetRoute(Step):
    """Add a route, in place of the one with the same destination and metric if there is one.

    beside: not in its place but beside it, as only IPv6 can have them.
    """

    route: Route
    beside: bool = False

    def __str__(self) -> str:
        return f"route {_way(self.route)}"


@dataclass(frozen=True)
class DeleteRoute(Step):
    route: Route

    def __str__(self) -> str:
        return f"no longer route {_way(replace(self.route, gateway=''))}"


@dataclass(frozen=True)
class SetResolver(Step, words="write the name servers to resolv.conf"):
    """Write the text of resolv.conf."""

    text: str


@dataclass(frozen=True)
class CopyNeighbours(Step, words="copy the neighbours of {source} to {target}"):
    """Tell the target link the neighbours' MACs that the source link knows, lest a packet waits for ARP."""

    source: str
    target: str


@dataclass(frozen=True)
class CarrySettings(Step, words="carry the settings and rules of {source} over to {target}"):
    """Give the target what others have set for the source under /proc/sys/net, and its policy rules."""

    source: str
    target: str


@dataclass(frozen=True)
class AwaitCarrier(Step, words="wait for the carrier of {name}"):
    """Wait until a link has carrier; without it, go on after a while (the setting carrier_wait)."""

    name: str


@dataclass(frozen=True)
class AwaitAddresses(Step):
    """Wait until the kernel takes what is sent to IPv6 addresses: it does so a while after it got them."""

    name: str
    interfaces: tuple[str, ...]

    def __str__(self) -> str:
        return f"wait until {self.name} answers to {', '.join(self.interfaces)}"


@dataclass(frozen=True)
class Announce(Step):
    """Gratuitous ARP and unsolicited neighbour advertisements for a link's addresses.

    stations: the MACs of the VMs behind a bridge, for which a RARP goes out, lest the switches send to where
    they were.
    """

    name: str
    MAC: str
    interfaces: tuple[str, ...]
    stations: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.stations:
            return f"announce the addresses of {self.name}"
        if not self.interfaces:
            return f"announce the VMs behind {self.name}"
        return f"announce the addresses of {self.name} and the VMs behind it"


@dataclass(frozen=True)
class Together(Step):
    """Steps that are sent in one go.  Not a transaction: a refused one leaves those before it done.

    why: what somebody who reads the steps should know of them beforehand.
    """

    steps: tuple[Step, ...]
    why: str = ""

    def __str__(self) -> str:
        said = "in one go: " + "; ".join(str(step) for step in self.steps)
        return f"{said} ({self.why})" if self.why else said


def _way(route: Route) -> str:
    """A route as a person reads it."""
    via = f" via {route.gateway}" if route.gateway else ""
    table = f" in table {route.table}" if route.table != MAIN_TABLE else ""
    metric = f" with metric {route.metric}" if route.metric not in DEFAULT_METRICS.values() else ""
    return f"{route.destination}{via} over {route.link}{table}{metric}"


def names_in(step: Step) -> frozenset[str]:
    """The devices that a step speaks of."""
    match step:
        case Together(steps):
            return frozenset(name for part in steps for name in names_in(part))
        case CreateLink(link):
            return frozenset({link.name, link.lower} - {""})
        case DeleteLinks(names):
            return frozenset(names)
        case AddAddress(address) | DeleteAddress(address):
            return frozenset({address.link})
        case SetRoute(route) | DeleteRoute(route):
            return frozenset({route.link})
        case SetActiveSlave(bond, slave):
            return frozenset({bond, slave})
        case CopyNeighbours(source, target) | CarrySettings(source, target):
            return frozenset({source, target})
        case SetMaster(name, master):
            return frozenset({name, master} - {""})
    name = getattr(step, "name", "")
    return frozenset({name} if name else ())


def flat(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps with each Together taken apart."""
    return tuple(
        part for step in steps for part in (flat(step.steps) if isinstance(step, Together) else (step,))
    )

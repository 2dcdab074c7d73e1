"""KernelState: links, addresses, routes and the resolver's file, as they are or as they should be."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, fields

from agent.kernel.addressing import Address, NextHop, Route, parsed
from agent.kernel.kinds.bond import BondOptions
from agent.kernel.kinds.gre import GREOptions
from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.kinds.vxlan import VXLANOptions
from agent.kernel.link import DOOMED_GROUP, NIC_KINDS, Link, Role, altered
from agent.table import Table

# What a state consists of is imported from here, too.
__all__ = ("Address", "KernelState", "Link", "NextHop", "Role", "Route", "altered", "parsed")


def _keys_of(link: Link) -> tuple[Hashable, ...]:
    """What links are asked for by: whose they are, whose ports, what they sit on, what they can't share."""
    keys: list[Hashable] = [("also", name) for name in link.names]
    if link.owned:
        keys.append(OWNED)
    elif link.kind in NIC_KINDS:
        keys.append(LOOSE)
    if link.role != Role.NONE:
        keys.append(link.role)
    if link.group == DOOMED_GROUP and not link.owned:
        keys.append(DOOMED)
    if link.master:
        keys.append(("master", link.master))
    if link.lower:
        keys.append(("lower", link.lower))
    if not link.learning:
        keys.append(HUSHED)
    if link.bound:
        keys.append(("bound", link.bound))
    if isinstance(link.options, VLANOptions | GREOptions | VXLANOptions):
        keys.append(_identity(link))
    if isinstance(link.options, BondOptions) and link.options.hashes_by_source:
        keys.append(BY_SOURCE)
    if link.filter is not None:
        keys.append(FILTERED)
    return tuple(keys)


OWNED, LOOSE, DOOMED = "pifd's", "somebody's, of a NIC's kind", "somebody's, in pifd's group"
HUSHED = "a port that does not learn"
BY_SOURCE, FILTERED = "each source goes by one port of it", "has filter rules"


def _identity(link: Link) -> Hashable:
    """What two devices of a kind can't share."""
    match link.options:
        case VXLANOptions(vni=vni, port=port):
            return link.kind, vni, port
        case GREOptions(key=key, local=local, remote=remote):
            return link.kind, link.lower, key, local, remote
        case options:
            return link.kind, link.lower, options


@dataclass(frozen=True, slots=True)
class KernelState:
    """Everything that pifd reads and writes.

    An IPv6 link-local address that the kernel gave to a device by itself is not in here, nor is the route
    that comes and goes with an address.
    resolver: the text of resolv.conf, None when somebody else's program writes it (it is a symbolic link).
    ipv6: whether new links can have IPv6.  no_ipv6: the links that have IPv4 addresses, and on which somebody
    switched IPv6 off.  vital: the addresses by which the host is managed, if it is known.
    next_hops: the next hop objects, which pifd only looks at.
    """

    links: Mapping[str, Link] = field(default_factory=dict)
    addresses: frozenset[Address] = frozenset()
    routes: frozenset[Route] = frozenset()
    resolver: str | None = ""
    ipv6: bool = field(default=True, compare=False)
    no_ipv6: frozenset[str] = field(default=frozenset(), compare=False)
    vital: frozenset[str] = field(default=frozenset(), compare=False)
    next_hops: frozenset[NextHop] = field(default=frozenset(), compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.links, Table):
            object.__setattr__(self, "links", Table(self.links, _keys_of))

    def with_table(self, table: Table[Link]) -> "KernelState":
        """The same with other links; as `replace`, in a third of the time, for it is done for each step."""
        other = object.__new__(KernelState)
        for member in STATE_MEMBERS:
            member.__set__(other, member.__get__(self))
        LINKS.__set__(other, table)
        return other

    @property
    def table(self) -> Table[Link]:
        """The links, as what they are kept in."""
        return self.links  # type: ignore[return-value]

    @property
    def owned(self) -> list[str]:
        """The names of pifd's links, sorted."""
        return self.table.having(OWNED)

    @property
    def loose(self) -> list[str]:
        """The names of somebody else's links that are of a NIC's kind, sorted."""
        return self.table.having(LOOSE)

    @property
    def is_group_shared(self) -> bool:
        """Whether somebody else's device is in the group by which pifd deletes many."""
        return self.table.has(DOOMED)

    @property
    def hushed(self) -> list[str]:
        """The names of the ports that do not learn, sorted."""
        return self.table.having(HUSHED)

    @property
    def has_filters(self) -> bool:
        """Whether any bond has filter rules."""
        return self.table.has(FILTERED)

    @property
    def filtered(self) -> list[str]:
        """The names of the bonds that have filter rules, sorted."""
        return self.table.having(FILTERED)

    def in_role(self, role: Role) -> list[str]:
        """The names of the links that have a role, sorted."""
        return self.table.having(role)

    def has_also(self, name: str) -> str:
        """A device that has this as an alternative name; "" for none."""
        return next(self.table.each_having(("also", name)), "")

    def ports(self, master: str) -> Iterator[Link]:
        """The ports of a bridge or bond, in the order of their names."""
        return (self.links[name] for name in self.table.having(("master", master)))

    def users(self, name: str) -> Iterator[Link]:
        """Somebody else's devices that need a device: what sits on it, and tunnels that go by it."""
        for link in (self.links[upper] for upper in self.table.having(("bound", name))):
            if not link.owned:
                yield link
        yield from (link for link in self.uppers(name) if not link.owned)

    def uppers(self, lower: str) -> Iterator[Link]:
        """The devices that sit on a device, in the order of their names."""
        return (self.links[name] for name in self.table.having(("lower", lower)))

    def twins(self, link: Link) -> list[str]:
        """The names of the VLANs or tunnels that a VLAN or tunnel can't be beside."""
        return self.table.having(_identity(link))

    def top(self, name: str) -> str:
        """The device that stands for a link to the outside: the last master above it, or itself."""
        seen = {name}
        while (link := self.links.get(name)) and link.master and link.master not in seen:
            name = link.master
            seen.add(name)
        return name

    def addresses_of(self, name: str) -> tuple[Address, ...]:
        """The addresses of a link, sorted."""
        return tuple(sorted(address for address in self.addresses if address.link == name))


STATE_MEMBERS = [KernelState.__dict__[one.name] for one in fields(KernelState)]
LINKS = KernelState.__dict__["links"]

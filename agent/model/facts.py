"""What a rule may know of the machine beside the model: its NICs, with what they carry."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.model.records import BondMode, KeptAddress, KeptRoute


@dataclass(frozen=True, slots=True, kw_only=True)
class NIC:
    """A device that counts as a NIC, as the kernel has it.

    addresses: `address/prefix length`, of IPv4 one at the most.  leased: those of them that have a lifetime.
    gateway, ipv6_gateway: of the best default routes through it, which have these metrics (None for none).
    routes: the others through a gateway, `(subnet, gateway)`.  kept_addresses, kept_routes: those that have
    more to them.  others: what somebody else's program put there, for people to read.
    permanent_MAC, card: what is burnt in, and the place on the PCI bus; "" where there is none.
    in_use: by which foreign device, if any.  configured_by: which program that runs does, with the recipe to
    hand the NIC over.  unsupported: what it carries that can't be moved, for people to
    read.  gro: whether it puts received packets together, None where it can't tell.
    """

    device: str
    MAC: str
    MTU: int
    permanent_MAC: str = ""
    card: str = ""
    up: bool = True
    addresses: tuple[str, ...] = ()
    gateway: str = ""
    ipv6_gateway: str = ""
    metric: int | None = None
    ipv6_metric: int | None = None
    leased: tuple[str, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()
    kept_addresses: tuple[KeptAddress, ...] = ()
    kept_routes: tuple[KeptRoute, ...] = ()
    others: tuple[str, ...] = ()
    in_use: str = ""
    configured_by: str = ""
    unsupported: tuple[str, ...] = ()
    gro: bool | None = None

    @property
    def is_others(self) -> bool:
        """Whether somebody else has it, so that pifd must not touch it."""
        return bool(self.in_use or self.configured_by)

    @property
    def carries(self) -> bool:
        """Whether the host, or somebody on it, has an address or a route here."""
        return bool(self.addresses or self.kept_addresses or self.kept_routes or self.routes or self.others)


@dataclass(frozen=True, slots=True)
class Bonding:
    """What the running kernel's bonding can't do, each with the reason.

    lacks: by option, by `option=value`, or by `mode=…` for one that takes more than an option.
    default_mode: of a bond for which nobody names one.
    """

    lacks: Mapping[str, str] = field(default_factory=dict)
    default_mode: BondMode = BondMode.BALANCE_SLB


class NotProbed(Exception):
    """Nobody has asked the kernel yet what its bonding can do: ask, and decide again."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The NICs in the order of their names, the devices that pifd made, the resolver's name servers, and all
    names that devices have, alternative ones included.

    bonding: None until somebody needs it, because to ask loads the kernel's module.
    """

    nics: tuple[NIC, ...] = ()
    owned: Sequence[str] = ()
    nameservers: tuple[str, ...] = ()
    names: Container[str] = frozenset()
    bonding: Bonding | None = Bonding()

    def is_others(self, name: str) -> bool:
        """Whether a device that is not pifd's is called so, by an alternative name either."""
        return any(nic.device == name for nic in self.nics) or (name in self.names and name not in self.owned)

    @property
    def probed_bonding(self) -> Bonding:
        """What bonding can't do.  Raises NotProbed."""
        if self.bonding is None:
            raise NotProbed
        return self.bonding


NO_FACTS = Facts()


def with_configurers(facts: Facts, at_work_on: Callable[[str], str], known: Container[str] = ()) -> Facts:
    """Facts that know which program configures a NIC.  known: those that need not be asked for."""
    nics = (
        nic if nic.device in known else replace(nic, configured_by=at_work_on(nic.device))
        for nic in facts.nics
    )
    return replace(facts, nics=tuple(nics))


def words_of_leases(facts: Facts) -> Iterator[str]:
    """A line for each address that somebody renews, and will not find where it was."""
    for nic in facts.nics:
        for interface in nic.leased:
            yield f"{interface} of {nic.device} has a lifetime: it is kept as a static address"

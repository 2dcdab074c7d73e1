"""What a rule may know of the machine beside the model: its NICs, with what they carry."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NIC:
    """A device that counts as a NIC, as the kernel has it.

    addresses: `address/prefix length`.  leased: those of them that have a lifetime.  gateway, ipv6_gateway:
    of the default routes through it.  routes: the others through a gateway, `(subnet, gateway)`.  in_use: by
    which foreign device, if any.  unsupported: what it carries that no PIF can hold, for people to read.
    gro: whether it puts received packets together, None where it can't tell.
    """

    device: str
    MAC: str
    MTU: int
    addresses: tuple[str, ...] = ()
    gateway: str = ""
    ipv6_gateway: str = ""
    leased: tuple[str, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()
    in_use: str = ""
    unsupported: tuple[str, ...] = ()
    gro: bool | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """The NICs in the order of their names, the devices that pifd made, and the resolver's name servers."""

    nics: tuple[NIC, ...] = ()
    owned: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()


def words_of_leases(facts: Facts) -> Iterator[str]:
    """A line for each address that somebody renews, and will not find where it was."""
    for nic in facts.nics:
        for interface in nic.leased:
            yield f"{interface} of {nic.device} has a lifetime: it is kept as a static address"

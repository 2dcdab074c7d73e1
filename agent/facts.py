"""What a rule may know of the machine beside the model: its NICs, with what they carry."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NIC:
    """A device that counts as a NIC, as the kernel has it.

    addresses: `address/prefix length`, the permanent ones first.  gateway, ipv6_gateway: of the default
    routes through it.  routes: the other routes through a gateway, `(subnet, gateway)`.  in_use: by which
    foreign device, if any.  unsupported: what it carries that no PIF can hold, for people to read.
    """

    device: str
    MAC: str
    MTU: int
    addresses: tuple[str, ...] = ()
    gateway: str = ""
    ipv6_gateway: str = ""
    autoconf: bool = False
    routes: tuple[tuple[str, str], ...] = ()
    in_use: str = ""
    unsupported: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """The NICs in the order of their names, the names of all devices, and the resolver's name servers."""

    nics: tuple[NIC, ...] = ()
    devices: frozenset[str] = frozenset()
    nameservers: tuple[str, ...] = ()

"""Messages about addresses, as what they say (linux/if_addr.h)."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from agent.kernel.state import Address, Link, parsed
from agent.netlink.messages.message import ADDRESS, ADDRESS_ATTRIBUTES, BODY, attributes, u32
from agent.netlink.messages.rest import (
    IFA_ADDRESS,
    IFA_FLAGS,
    IFA_LOCAL,
    IFA_PROTO,
    IFAPROT_KERNEL_LL,
    STABLE_PRIVACY,
    address_of,
    has_no_prefix_route,
)


@dataclass(frozen=True, slots=True)
class AddressEntry:
    """An address as a message tells of it.  key: what no two of a host have in common."""

    key: tuple[Any, ...]
    family: int
    index: int
    local: bytes
    message: bytes

    def on(self, link: Link) -> Address | None:
        """The address of this link; None of a link-local one that the kernel gave to it by itself."""
        address = address_of(self.message, link.name)
        own = address.link_local and is_kernels_own(self.message, address, link)
        return None if own else address


def address_entry(message: bytes) -> AddressEntry:
    """What RTM_NEWADDR or RTM_DELADDR says.  Raises MALFORMED, for another family than IPv4 and IPv6, too."""
    family, length, _, _, index = ADDRESS.unpack_from(message, BODY)
    found = attributes(message, ADDRESS_ATTRIBUTES)
    peer = found.get(IFA_ADDRESS, b"")
    local = found.get(IFA_LOCAL, peer)
    address_of(message, "")  # what can't be read is left out now, not at each look
    return AddressEntry((family, index, local, length, peer), family, index, local, message)


def is_kernels_own(raw: bytes, address: Address, link: Link) -> bool:
    """Whether the kernel made this link-local address.  Before 5.18 only how it looks can tell."""
    found = attributes(raw, ADDRESS_ATTRIBUTES)
    if found.get(IFA_PROTO, b"\0") != b"\0":
        return found[IFA_PROTO] == bytes([IFAPROT_KERNEL_LL])
    if link.owned:
        return False
    made_of = {eui64(MAC) for MAC in (link.MAC, link.original_MAC) if MAC.count(":") == 5}
    is_stable = bool(u32(found, IFA_FLAGS) & STABLE_PRIVACY)
    return is_stable or parsed(address.interface).ip.packed[8:] in made_of


def eui64(MAC: str) -> bytes:
    """The second half of the address that the kernel makes of a MAC (RFC 4291, appendix A)."""
    octets = bytes.fromhex(MAC.replace(":", ""))
    return bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:]


def subnets_of(address: Address) -> Iterator[str]:
    """The subnets to which a route comes and goes with an address."""
    if not has_no_prefix_route(address):
        own = parsed(address.interface).network
        yield str(own)
        if address.peer:
            yield str(ip_network(f"{address.peer}/{own.prefixlen}", strict=False))

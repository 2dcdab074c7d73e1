"""MAC addresses, as callers write them and as pifd makes them."""

import re

from agent.errors import MACInvalid
from agent.model.device_names import digest

SIX_OCTETS = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
MULTICAST_BIT = 0x01
LOCAL_BIT = 0x02


def checked_mac(MAC: str) -> str:
    """The address in lower case; MAC_INVALID unless it is six octets that a device can have."""
    lower = MAC.lower()
    if not SIX_OCTETS.fullmatch(lower) or int(lower[:2], 16) & MULTICAST_BIT or lower == "00:00:00:00:00:00":
        raise MACInvalid(MAC)
    return lower


def local_mac(octets: bytes) -> str:
    """A locally administered unicast address of the first six octets."""
    first = octets[0] & ~MULTICAST_BIT | LOCAL_BIT
    return ":".join(f"{octet:02x}" for octet in (first, *octets[1:6]))


def mac_of_network(uuid: str) -> str:
    """That of a network's bridge that has no NIC: always the same for the same network."""
    return local_mac(bytes([LOCAL_BIT, 0, *bytes.fromhex(digest(uuid)[:8])]))

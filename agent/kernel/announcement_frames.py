"""The frames that tell neighbours where an address is now, and switches where a VM is.

Gratuitous ARP (RFC 5227, section 3), unsolicited neighbour advertisement (RFC 4861, section 7.2.6), and RARP
(RFC 903).
"""

import struct
from ipaddress import IPv4Address, IPv6Address, ip_interface

BROADCAST = b"\xff" * 6
ALL_NODES_MAC = bytes.fromhex("333300000001")
ALL_NODES = IPv6Address("ff02::1").packed
ETHERTYPE_ARP, ETHERTYPE_RARP, ETHERTYPE_IPV6 = 0x0806, 0x8035, 0x86DD
ICMPV6, NEIGHBOUR_ADVERTISEMENT, OVERRIDE, TARGET_LINK_LAYER_ADDRESS = 58, 136, 0x20000000, 2


def frame(MAC: str, interface: str) -> bytes:
    """The Ethernet frame that announces an address, `192.0.2.10/24` or `2001:db8::1/64`, at a MAC."""
    source = bytes.fromhex(MAC.replace(":", ""))
    ip = ip_interface(interface).ip
    if isinstance(ip, IPv4Address):
        return _ethernet(BROADCAST, source, ETHERTYPE_ARP, _gratuitous_arp(source, ip.packed))
    return _ethernet(ALL_NODES_MAC, source, ETHERTYPE_IPV6, _unsolicited_advertisement(source, ip.packed))


def rarp(MAC: str) -> bytes:
    """The frame in a VM's name that shows its MAC to the switches; nobody answers it."""
    source = bytes.fromhex(MAC.replace(":", ""))
    request = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 3) + (source + bytes(4)) * 2
    return _ethernet(BROADCAST, source, ETHERTYPE_RARP, request)


def _ethernet(target: bytes, source: bytes, ethertype: int, payload: bytes) -> bytes:
    return (target + source + struct.pack("!H", ethertype) + payload).ljust(60, b"\0")


def _gratuitous_arp(MAC: bytes, ip: bytes) -> bytes:
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + MAC + ip + bytes(6) + ip


def _unsolicited_advertisement(MAC: bytes, ip: bytes) -> bytes:
    option = struct.pack("!BB", TARGET_LINK_LAYER_ADDRESS, 1) + MAC
    body = struct.pack("!I", OVERRIDE) + ip + option
    length = 4 + len(body)
    pseudo = ip + ALL_NODES + struct.pack("!II", length, ICMPV6)
    checksum = _checksum(pseudo + struct.pack("!BBH", NEIGHBOUR_ADVERTISEMENT, 0, 0) + body)
    header = struct.pack("!IHBB", 6 << 28, length, ICMPV6, 255) + ip + ALL_NODES
    return header + struct.pack("!BBH", NEIGHBOUR_ADVERTISEMENT, 0, checksum) + body


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF

"""Between which addresses a tunnel runs: the transport PIF's own, and those in its other_config."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

from agent.model.model import Model, pifs_on, tunnel_over
from agent.model.records import AddressType, Host, IPConfiguration, IPMode, Ref, Tunnel

REMOTE_IPS = "remote-ips"
"""The other_config key of a tunnel: the other hosts' addresses, of one family, with commas in between."""


def remote_ips(tunnel: Tunnel) -> tuple[str, ...]:
    """The other ends, sorted, each once: those that somebody has written, and the pool's."""
    written = (*tunnel.other_config.get(REMOTE_IPS, "").split(","), *tunnel.peers)
    return tuple(sorted({str(ip_address(text.strip())) for text in written if text.strip()}))


def peers_of(model: Model, tunnel: Tunnel) -> tuple[str, ...]:
    """Where the other hosts' tunnels of the network end, in the family of this end's address.

    A host that is lost has no end.
    """
    return tuple(sorted({end for host, end in ends_of(model, tunnel) if not is_lost(model, host)}))


def ends_of(model: Model, tunnel: Tunnel) -> Iterator[tuple[Ref[Host], str]]:
    """By the host, where another one's tunnel of the network ends, in the family of this end's address."""
    access = model.get(tunnel.access_PIF)
    here = local_address(model, replace(tunnel, peers=()))
    for pif in pifs_on(model, access.network) if here else ():
        other = tunnel_over(model, pif)
        if pif.host != access.host and other is not None:
            transport = model.get(other.transport_PIF)
            end = address_of(transport.ip_configuration, ip_address(here).version)
            if end not in ("", here):
                yield pif.host, end


def is_lost(model: Model, host: Ref[Host]) -> bool:
    record = model.records.get(host)
    return isinstance(record, Host) and record.is_lost


def local_address(model: Model, tunnel: Tunnel) -> str:
    """This end: the transport PIF's address in the family of the other ends; "" when it has none.

    Without other ends it is in the family that the transport PIF prefers, if it has that, else the other one.
    """
    ip = model.get(tunnel.transport_PIF).ip_configuration
    remotes = remote_ips(tunnel)
    if remotes:
        return address_of(ip, ip_address(remotes[0]).version)
    preferred = 6 if ip.primary_address_type == AddressType.IPV6 else 4
    return address_of(ip, preferred) or address_of(ip, 10 - preferred)


def address_of(ip: IPConfiguration, version: int) -> str:
    """The first static address of a family, without prefix length."""
    if version == 4:
        return ip.IP if ip.ip_configuration_mode == IPMode.STATIC else ""
    addresses = ip.IPv6 if ip.ipv6_configuration_mode == IPMode.STATIC else ()
    return next((address.partition("/")[0] for address in addresses if address), "")

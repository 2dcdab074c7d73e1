"""A tunnel's key, which tells its network from all others: the network's tunnel-key, or the smallest free."""

import re
from collections.abc import Iterator
from dataclasses import replace

from agent.errors import InvalidValue
from agent.model.draft import Draft
from agent.model.model import Model, pifs_on, tunnel_over
from agent.model.records import Network, Pool, Ref, Tunnel

TUNNEL_KEY = "tunnel-key"
"""The other_config key of a network: its tunnel's key on every host."""

KEYS = range(1, 1 << 24)
"""VXLAN's network identifier has 24 bits (RFC 7348); GRE's key would have 32."""

PLAIN_NUMBER = re.compile("[0-9]{1,8}")


def key_for(model: Model, network: Network) -> int:
    """The key of a new tunnel on this network: that of its tunnels on other hosts, or of earlier ones."""
    check_tunnel_key(model, network)
    given = network.other_config.get(TUNNEL_KEY)
    if given is not None:
        return int(given)
    taken = {key for _, key in keys_in_use(model)}
    return key_of(model, network) or next(key for key in KEYS if key not in taken)


def keep_key(draft: Draft, network: Network, key: int) -> None:
    """In a pool of several hosts a network keeps its key, so that all of its tunnels have the same."""
    if any(pool.is_shared for pool in draft.model.all(Pool)) and network.tunnel_key != key:
        draft.put(replace(network, tunnel_key=key))


def check_tunnel_key(model: Model, network: Network) -> None:
    """A network's tunnel-key is a number, no other network's tunnel's, and stays while it has a tunnel."""
    given = network.other_config.get(TUNNEL_KEY)
    if given is None:
        return
    if not PLAIN_NUMBER.fullmatch(given) or int(given) not in KEYS:
        raise InvalidValue(TUNNEL_KEY, f"{given}: not a number from {KEYS[0]} to {KEYS[-1]}")
    own = key_of_tunnel(model, network)
    if own is not None and own != int(given):
        raise InvalidValue(TUNNEL_KEY, f"{given}: the network's tunnel has the key {own} already")
    if any(key == int(given) and ref != network.ref for ref, key in keys_in_use(model)):
        raise InvalidValue(TUNNEL_KEY, f"{given}: another network's tunnel has this key")


def key_of(model: Model, network: Network) -> int | None:
    """The key that the network's tunnels have, or are to have."""
    return key_of_tunnel(model, network) or network.tunnel_key or None


def key_of_tunnel(model: Model, network: Network) -> int | None:
    """The key of the tunnels that carry a network, on whichever host."""
    found = (tunnel_over(model, pif) for pif in pifs_on(model, network.ref))
    return next((tunnel.key for tunnel in found if tunnel is not None), None)


def keys_in_use(model: Model) -> Iterator[tuple[Ref[Network], int]]:
    """The networks that have a key."""
    yield from ((network.ref, network.tunnel_key) for network in model.all(Network) if network.tunnel_key)
    yield from ((model.get(tunnel.access_PIF).network, tunnel.key) for tunnel in model.all(Tunnel))

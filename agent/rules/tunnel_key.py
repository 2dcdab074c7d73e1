"""A tunnel's key, which tells its network from all others: the network's tunnel-key, or the smallest free."""

import re

from agent.errors import InvalidValue
from agent.model.model import Model, pifs_on, tunnel_over
from agent.model.records import Network, Tunnel

TUNNEL_KEY = "tunnel-key"
"""The other_config key of a network: its tunnel's key on every host."""

KEYS = range(1, 1 << 24)
"""VXLAN's network identifier has 24 bits (RFC 7348); GRE's key would have 32."""

PLAIN_NUMBER = re.compile("[0-9]{1,8}")


def key_for(model: Model, network: Network) -> int:
    """The key of a new tunnel on this network."""
    check_tunnel_key(model, network)
    given = network.other_config.get(TUNNEL_KEY)
    taken = {tunnel.key for tunnel in model.all(Tunnel)}
    return int(given) if given is not None else next(key for key in KEYS if key not in taken)


def check_tunnel_key(model: Model, network: Network) -> None:
    """A network's tunnel-key is a number, no other network's tunnel's, and stays while it has a tunnel."""
    given = network.other_config.get(TUNNEL_KEY)
    if given is None:
        return
    if not PLAIN_NUMBER.fullmatch(given) or int(given) not in KEYS:
        raise InvalidValue(TUNNEL_KEY, f"{given}: not a number from {KEYS[0]} to {KEYS[-1]}")
    own = tunnel_of(model, network)
    if own is not None and own.key != int(given):
        raise InvalidValue(TUNNEL_KEY, f"{given}: the network's tunnel has the key {own.key} already")
    if any(tunnel.key == int(given) and tunnel != own for tunnel in model.all(Tunnel)):
        raise InvalidValue(TUNNEL_KEY, f"{given}: another network's tunnel has this key")


def tunnel_of(model: Model, network: Network) -> Tunnel | None:
    """The tunnel that carries a network on this host."""
    found = (tunnel_over(model, pif) for pif in pifs_on(model, network.ref))
    return next((tunnel for tunnel in found if tunnel is not None), None)

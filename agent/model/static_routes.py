"""Static routes, as XenAPI writes them: `subnet/prefix length/gateway`, comma-separated."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network

from agent.errors import InvalidValue

STATIC_ROUTES = "static-routes"


def check_static_routes(other_config: Mapping[str, str]) -> None:
    """Refuse the key `static-routes` when any of its routes does not parse (none is dropped silently)."""
    try:
        parse_static_routes(other_config)
    except ValueError:
        raise InvalidValue("other_config", f"{STATIC_ROUTES} = {other_config[STATIC_ROUTES]}") from None


def parse_static_routes(other_config: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The routes of an other_config as (subnet, gateway); ValueError when one does not parse."""
    return tuple(_parse(text) for text in other_config.get(STATIC_ROUTES, "").split(",") if text)


def format_static_routes(routes: Iterable[tuple[str, str]]) -> str:
    """The inverse of parse_static_routes."""
    return ",".join(f"{subnet}/{gateway}" for subnet, gateway in routes)


def _parse(text: str) -> tuple[str, str]:
    subnet, _, gateway = text.strip().rpartition("/")
    network, via = ip_network(subnet), ip_address(gateway)
    if network.version != via.version:
        raise ValueError(f"{subnet} and {gateway} are of different families")
    return str(network), str(via)

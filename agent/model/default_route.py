"""Over which PIF the default route of an address family goes."""

from collections.abc import Iterable

from agent.model.records import PIF, IPMode

DEFAULT_ROUTE = "defaultroute"
"""The other_config key of a PIF whose gateway is taken before all others' (XenAPI)."""


def gateway_pif(pifs: Iterable[PIF], version: int) -> PIF | None:
    """Whose gateway the default route takes: other_config:defaultroute, else management, else the first.

    Only PIFs that have a gateway count.  XenAPI's implementation looks at management first and may find none
    there; then a host would lose its default route by a change that says nothing of routes.
    """
    candidates = [pif for pif in pifs if gateway_of(pif, version)]
    chosen = [pif for pif in candidates if is_chosen(pif)]
    management = [pif for pif in candidates if pif.management]
    return next(iter([*chosen, *management, *candidates]), None)


def is_chosen(pif: PIF) -> bool:
    """Whether a caller has said that its gateway is to be taken."""
    return pif.other_config.get(DEFAULT_ROUTE) == "true"


def gateway_of(pif: PIF, version: int) -> str:
    """The PIF's gateway of a family, "" for none."""
    ip = pif.ip_configuration
    if version == 6:
        return ip.ipv6_gateway if ip.ipv6_configuration_mode != IPMode.NONE else ""
    return ip.gateway if ip.ip_configuration_mode == IPMode.STATIC else ""

"""The rows on a host that has no IPv4 address: what they say of the host's addresses, said in IPv6."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agent.model.device_names import gre_device
from tests.scenarios.scenario import ADDRESS, FAR_ADDRESS, Call, Plugged, Scenario
from tests.scenarios.steps import ON_THE_VLAN

OVER_IPV6 = {ADDRESS: "2001:db8::10", FAR_ADDRESS: "2001:db8::2", ON_THE_VLAN: "2001:db8:10::10"}
"""The addresses of the rows, and those in their places."""
PREFIXES = {f"{four}/24": f"{six}/64" for four, six in OVER_IPV6.items()}
DEVICES = {gre_device("tunnel0", FAR_ADDRESS): gre_device("tunnel0", OVER_IPV6[FAR_ADDRESS])}


def over_ipv6(row: Scenario) -> Scenario:
    """The same row, for such a host."""
    return replace(
        row,
        name=f"IPv6 alone: {row.name}",
        before=tuple(_step(step) for step in row.before),
        model={name: None if fields is None else _fields(fields) for name, fields in row.model.items()},
        ports={name: _ports(ports) for name, ports in row.ports.items()},
        addresses={name: PREFIXES[address] for name, address in row.addresses.items()},
        managed_at=OVER_IPV6[row.managed_at],
    )


def _step(step: Call | Plugged) -> Call | Plugged:
    if isinstance(step, Plugged):
        return step
    if step.method == "PIF.reconfigure_ip":
        pif, mode, address, *_ = step.arguments
        return replace(
            step,
            method="PIF.reconfigure_ipv6",
            arguments=(pif, mode, f"{OVER_IPV6[str(address)]}/64", "", ""),
        )
    return replace(step, arguments=tuple(OVER_IPV6.get(str(value), value) for value in step.arguments))


def _fields(fields: Mapping[str, object]) -> Mapping[str, object]:
    found: dict[str, Any] = {}
    for key, value in fields.items():
        if key == "IP":
            found["IPv6"] = [PREFIXES[f"{value}/24"]] if value else []
        elif key == "other_config" and isinstance(value, Mapping):
            found[key] = {name: OVER_IPV6.get(str(text), text) for name, text in value.items()}
        else:
            found[key] = value
    return found


def _ports(ports: str) -> str:
    return " ".join(sorted(DEVICES.get(port, port) for port in ports.split()))

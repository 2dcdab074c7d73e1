"""Which kinds of devices pifd makes, and the table of each."""

from collections.abc import Mapping

from agent.kernel.kinds.bond import BondOptions
from agent.kernel.kinds.bridge import BridgeOptions
from agent.kernel.kinds.gre import GREOptions
from agent.kernel.kinds.option import decoded
from agent.kernel.kinds.types import Names
from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.kinds.vxlan import VXLANOptions

Options = BondOptions | BridgeOptions | VLANOptions | GREOptions | VXLANOptions

KINDS: Mapping[str, type[Options]] = {
    "bond": BondOptions,
    "bridge": BridgeOptions,
    "vlan": VLANOptions,
    "gretap": GREOptions,
    "ip6gretap": GREOptions,
    "vxlan": VXLANOptions,
}


def options_of(kind: str, data: bytes, names: Names) -> Options | None:
    """What stands in IFLA_INFO_DATA of a kind that pifd makes; None of any other."""
    options = KINDS.get(kind)
    return decoded(options, data, names) if options is not None and data else None

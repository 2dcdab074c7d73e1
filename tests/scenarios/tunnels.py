"""Tunnels move up to a bond, and down from it."""

from collections.abc import Mapping

from tests.scenarios.scenario import (
    ADDRESS,
    FAR_ADDRESS,
    TUNNEL,
    Scenario,
    The,
)
from tests.scenarios.steps import (
    AT_REST,
    BOND_MANAGES,
    BONDED,
    DESTROY,
    ETH0_MANAGES,
    MANAGED,
    MASTER,
    create,
    network,
    running_vm,
    tunnel,
)


def with_tunnel(protocol: str, device: str) -> tuple[Scenario, Scenario]:
    """A tunnel over the management interface, through which a VM talks to the far host."""
    tunnelled = (
        *network("tunnelled"),
        *tunnel(protocol, "eth0", "tunnelled"),
        *running_vm("alpha", "tunnelled", "vif1.0", TUNNEL),
    )
    stays: Mapping[str, Mapping[str, object]] = {
        "access_PIF of tunnel": {"currently_attached": True, "network": The("tunnelled")},
        "alpha's VIF": {"network": The("tunnelled"), "currently_attached": True},
    }
    kept = {"protocol": protocol, "other_config": {"remote-ips": FAR_ADDRESS}}
    return (
        Scenario(
            name=f"create, with a {protocol} tunnel on an interface",
            before=(*BONDED, *tunnelled),
            action=create(MANAGED),
            model={**BOND_MANAGES, **stays, "tunnel": {"transport_PIF": The(MASTER), **kept}},
            ports={"xapi0": "bond0", "xapi1": f"{device} vif1.0", "bond0": "eth0 eth1"},
            addresses={"xapi0": f"{ADDRESS}/24"},
        ),
        Scenario(
            name=f"destroy, with a {protocol} tunnel on it",
            before=(*BONDED, *tunnelled, create(MANAGED)),
            action=DESTROY,
            model={**ETH0_MANAGES, **stays, "tunnel": {"transport_PIF": The("eth0"), **kept}},
            ports={"xenbr0": "eth0", "xapi1": f"{device} vif1.0"},
            addresses=AT_REST,
        ),
    )


TUNNELS = (*with_tunnel("gre", "t0-c0000202"), *with_tunnel("vxlan", "tunnel0"))

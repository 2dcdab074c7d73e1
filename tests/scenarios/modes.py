"""Bonds of the modes in which all slaves carry traffic: made, and destroyed, with everything on them.

The switch knows nothing of bonds: the partner of lacp is silent, and one slave alone carries traffic then.
"""

from dataclasses import replace

from agent.model.records import BondMode
from tests.scenarios.scenario import ADDRESS, UNTAGGED, Scenario, The
from tests.scenarios.steps import (
    AT_REST,
    BOND_MANAGES,
    BONDED,
    DESTROY,
    ETH0_MANAGES,
    MANAGED,
    MASTER,
    TAG,
    create,
    network,
    running_vm,
    vlan,
)

BALANCE_SLB = "nf_tables for balance-slb"

CREATED = Scenario(
    name="create, with everything on an interface",
    asks=True,
    before=(
        *BONDED,
        *running_vm("alpha", "network of eth0", "vif1.0", UNTAGGED, "PV drivers"),
        *network("of the VLAN"),
        *vlan("VLAN", "eth1", "of the VLAN"),
        *running_vm("beta", "of the VLAN", "vif2.0", TAG),
    ),
    action=create(MANAGED),
    model={
        **BOND_MANAGES,
        "VLAN": {"tagged_PIF": The(MASTER), "tag": TAG, "other_config": {"mark": "VLAN"}},
        "alpha's VIF": {"network": The("bonded"), "currently_attached": True},
        "beta's VIF": {"network": The("of the VLAN"), "currently_attached": True},
    },
    ports={"xapi0": "bond0 vif1.0", "xapi1": "bond0.10 vif2.0", "bond0": "eth0 eth1"},
    lowers={"bond0.10": "bond0"},
    addresses={"xapi0": f"{ADDRESS}/24"},
)
DESTROYED = Scenario(
    name="destroy, with everything on it",
    asks=True,
    before=(
        *BONDED,
        create(MANAGED),
        *running_vm("alpha", "bonded", "vif1.0", UNTAGGED, "PV drivers"),
        *network("of the VLAN"),
        *vlan("VLAN", MASTER, "of the VLAN"),
        *running_vm("beta", "of the VLAN", "vif2.0", TAG),
    ),
    action=DESTROY,
    model={
        **ETH0_MANAGES,
        "VLAN": {"tagged_PIF": The("eth0"), "tag": TAG, "other_config": {"mark": "VLAN"}},
        "alpha's VIF": {"network": The("network of eth0"), "currently_attached": True},
        "beta's VIF": {"network": The("of the VLAN"), "currently_attached": True},
    },
    ports={"xenbr0": "eth0 vif1.0", "xapi1": "eth0.10 vif2.0"},
    lowers={"eth0.10": "eth0"},
    addresses=AT_REST,
)


def of_mode(row: Scenario, mode: BondMode) -> Scenario:
    """The row with a bond of this mode."""
    made, bond = create(MANAGED, mode), row.model["bond"]
    return replace(
        row,
        name=f"{mode}: {row.name}",
        before=tuple(made if step == create(MANAGED) else step for step in row.before),
        action=made if row.action == create(MANAGED) else row.action,
        model={**row.model, "bond": bond and {**bond, "mode": mode}},
        needs=BALANCE_SLB if mode == BondMode.BALANCE_SLB else "",
    )


MODES = tuple(
    of_mode(row, mode) for row in (CREATED, DESTROYED) for mode in (BondMode.BALANCE_SLB, BondMode.LACP)
)

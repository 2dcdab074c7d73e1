"""Bond.destroy, and a restart with a store that the rules do not allow any more."""

from agent.model.records import IPConfiguration
from tests.scenarios.scenario import (
    ADDRESS,
    UNTAGGED,
    Call,
    Restart,
    SameAs,
    Scenario,
    The,
)
from tests.scenarios.steps import (
    AT_REST,
    BOND_MANAGES,
    BONDED,
    DESTROY,
    ETH0_MANAGES,
    FREE,
    MANAGED,
    MASTER,
    TAG,
    create,
    halted_vm,
    network,
    plug,
    refused,
    running_vm,
    vlan,
)

JUMBO = "9000"
"""An MTU, as it is on the wire."""

DESTROYED = (
    Scenario(
        name="destroy, with nothing on it",
        before=(*BONDED, *plug("eth1"), create(FREE)),
        action=DESTROY,
        model={
            "bond": None,
            MASTER: None,
            "eth1": {"currently_attached": True, "bond_slave_of": "OpaqueRef:NULL"},
            "eth2": {"currently_attached": False, "bond_slave_of": "OpaqueRef:NULL"},
        },
        ports={"xenbr0": "eth0", "xenbr1": "eth1"},
        addresses=AT_REST,
    ),
    Scenario(
        name="destroy, with management on it",
        before=(*BONDED, create(MANAGED)),
        action=DESTROY,
        model=ETH0_MANAGES,
        ports={"xenbr0": "eth0"},
        addresses=AT_REST,
    ),
    Scenario(
        name="destroy, with a VLAN on it",
        before=(
            *BONDED,
            create(FREE),
            *network("of the VLAN"),
            *vlan("VLAN", MASTER, "of the VLAN"),
            *running_vm("alpha", "of the VLAN", "vif1.0", TAG),
        ),
        action=DESTROY,
        model={
            "bond": None,
            "VLAN": {"tagged_PIF": The("eth1"), "tag": TAG, "other_config": {"mark": "VLAN"}},
            "untagged_PIF of VLAN": {"device": "eth1", "currently_attached": True},
            "alpha's VIF": {"network": The("of the VLAN"), "currently_attached": True},
            "eth1": {"currently_attached": False},
        },
        ports={"xenbr0": "eth0", "xapi1": "eth1.10 vif1.0"},
        lowers={"eth1.10": "eth1"},
        addresses=AT_REST,
    ),
    Scenario(
        name="destroy, with larger packets than its slaves had before it",
        before=(
            *BONDED,
            Call("network.set_MTU", (The("bonded"), JUMBO)),
            create(MANAGED),
            *network("of the VLAN"),
            Call("network.set_MTU", (The("of the VLAN"), JUMBO)),
            *vlan("VLAN", MASTER, "of the VLAN"),
            Call("network.set_MTU", (The("network of eth0"), JUMBO)),
        ),
        action=DESTROY,
        model={**ETH0_MANAGES, "VLAN": {"tagged_PIF": The("eth0"), "other_config": {"mark": "VLAN"}}},
        ports={"xenbr0": "eth0", "xapi1": "eth0.10"},
        lowers={"eth0.10": "eth0"},
        addresses=AT_REST,
    ),
    Scenario(
        name="destroy, with a VIF of a halted VM on it",
        before=(*BONDED, create(MANAGED), *halted_vm("alpha", "bonded")),
        action=DESTROY,
        model={**ETH0_MANAGES, "alpha's VIF": {"network": The("network of eth0")}},
        ports={"xenbr0": "eth0"},
        addresses=AT_REST,
    ),
    Scenario(
        name="destroy, with a VIF of a running VM with PV drivers on it",
        asks=True,
        before=(*BONDED, create(MANAGED), *running_vm("alpha", "bonded", "vif1.0", UNTAGGED, "PV drivers")),
        action=DESTROY,
        model={
            **ETH0_MANAGES,
            "alpha's VIF": {"network": The("network of eth0"), "currently_attached": True},
        },
        ports={"xenbr0": "eth0 vif1.0"},
        addresses=AT_REST,
    ),
    Scenario(
        name="destroy, with a VIF of a running VM without PV drivers on it",
        before=(*BONDED, create(MANAGED), *running_vm("alpha", "bonded", "vif1.0", UNTAGGED)),
        action=DESTROY,
        refusal=refused("alpha"),
    ),
)

RESTART = (
    Scenario(
        name="restart, with everything on the slaves of a bond",
        before=(
            *BONDED,
            create(MANAGED),
            *network("of the VLAN"),
            *vlan("VLAN", MASTER, "of the VLAN"),
            *running_vm("alpha", "of the VLAN", "vif1.0", TAG),
            *running_vm("beta", "bonded", "vif2.0", UNTAGGED),
        ),
        action=Restart(
            {
                "VLAN": {"tagged_PIF": The("eth1")},
                "untagged_PIF of VLAN": {"device": "eth1"},
                "beta's VIF": {"network": The("network of eth1")},
                "eth0": {
                    "management": True,
                    "currently_attached": True,
                    "ip_configuration": SameAs(MASTER),
                },
                MASTER: {
                    "management": False,
                    "currently_attached": False,
                    "ip_configuration": IPConfiguration(),
                },
            }
        ),
        model={
            **BOND_MANAGES,
            "VLAN": {"tagged_PIF": The(MASTER), "other_config": {"mark": "VLAN"}},
            "untagged_PIF of VLAN": {"device": "bond0", "currently_attached": True},
            "beta's VIF": {"network": The("bonded"), "currently_attached": True},
        },
        ports={"xapi0": "bond0 vif2.0", "xapi1": "bond0.10 vif1.0", "bond0": "eth0 eth1"},
        lowers={"bond0.10": "bond0"},
        addresses={"xapi0": f"{ADDRESS}/24"},
    ),
)

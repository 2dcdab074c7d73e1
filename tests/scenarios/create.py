"""Bond.create: the rows without two VLANs of one tag."""

from tests.scenarios.scenario import (
    ADDRESS,
    UNTAGGED,
    Scenario,
    The,
)
from tests.scenarios.steps import (
    AT_REST,
    BOND_MANAGES,
    BONDED,
    FREE,
    MANAGED,
    MASTER,
    ON_FREE_BOND,
    ON_THE_VLAN,
    TAG,
    address,
    create,
    halted_vm,
    management,
    network,
    plug,
    refused,
    running_vm,
    vlan,
)

CREATE = (
    Scenario(
        name="create, with nothing on the interfaces",
        before=(*BONDED, *plug("eth1")),
        action=create(FREE),
        model={
            MASTER: {"device": "bond0", "management": False, "currently_attached": True, "IP": ""},
            "bond": {"primary_slave": The("eth1")},
            "eth1": {"currently_attached": False, "bond_slave_of": The("bond")},
            "eth0": {"management": True},
        },
        ports={"xenbr0": "eth0", "xapi0": "bond0", "bond0": "eth1 eth2"},
        addresses=AT_REST,
    ),
    Scenario(
        name="create, with management on an interface",
        before=BONDED,
        action=create(MANAGED),
        model=BOND_MANAGES,
        ports={"xapi0": "bond0", "bond0": "eth0 eth1"},
        addresses={"xapi0": f"{ADDRESS}/24"},
    ),
    Scenario(
        name="create, with a VLAN on an interface",
        before=(
            *BONDED,
            *network("of the VLAN"),
            *vlan("VLAN", "eth1", "of the VLAN"),
            *running_vm("alpha", "of the VLAN", "vif1.0", TAG),
        ),
        action=create(FREE),
        model={
            **ON_FREE_BOND,
            "VLAN": {"tagged_PIF": The(MASTER), "tag": TAG, "other_config": {"mark": "VLAN"}},
            "untagged_PIF of VLAN": {
                "device": "bond0",
                "currently_attached": True,
                "network": The("of the VLAN"),
            },
            "alpha's VIF": {"network": The("of the VLAN"), "currently_attached": True},
        },
        ports={"xenbr0": "eth0", "xapi1": "bond0.10 vif1.0", "bond0": "eth1 eth2"},
        lowers={"bond0.10": "bond0"},
        addresses=AT_REST,
    ),
    Scenario(
        name="create, with management on a VLAN of an interface",
        before=(
            *BONDED,
            *network("of the VLAN"),
            *vlan("VLAN", "eth1", "of the VLAN"),
            *address("untagged_PIF of VLAN"),
            *management("untagged_PIF of VLAN"),
        ),
        action=create(FREE),
        model={
            MASTER: {"device": "bond0", "management": False, "currently_attached": False},
            "untagged_PIF of VLAN": {"management": True, "currently_attached": True, "IP": ON_THE_VLAN},
        },
        ports={"xenbr0": "eth0", "xapi1": "bond0.10", "bond0": "eth1 eth2"},
        lowers={"bond0.10": "bond0"},
        addresses={**AT_REST, "xapi1": f"{ON_THE_VLAN}/24"},
        managed_at=ON_THE_VLAN,
    ),
    Scenario(
        name="create, with a VIF of a halted VM on an interface",
        before=(*BONDED, *halted_vm("alpha", "network of eth1")),
        action=create(MANAGED),
        model={**BOND_MANAGES, "alpha's VIF": {"network": The("bonded"), "currently_attached": False}},
        ports={"xapi0": "bond0", "bond0": "eth0 eth1"},
        addresses={"xapi0": f"{ADDRESS}/24"},
    ),
    Scenario(
        name="create, with a VIF of a running VM with PV drivers on each interface",
        asks=True,
        before=(
            *BONDED,
            *running_vm("alpha", "network of eth0", "vif1.0", UNTAGGED, "PV drivers"),
            *running_vm("beta", "network of eth1", "vif2.0", UNTAGGED, "PV drivers"),
        ),
        action=create(MANAGED),
        model={
            **BOND_MANAGES,
            "alpha's VIF": {"network": The("bonded"), "currently_attached": True},
            "beta's VIF": {"network": The("bonded"), "currently_attached": True},
        },
        ports={"xapi0": "bond0 vif1.0 vif2.0", "bond0": "eth0 eth1"},
        addresses={"xapi0": f"{ADDRESS}/24"},
    ),
    Scenario(
        name="create, with a VIF of a running VM without PV drivers on an interface",
        before=(
            *BONDED,
            *running_vm("alpha", "network of eth0", "vif1.0", UNTAGGED, "PV drivers"),
            *running_vm("beta", "network of eth1", "vif2.0", UNTAGGED),
        ),
        action=create(MANAGED),
        refusal=refused("beta"),
    ),
)

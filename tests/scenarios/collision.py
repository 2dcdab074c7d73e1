"""Bond.create where VLANs of the same tag are on both interfaces: the first-named one's stays."""

from collections.abc import Mapping

from tests.scenarios.scenario import (
    Scenario,
    The,
)
from tests.scenarios.steps import (
    AT_REST,
    BONDED,
    FREE,
    MASTER,
    ON_FREE_BOND,
    ON_THE_VLAN,
    TAG,
    address,
    create,
    management,
    network,
    refused,
    running_vm,
    vlan,
)

COLLIDING = (
    *BONDED,
    *network("of winner"),
    *network("of loser"),
    *vlan("winner", "eth1", "of winner"),
    *vlan("loser", "eth2", "of loser"),
)
WINNER_STAYS: Mapping[str, Mapping[str, object] | None] = {
    **ON_FREE_BOND,
    "winner": {"tagged_PIF": The(MASTER), "other_config": {"mark": "winner"}},
    "loser": None,
    "untagged_PIF of loser": None,
}
ONE_VLAN = {"xenbr0": "eth0", "xapi1": "bond0.10", "bond0": "eth1 eth2"}

COLLISIONS = (
    Scenario(
        name="create, with VLANs of the same tag on both interfaces",
        asks=True,
        before=(
            *COLLIDING,
            *running_vm("alpha", "of winner", "vif1.0", TAG),
            *running_vm("beta", "of loser", "vif2.0", TAG, "PV drivers"),
        ),
        action=create(FREE),
        model={
            **WINNER_STAYS,
            "alpha's VIF": {"network": The("of winner"), "currently_attached": True},
            "beta's VIF": {"network": The("of winner"), "currently_attached": True},
        },
        ports={**ONE_VLAN, "xapi1": "bond0.10 vif1.0 vif2.0"},
        lowers={"bond0.10": "bond0"},
        addresses=AT_REST,
    ),
    Scenario(
        name="create, with VLANs of the same tag, and no PV drivers where the VIF has to move",
        before=(
            *COLLIDING,
            *running_vm("alpha", "of winner", "vif1.0", TAG, "PV drivers"),
            *running_vm("beta", "of loser", "vif2.0", TAG),
        ),
        action=create(FREE),
        refusal=refused("beta"),
    ),
    Scenario(
        name="create, with VLANs of the same tag, and an address on the one that stays",
        before=(*COLLIDING, *address("untagged_PIF of winner")),
        action=create(FREE),
        model={**WINNER_STAYS, "untagged_PIF of winner": {"IP": ON_THE_VLAN, "currently_attached": True}},
        ports=ONE_VLAN,
        lowers={"bond0.10": "bond0"},
        addresses={**AT_REST, "xapi1": f"{ON_THE_VLAN}/24"},
    ),
    Scenario(
        name="create, with VLANs of the same tag, and an address on the one that gives way",
        before=(*COLLIDING, *address("untagged_PIF of loser")),
        action=create(FREE),
        model={**WINNER_STAYS, "untagged_PIF of winner": {"IP": ON_THE_VLAN, "currently_attached": True}},
        ports=ONE_VLAN,
        lowers={"bond0.10": "bond0"},
        addresses={**AT_REST, "xapi1": f"{ON_THE_VLAN}/24"},
    ),
    Scenario(
        name="create, with VLANs of the same tag, and management on the one that gives way",
        before=(*COLLIDING, *address("untagged_PIF of loser"), *management("untagged_PIF of loser")),
        action=create(FREE),
        model={
            **WINNER_STAYS,
            "eth0": {"management": False},
            "untagged_PIF of winner": {"IP": ON_THE_VLAN, "management": True, "currently_attached": True},
        },
        ports=ONE_VLAN,
        lowers={"bond0.10": "bond0"},
        addresses={**AT_REST, "xapi1": f"{ON_THE_VLAN}/24"},
        managed_at=ON_THE_VLAN,
    ),
)

"""VLAN.create and VLAN.destroy, and XenAPI's older names for them."""

from dataclasses import replace

import pytest

from agent.errors import (
    CannotAddVLANToBondSlave,
    Failure,
    HandleInvalid,
    InvalidValue,
    IsTunnelAccessPIF,
    NetworkAlreadyConnected,
    NetworkUnmanaged,
    PIFDoesNotAllowUnplug,
    PIFIsManagementInterface,
    PIFIsPhysical,
    PIFIsVLAN,
    PIFTunnelStillExists,
    PIFUnmanaged,
    PIFVLANExists,
    VIFInUse,
    VLANTagInvalid,
)
from agent.model.model import Model
from agent.model.records import VLAN, IPConfiguration, Ref
from agent.rules import vlan, vm
from tests.docs.design import design
from tests.worlds.uppers import (
    UNKNOWN,
    only,
    refused,
    upper_on,
    vif_of,
    with_tunnel,
    with_VIF,
    with_VLAN,
    with_vm,
)
from tests.worlds.world import (
    bonded,
    host,
    host_of,
    network_of,
    nic,
    pif_of,
    static,
    taken_over,
    with_network,
    with_new_network,
    with_pif,
    with_record,
)

MODEL, HOME = with_new_network(taken_over(host(nic(0), nic(1), nic(2))), name_label="tagged")
"""eth0 is management with an address; eth8 is somebody else's."""


def refusal(
    model: Model, device: str = "eth1", tag: int = 5, network: str = "xapi0"
) -> tuple[type[Failure], tuple[str, ...]]:
    """What creating a VLAN is refused with."""
    return refused(vlan.create, model, pif_of(model, device).ref, tag, network_of(model, network).ref)


def test_a_VLAN_has_an_upper_PIF_that_is_plugged() -> None:
    lower = pif_of(MODEL, "eth1")
    plan = vlan.create(MODEL, lower.ref, 5, HOME)
    made = only(plan.after, VLAN)
    assert (plan.result, made.tagged_PIF, made.tag) == (made.ref, lower.ref, 5)
    upper = plan.after.get(made.untagged_PIF)
    assert (upper.device, upper.VLAN, upper.MAC, upper.MTU) == ("eth1", 5, "fe:ff:ff:ff:ff:ff", 1500)
    assert (upper.network, upper.host, upper.physical) == (HOME, lower.host, False)
    assert (upper.currently_attached, upper.ip_configuration) == (True, IPConfiguration())


def test_the_PIF_below_is_not_plugged_with_it() -> None:
    model, _ = with_VLAN(MODEL, pif_of(MODEL, "eth1"), 5)
    assert model.get(pif_of(MODEL, "eth1").ref) == pif_of(MODEL, "eth1")


def test_a_VLAN_can_be_on_a_bond() -> None:
    model = bonded(MODEL, "eth1", "eth2")
    model, made = with_VLAN(model, pif_of(model, "bond0"), 5)
    assert model.get(made.untagged_PIF).device == "bond0"


@pytest.mark.parametrize("tag", [0, 1, 4094])
def test_a_tag_can_be_from_0_to_4094(tag: int) -> None:
    _, made = with_VLAN(MODEL, pif_of(MODEL, "eth1"), tag)
    assert made.tag == tag


@pytest.mark.parametrize("tag", [-1, 4095, 1 << 40])
def test_another_tag_is_refused(tag: int) -> None:
    assert refusal(MODEL, tag=tag) == (VLANTagInvalid, (str(tag),))


def test_one_tag_can_be_on_two_PIFs_but_only_once_on_each() -> None:
    model, made = with_VLAN(MODEL, pif_of(MODEL, "eth1"), 5)
    assert refusal(model) == (PIFVLANExists, (made.untagged_PIF,))
    model, _ = with_VLAN(model, pif_of(model, "eth2"), 5)
    assert [found.tag for found in model.all(VLAN)] == [5, 5]


@design("slaves", 4)
def test_a_slave_is_refused() -> None:
    model = bonded(MODEL, "eth1")
    assert refusal(model) == (CannotAddVLANToBondSlave, (pif_of(model, "eth1").ref,))


def test_a_VLAN_and_a_tunnel_below_are_refused() -> None:
    model, tagged = with_VLAN(MODEL, pif_of(MODEL, "eth1"), 5)
    model, tunnel = with_tunnel(model, pif_of(MODEL, "eth0"))
    assert refused(vlan.create, model, tagged.untagged_PIF, 6, HOME) == (PIFIsVLAN, (tagged.untagged_PIF,))
    assert refused(vlan.create, model, tunnel.access_PIF, 6, HOME) == (
        IsTunnelAccessPIF,
        (tunnel.access_PIF,),
    )


def test_a_network_that_has_a_PIF_on_the_host_is_refused() -> None:
    home = network_of(MODEL, "xenbr2")
    assert refusal(MODEL, network="xenbr2") == (
        NetworkAlreadyConnected,
        (home.ref, pif_of(MODEL, "eth2").ref),
    )


def test_the_checks_come_in_XenAPIs_order() -> None:
    model = with_network(MODEL, "xenbr2", managed=False, MTU=9000)
    model = with_pif(bonded(model, "eth1"), "eth1", managed=False)
    found = [refusal(model, tag=-1, network="xenbr2")]
    model = with_network(model, "xenbr2", managed=True)
    found.append(refusal(model, tag=-1, network="xenbr2"))
    model = with_network(model, "xapi0", MTU=9000)
    found.append(refusal(model, tag=-1))
    model = with_pif(model, "eth1", managed=True)
    found.append(refusal(model, tag=-1))
    model = with_pif(model, "eth1", bond_slave_of=None)
    found.append(refusal(model, tag=-1))
    found.append(refusal(model))
    assert [kind for kind, _ in found] == [
        NetworkUnmanaged,
        NetworkAlreadyConnected,
        PIFUnmanaged,
        CannotAddVLANToBondSlave,
        VLANTagInvalid,
        InvalidValue,
    ]


def test_an_MTU_larger_than_that_below_is_refused() -> None:
    model = with_network(MODEL, "xapi0", MTU=1501)
    assert refusal(model) == (InvalidValue, ("MTU", "1501: larger than the 1500 of eth1 below"))


def test_what_counts_below_is_the_PIFs_own_MTU_if_it_has_one() -> None:
    model = with_pif(MODEL, "eth1", other_config={"mtu": "1400"})
    assert refusal(model) == (InvalidValue, ("MTU", "1500: larger than the 1400 of eth1 below"))
    model = with_pif(with_network(MODEL, "xapi0", MTU=9000), "eth1", other_config={"mtu": "9000"})
    assert only(vlan.create(model, pif_of(model, "eth1").ref, 5, HOME).after, VLAN).tag == 5


@pytest.mark.parametrize("which", [0, 2])
def test_a_reference_to_nothing_is_refused(which: int) -> None:
    arguments = [pif_of(MODEL, "eth1").ref, 5, HOME]
    arguments[which] = UNKNOWN
    names = {0: "PIF", 2: "network"}
    assert refused(vlan.create, MODEL, *arguments) == (HandleInvalid, (names[which], UNKNOWN))


def test_create_and_destroy_give_the_model_back() -> None:
    plan = vlan.create(MODEL, pif_of(MODEL, "eth1").ref, 5, HOME)
    assert vlan.destroy(plan.after, Ref(plan.result or "")).after == MODEL


def test_destroy_unplugs_by_the_checks_of_unplug() -> None:
    model, made = with_VLAN(MODEL, pif_of(MODEL, "eth1"), 5)
    upper = model.get(made.untagged_PIF)
    for change, kind in (
        ({"management": True}, PIFIsManagementInterface),
        ({"disallow_unplug": True}, PIFDoesNotAllowUnplug),
        ({"managed": False}, PIFUnmanaged),
    ):
        changed = with_record(model, replace(upper, **change))  # type: ignore[arg-type]
        assert refused(vlan.destroy, changed, made.ref) == (kind, (upper.ref,))


def test_a_VLAN_that_a_VM_is_using_is_not_destroyed() -> None:
    model, made = with_VLAN(MODEL, pif_of(MODEL, "eth1"), 5)
    network = model.get(made.untagged_PIF).network
    model, owner = with_vm(model)
    model = vm.start(with_VIF(model, owner, network), owner.ref).after
    assert refused(vlan.destroy, model, made.ref) == (VIFInUse, (network, vif_of(model, owner).ref))
    model = vm.suspend(model, owner.ref).after
    assert vlan.destroy(model, made.ref).after.all(VLAN) == ()


def test_a_VLAN_that_carries_a_tunnel_is_not_destroyed() -> None:
    model, made = with_VLAN(MODEL, pif_of(MODEL, "eth1"), 5)
    upper = replace(model.get(made.untagged_PIF), ip_configuration=static("198.51.100.2/24"))
    model, _ = with_tunnel(with_record(model, upper), upper)
    assert refused(vlan.destroy, model, made.ref) == (PIFTunnelStillExists, (upper.ref,))


def test_create_VLAN_gives_the_upper_PIF() -> None:
    plan = vlan.create_vlan(MODEL, "eth1", HOME, host_of(MODEL).ref, 7)
    assert (plan.result, upper_on(plan.after, HOME).VLAN) == (upper_on(plan.after, HOME).ref, 7)


def test_create_VLAN_finds_the_PIF_that_is_no_VLAN() -> None:
    model, _ = with_VLAN(MODEL, pif_of(MODEL, "eth1"), 5)
    after = vlan.create_vlan(model, "eth1", HOME, host_of(model).ref, 7).after
    assert {made.tagged_PIF for made in after.all(VLAN)} == {pif_of(MODEL, "eth1").ref}


def test_create_VLAN_refuses_a_device_without_a_PIF_and_another_host() -> None:
    assert refused(vlan.create_vlan, MODEL, "eth7", HOME, host_of(MODEL).ref, 7) == (
        InvalidValue,
        ("device", "eth7"),
    )
    assert refused(vlan.create_vlan, MODEL, "eth1", HOME, UNKNOWN, 7) == (HandleInvalid, ("host", UNKNOWN))


def test_PIF_destroy_destroys_the_VLAN_and_nothing_physical() -> None:
    plan = vlan.create_vlan(MODEL, "eth1", HOME, host_of(MODEL).ref, 7)
    assert vlan.destroy_pif(plan.after, Ref(plan.result or "")).after == MODEL
    ref = pif_of(MODEL, "eth1").ref
    assert refused(vlan.destroy_pif, MODEL, ref) == (PIFIsPhysical, (ref,))

"""PIF.plug, PIF.unplug and set_disallow_unplug."""

from dataclasses import replace

import pytest

from agent.errors import (
    CannotPlugBondSlave,
    PIFAlreadyBonded,
    PIFDoesNotAllowUnplug,
    PIFIsManagementInterface,
    PIFUnmanaged,
    TransportPIFNotConfigured,
    VIFInUse,
)
from agent.model.model import Model
from agent.model.records import PIF, Ref, Tunnel
from agent.rules import pif, vm
from tests.docs.design import design
from tests.worlds.uppers import refused, with_tunnel, with_VIF, with_VLAN, with_vm
from tests.worlds.world import (
    bonded,
    host,
    pif_of,
    static,
    taken_over,
    with_pif,
    with_record,
)

MODEL = taken_over(host())


CONFIGURED = with_pif(MODEL, "eth1", ip_configuration=static("198.51.100.2/24"))


def attached(model: Model, ref: Ref[PIF]) -> bool:
    return model.get(ref).currently_attached


def test_plug_attaches_a_PIF_and_a_second_time_too() -> None:
    ref = pif_of(MODEL, "eth1").ref
    once = pif.plug(MODEL, ref).after
    assert once == with_pif(MODEL, "eth1", currently_attached=True)
    assert pif.plug(once, ref).after == once


def tunnelled(**fields: object) -> tuple[Model, Tunnel]:
    """A tunnel over eth1, with both ends unplugged."""
    model, tunnel = with_tunnel(CONFIGURED, pif_of(CONFIGURED, "eth1"))
    access = replace(model.get(tunnel.access_PIF), currently_attached=False)
    return with_pif(with_record(model, access), "eth1", currently_attached=False, **fields), tunnel


def test_plugging_a_tunnel_plugs_what_carries_it() -> None:
    model, tunnel = tunnelled()
    after = pif.plug(model, tunnel.access_PIF).after
    assert [attached(after, ref) for ref in (tunnel.access_PIF, tunnel.transport_PIF)] == [True, True]


def test_a_tunnel_over_a_PIF_without_an_address_is_not_plugged() -> None:
    model, tunnel = tunnelled(ip_configuration=pif_of(MODEL, "eth1").ip_configuration)
    found = refused(pif.plug, model, tunnel.access_PIF)
    assert found == (TransportPIFNotConfigured, (tunnel.transport_PIF,))


def test_plugging_a_VLAN_leaves_the_PIF_below_as_it_is() -> None:
    model, vlan = with_VLAN(MODEL, pif_of(MODEL, "eth1"), 5)
    unplugged = pif.unplug(model, vlan.untagged_PIF).after
    assert (attached(unplugged, vlan.untagged_PIF), pif.plug(unplugged, vlan.untagged_PIF).after) == (
        False,
        model,
    )


def test_a_VLAN_on_a_slave_is_not_plugged() -> None:
    model, vlan = with_VLAN(MODEL, pif_of(MODEL, "eth1"), 5)
    model = with_record(model, replace(model.get(vlan.tagged_PIF), bond_slave_of=Ref("OpaqueRef:x")))
    found = refused(pif.plug, model, vlan.untagged_PIF)
    assert found == (CannotPlugBondSlave, (vlan.tagged_PIF,))


def test_plug_refuses_an_unmanaged_PIF() -> None:
    ref = pif_of(MODEL, "eth8").ref
    assert refused(pif.plug, MODEL, ref) == (PIFUnmanaged, (ref,))


@design("slaves", 1)
def test_plug_refuses_a_bond_slave() -> None:
    model = bonded(MODEL, "eth1")
    ref = pif_of(model, "eth1").ref
    assert refused(pif.plug, model, ref) == (CannotPlugBondSlave, (ref,))


def test_plug_looks_at_managed_first() -> None:
    model = with_pif(bonded(MODEL, "eth1"), "eth1", managed=False)
    assert refused(pif.plug, model, pif_of(model, "eth1").ref)[0] == PIFUnmanaged


def test_unplug_detaches_a_PIF() -> None:
    model = with_pif(MODEL, "eth1", currently_attached=True)
    unplugged = with_pif(MODEL, "eth1", stays_unplugged=True)
    assert pif.unplug(model, pif_of(model, "eth1").ref).after == unplugged


def test_unplug_takes_the_tunnels_down_that_the_PIF_carries_and_leaves_its_VLANs() -> None:
    model, tunnel = with_tunnel(CONFIGURED, pif_of(CONFIGURED, "eth1"))
    model, vlan = with_VLAN(model, pif_of(CONFIGURED, "eth1"), 5)
    after = pif.unplug(model, tunnel.transport_PIF).after
    refs = tunnel.transport_PIF, tunnel.access_PIF, vlan.untagged_PIF
    assert [attached(after, ref) for ref in refs] == [False, False, True]


def test_a_tunnel_above_is_unplugged_by_its_own_checks() -> None:
    model, tunnel = with_tunnel(CONFIGURED, pif_of(CONFIGURED, "eth1"))
    access = model.get(tunnel.access_PIF)
    kept = with_record(model, replace(access, disallow_unplug=True))
    assert refused(pif.unplug, kept, tunnel.transport_PIF) == (PIFDoesNotAllowUnplug, (access.ref,))
    down = with_record(kept, replace(access, disallow_unplug=True, currently_attached=False))
    assert attached(pif.unplug(down, tunnel.transport_PIF).after, tunnel.transport_PIF) is False


def test_a_VIF_in_use_counts_before_disallow_unplug() -> None:
    model, owner = with_vm(with_pif(MODEL, "eth1", disallow_unplug=True))
    ref = pif_of(model, "eth1").ref
    model = with_VIF(model, owner, pif_of(model, "eth1").network)
    found = [refused(pif.unplug, able, ref)[0] for able in (model, vm.start(model, owner.ref).after)]
    assert found == [PIFDoesNotAllowUnplug, VIFInUse]


def test_unplugging_a_slave_changes_nothing() -> None:
    model = bonded(MODEL, "eth1")
    assert pif.unplug(model, pif_of(model, "eth1").ref).after == model


def test_unplug_refuses_in_XenAPIs_order() -> None:
    model = with_pif(MODEL, "eth0", managed=False, disallow_unplug=True)
    ref = pif_of(model, "eth0").ref
    found = [refused(pif.unplug, model, ref)]
    model = with_pif(model, "eth0", managed=True)
    found.append(refused(pif.unplug, model, ref))
    model = with_pif(model, "eth0", management=False)
    found.append(refused(pif.unplug, model, ref))
    assert found == [
        (PIFUnmanaged, (ref,)),
        (PIFIsManagementInterface, (ref,)),
        (PIFDoesNotAllowUnplug, (ref,)),
    ]


@pytest.mark.parametrize("value", [True, False])
def test_disallow_unplug_is_set(value: bool) -> None:
    model = with_pif(MODEL, "eth1", disallow_unplug=not value)
    after = pif.set_disallow_unplug(model, pif_of(model, "eth1").ref, value).after
    assert after == with_pif(MODEL, "eth1", disallow_unplug=value)


def test_disallow_unplug_of_a_slave_is_refused() -> None:
    model = bonded(MODEL, "eth1")
    ref = pif_of(model, "eth1").ref
    assert refused(pif.set_disallow_unplug, model, ref, True) == (PIFAlreadyBonded, (ref,))

"""tunnel.create and tunnel.destroy, and what a tunnel needs of the PIF that carries it."""

from dataclasses import replace
from typing import Any

import pytest

from agent.errors import (
    CannotAddTunnelToBondSlave,
    CannotPlugBondSlave,
    Failure,
    HandleInvalid,
    InvalidValue,
    IsTunnelAccessPIF,
    NetworkAlreadyConnected,
    NetworkUnmanaged,
    PIFDoesNotAllowUnplug,
    PIFUnmanaged,
    TransportPIFNotConfigured,
    VIFInUse,
    abridged,
)
from agent.model.model import Model
from agent.model.records import AddressType, IPConfiguration, Ref, Tunnel, TunnelProtocol
from agent.rules import network, tunnel, vm
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
    network_of,
    nic,
    pif_of,
    static,
    static6,
    taken_over,
    with_network,
    with_new_network,
    with_pif,
    with_record,
)

MODEL, HOME = with_new_network(
    with_pif(taken_over(host(nic(0), nic(1))), "eth1", ip_configuration=static("198.51.100.2/24"))
)
"""eth1 has an address, and is not plugged."""


def refusal(
    model: Model, device: str = "eth1", protocol: str = "gre"
) -> tuple[type[Failure], tuple[str, ...]]:
    """What creating a tunnel on xapi0 is refused with."""
    home = network_of(model, "xapi0").ref
    return refused(tunnel.create, model, pif_of(model, device).ref, home, protocol)


def with_uplink(ip: IPConfiguration = static("198.51.100.2/24"), **fields: Any) -> Model:
    return with_pif(MODEL, "eth1", ip_configuration=ip, **fields)


def test_a_tunnel_has_an_access_PIF_that_is_plugged_with_its_transport() -> None:
    plan = tunnel.create(MODEL, pif_of(MODEL, "eth1").ref, HOME)
    made = only(plan.after, Tunnel)
    assert (plan.result, made.protocol, made.key) == (made.ref, TunnelProtocol.GRE, 1)
    access = plan.after.get(made.access_PIF)
    assert (access.device, access.VLAN, access.physical, access.network) == ("tunnel0", -1, False, HOME)
    assert (access.currently_attached, pif_of(plan.after, "eth1").currently_attached) == (True, True)


def test_an_access_PIF_has_a_local_unicast_MAC_of_its_own() -> None:
    model, one = with_tunnel(MODEL, pif_of(MODEL, "eth1"))
    model, two = with_tunnel(model, pif_of(MODEL, "eth1"))
    MACs = {model.get(made.access_PIF).MAC for made in (one, two)}
    assert (len(MACs), {int(MAC[:2], 16) & 3 for MAC in MACs}) == (2, {2})


def test_the_device_has_the_smallest_free_number() -> None:
    model, one = with_tunnel(MODEL, pif_of(MODEL, "eth1"))
    model, _ = with_tunnel(model, pif_of(MODEL, "eth1"))
    model = tunnel.destroy(model, one.ref).after
    model, made = with_tunnel(model, pif_of(MODEL, "eth1"))
    assert model.get(made.access_PIF).device == "tunnel0"


def test_a_bridge_called_like_a_tunnel_keeps_its_name() -> None:
    model, _ = with_new_network(MODEL, "tunnel0")
    model, made = with_tunnel(model, pif_of(model, "eth1"))
    assert model.get(made.access_PIF).device == "tunnel1"


@pytest.mark.parametrize("protocol", ["GRE", "ipip", ""])
def test_another_protocol_is_refused(protocol: str) -> None:
    assert refusal(MODEL, protocol=protocol) == (InvalidValue, ("protocol", protocol))


@pytest.mark.parametrize("protocol", list(TunnelProtocol))
def test_both_protocols_are_taken(protocol: TunnelProtocol) -> None:
    assert with_tunnel(MODEL, pif_of(MODEL, "eth1"), protocol)[1].protocol == protocol


def test_a_transport_with_IPv6_alone_will_do() -> None:
    _, made = with_tunnel(with_uplink(static6("2001:db8::2/64")), pif_of(MODEL, "eth1"))
    assert made.transport_PIF == pif_of(MODEL, "eth1").ref


def test_a_transport_without_an_address_is_refused() -> None:
    model = with_uplink(IPConfiguration(primary_address_type=AddressType.IPV6))
    assert refusal(model) == (TransportPIFNotConfigured, (pif_of(MODEL, "eth1").ref,))


@design("slaves", 5)
def test_a_slave_is_refused() -> None:
    model = bonded(MODEL, "eth1")
    assert refusal(model) == (CannotAddTunnelToBondSlave, (pif_of(MODEL, "eth1").ref,))


def test_a_tunnel_in_a_tunnel_is_refused() -> None:
    model, made = with_tunnel(MODEL, pif_of(MODEL, "eth1"))
    assert refused(tunnel.create, model, made.access_PIF, HOME) == (IsTunnelAccessPIF, (made.access_PIF,))


def test_the_checks_come_in_XenAPIs_order() -> None:
    model = with_network(bonded(MODEL, "eth1"), "xenbr0", managed=False)
    model = with_pif(model, "eth1", managed=False)
    transport, taken = pif_of(model, "eth1").ref, network_of(model, "xenbr0").ref
    found = [refused(tunnel.create, model, transport, taken, "x")]
    model = with_network(model, "xenbr0", managed=True)
    found.append(refused(tunnel.create, model, transport, taken, "x"))
    found.append(refusal(model, protocol="x"))
    model = with_pif(model, "eth1", managed=True)
    found.append(refusal(model, protocol="x"))
    model = with_pif(model, "eth1", bond_slave_of=None)
    found.append(refusal(model, protocol="x"))
    found.append(refusal(model))
    assert [kind for kind, _ in found] == [
        NetworkUnmanaged,
        NetworkAlreadyConnected,
        PIFUnmanaged,
        CannotAddTunnelToBondSlave,
        InvalidValue,
        TransportPIFNotConfigured,
    ]


@pytest.mark.parametrize(
    ("ip", "protocol", "least"),
    [
        (static("198.51.100.2/24"), "gre", 1280 + 42),
        (static("198.51.100.2/24"), "vxlan", 1280 + 50),
        (static6("2001:db8::2/64"), "gre", 1280 + 70),
        (static6("2001:db8::2/64"), "vxlan", 1280 + 70),
    ],
)
def test_there_must_be_room_for_IPv6_in_the_tunnel(ip: IPConfiguration, protocol: str, least: int) -> None:
    enough = with_uplink(ip, other_config={"mtu": str(least)})
    assert with_tunnel(enough, pif_of(MODEL, "eth1"), protocol)[1].key == 1
    narrow = with_uplink(ip, other_config={"mtu": str(least - 1)})
    words = "1279: what eth1 leaves in the tunnel is less than the 1280 that IPv6 needs"
    assert refusal(narrow, protocol=protocol) == (InvalidValue, ("MTU", words))


@design("create", 9)
def test_a_key_is_the_smallest_that_no_tunnel_has() -> None:
    model, _ = with_tunnel(MODEL, pif_of(MODEL, "eth1"), other_config={"tunnel-key": "1"})
    model, two = with_tunnel(model, pif_of(MODEL, "eth0"))
    model, three = with_tunnel(model, pif_of(MODEL, "eth1"), "vxlan")
    model, again = with_tunnel(tunnel.destroy(model, two.ref).after, pif_of(MODEL, "eth1"))
    assert (two.key, three.key, again.key) == (2, 3, 2)


def test_a_network_can_say_which_key_its_tunnel_has() -> None:
    _, made = with_tunnel(MODEL, pif_of(MODEL, "eth1"), other_config={"tunnel-key": "16777215"})
    assert made.key == 16777215


@pytest.mark.parametrize("key", ["0", "16777216", "-1", "x", "", "9" * 5000, "²", " 1"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    words = f"{key}: not a number from 1 to 16777215"
    record = {"other_config": {"tunnel-key": key}}
    wanted = (InvalidValue, ("tunnel-key", abridged(words)))
    assert refused(network.create, MODEL, record) == wanted
    assert refusal(with_network(MODEL, "xapi0", other_config={"tunnel-key": key})) == wanted


@design("create", 9)
def test_a_key_that_another_tunnel_has_is_refused() -> None:
    model, _ = with_tunnel(MODEL, pif_of(MODEL, "eth1"))
    model = with_network(model, "xapi0", other_config={"tunnel-key": "1"})
    words = "1: another network's tunnel has this key"
    assert refusal(model) == (InvalidValue, ("tunnel-key", words))


def test_a_tunnel_can_be_on_a_VLAN_which_is_plugged_too() -> None:
    model, tagged = with_VLAN(MODEL, pif_of(MODEL, "eth1"), 5)
    upper = replace(
        model.get(tagged.untagged_PIF),
        ip_configuration=static("203.0.113.2/24"),
        currently_attached=False,
    )
    model, _ = with_tunnel(with_record(model, upper), upper)
    assert model.get(upper.ref).currently_attached is True
    assert pif_of(model, "eth1").currently_attached is False


def test_a_VLAN_below_that_sits_on_a_slave_is_refused() -> None:
    model, tagged = with_VLAN(MODEL, pif_of(MODEL, "eth1"), 5)
    upper = replace(model.get(tagged.untagged_PIF), ip_configuration=static("203.0.113.2/24"))
    model = with_record(model, upper)
    lower = pif_of(model, "eth1")
    model = with_record(model, replace(lower, bond_slave_of=UNKNOWN))
    assert refused(tunnel.create, model, upper.ref, HOME) == (CannotPlugBondSlave, (lower.ref,))


def test_destroy_leaves_the_network_and_the_plugged_transport() -> None:
    model = with_uplink(currently_attached=True)
    plan = tunnel.create(model, pif_of(model, "eth1").ref, HOME)
    assert tunnel.destroy(plan.after, Ref(plan.result or "")).after == model


def test_destroy_unplugs_by_the_checks_of_unplug() -> None:
    model, made = with_tunnel(MODEL, pif_of(MODEL, "eth1"))
    access = model.get(made.access_PIF)
    kept = with_record(model, replace(access, disallow_unplug=True))
    assert refused(tunnel.destroy, kept, made.ref) == (PIFDoesNotAllowUnplug, (access.ref,))
    model, owner = with_vm(model)
    model = vm.start(with_VIF(model, owner, access.network), owner.ref).after
    assert refused(tunnel.destroy, model, made.ref) == (VIFInUse, (access.network, vif_of(model, owner).ref))


def test_a_reference_to_nothing_is_refused() -> None:
    transport = pif_of(MODEL, "eth1").ref
    assert refused(tunnel.create, MODEL, UNKNOWN, HOME) == (HandleInvalid, ("PIF", UNKNOWN))
    assert refused(tunnel.create, MODEL, transport, UNKNOWN) == (HandleInvalid, ("network", UNKNOWN))
    assert refused(tunnel.destroy, MODEL, transport) == (HandleInvalid, ("tunnel", transport))
    assert upper_on(tunnel.create(MODEL, transport, HOME).after, HOME).device == "tunnel0"

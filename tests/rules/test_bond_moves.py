"""What Bond.create moves up to the master."""

from dataclasses import replace
from typing import Any

import pytest

from agent.model.draft import Plan
from agent.model.model import Model
from agent.model.records import PIF, VIF, VLAN, IPConfiguration, Tunnel
from agent.rules import bond
from tests.docs.design import design
from tests.rules.invariants import violations
from tests.worlds.laden import (
    ELSEWHERE,
    home_of,
    lower_of,
    tunnel_of,
    upper_of,
    vif_of,
    vlan_of,
    with_tunnel,
    with_vif,
    with_vlan,
)
from tests.worlds.world import (
    host,
    host_of,
    nic,
    static,
    taken_over,
    with_new_network,
    with_pif,
    with_record,
)

MODEL = taken_over(host(nic(0), nic(1), nic(2)))


"""eth0 is management with an address; eth1 and eth2 have nothing."""


IP = static("198.51.100.2/24", DNS="192.0.2.53")
ONLY_HERE = {"possible_hosts": (host_of(MODEL).ref,)}
TWO_HOSTS = with_record(MODEL, ELSEWHERE)


def plugged(model: Model, *devices: str) -> Model:
    for device in devices:
        model = with_pif(model, device, currently_attached=True)
    return model


def created(model: Model, *devices: str, **network: Any) -> Plan:
    """Bond.create on a new network."""
    model, home = with_new_network(model, **network)
    return bond.create(model, home, [lower_of(model, device).ref for device in devices], "")


def test_a_VLAN_moves_up_with_its_network_and_keeps_all_that_it_had() -> None:
    model = with_vlan(MODEL, "eth1", 5, ip_configuration=IP, other_config={"a": "b"}, disallow_unplug=True)
    model = with_record(model, replace(vlan_of(model, "eth1", 5), other_config={"c": "d"}))
    after = created(model, "eth2", "eth1").after
    upper, vlan = upper_of(model, "eth1", 5), vlan_of(model, "eth1", 5)
    assert upper_of(after, "bond0", 5) == replace(upper, device="bond0")
    assert vlan_of(after, "bond0", 5) == replace(vlan, tagged_PIF=lower_of(after, "bond0").ref)


@design("create", 8)
def test_VLANs_of_different_tags_all_move_and_no_VIF_does() -> None:
    model = with_vlan(with_vlan(MODEL, "eth1", 5), "eth2", 6)
    model = with_vif(model, upper_of(model, "eth1", 5).network, "vm")
    plan = created(model, "eth1", "eth2")
    assert [upper_of(plan.after, "bond0", tag).uuid for tag in (5, 6)] == [
        upper_of(model, "eth1", 5).uuid,
        upper_of(model, "eth2", 6).uuid,
    ]
    assert (vif_of(plan.after, "vm"), plan.unplug) == (vif_of(model, "vm"), ())


def colliding(model: Model = MODEL, **loser: Any) -> Model:
    """Tag 5 on eth1, and on eth2 with these fields."""
    return with_vlan(with_vlan(model, "eth1", 5), "eth2", 5, **loser)


@design("create", 8)
def test_of_VLANs_with_one_tag_that_of_the_first_named_slave_stays() -> None:
    model = colliding()
    after = created(model, "eth2", "eth1").after
    assert upper_of(after, "bond0", 5).uuid == upper_of(model, "eth2", 5).uuid
    assert len(after.all(VLAN)) == 1
    assert upper_of(model, "eth1", 5).ref not in after.records
    assert upper_of(model, "eth1", 5).network in after.records


@design("create", 8)
def test_the_VIFs_to_move_of_the_others_join_its_network_and_their_VMs_are_asked() -> None:
    model = colliding()
    lost, kept = upper_of(model, "eth2", 5).network, upper_of(model, "eth1", 5).network
    for network, name in ((lost, "moves"), (kept, "stays")):
        model = with_vif(model, network, name)
    model = with_vif(model, lost, "asleep", "Suspended")
    plan = created(model, "eth1", "eth2")
    assert {name: vif_of(plan.after, name).network for name in ("moves", "stays", "asleep")} == dict.fromkeys(
        ("moves", "stays", "asleep"), kept
    )
    assert plan.unplug == plan.plug == (vif_of(model, "moves").ref,)


def test_a_loser_without_IP_configuration_leaves_the_winners_alone() -> None:
    model = colliding()
    model = with_record(model, replace(upper_of(model, "eth1", 5), ip_configuration=IP))
    assert upper_of(created(model, "eth1", "eth2").after, "bond0", 5).ip_configuration == IP


def test_the_IP_configuration_of_a_loser_is_taken_over_with_its_keys() -> None:
    model = colliding(ip_configuration=IP, other_config={"defaultroute": "true", "a": "b"})
    upper = upper_of(created(model, "eth1", "eth2").after, "bond0", 5)
    assert (upper.ip_configuration, upper.other_config) == (IP, {"defaultroute": "true"})


def test_management_and_status_of_a_loser_are_taken_over() -> None:
    model = with_pif(MODEL, "eth0", management=False)
    model = colliding(model, ip_configuration=IP, management=True, disallow_unplug=True)
    model = with_record(model, replace(upper_of(model, "eth1", 5), currently_attached=False))
    upper = upper_of(created(model, "eth1", "eth2").after, "bond0", 5)
    assert (upper.management, upper.disallow_unplug, upper.currently_attached) == (True, True, True)


def test_a_loser_that_is_plugged_makes_the_winner_plugged() -> None:
    model = colliding()
    model = with_record(model, replace(upper_of(model, "eth1", 5), currently_attached=False))
    assert upper_of(created(model, "eth1", "eth2").after, "bond0", 5).currently_attached is True


def test_tunnels_from_a_loser_run_from_the_winner() -> None:
    model = colliding(ip_configuration=IP)
    model = with_tunnel(model, upper_of(model, "eth2", 5).ref)
    after = created(model, "eth1", "eth2").after
    assert tunnel_of(after).transport_PIF == upper_of(after, "bond0", 5).ref
    assert violations(after) == []


@design("create", 9)
def test_a_tunnel_moves_up_with_its_network_and_keeps_all_that_it_had() -> None:
    model = with_tunnel(MODEL, lower_of(MODEL, "eth0").ref)
    model = with_record(model, replace(tunnel_of(model), other_config={"remote-ips": "192.0.2.11"}))
    after = created(model, "eth1", "eth0").after
    assert tunnel_of(after) == replace(tunnel_of(model), transport_PIF=lower_of(after, "bond0").ref)
    assert lower_of(after, "tunnel0") == lower_of(model, "tunnel0")


@pytest.mark.parametrize(
    ("state", "vm"),
    [
        ("Running", {}),
        ("Paused", {}),
        ("Suspended", {}),
        ("Halted", ONLY_HERE),
    ],
)
@design("create", 10)
def test_a_VIF_to_move_joins_the_network_of_the_bond(state: str, vm: Any) -> None:
    model = plugged(TWO_HOSTS, "eth1")
    model = with_vif(model, home_of(model, "eth1"), "vm", state, **vm)
    after = created(model, "eth1", "eth2").after
    assert vif_of(after, "vm") == replace(vif_of(model, "vm"), network=home_of(after, "bond0"))


@pytest.mark.parametrize(
    ("state", "vm"),
    [
        ("Running", {"resident_on": ELSEWHERE.ref}),
        ("Suspended", {"resident_on": ELSEWHERE.ref}),
        ("Halted", {}),
        ("Halted", {"possible_hosts": (ELSEWHERE.ref,)}),
    ],
)
@design("create", 10)
def test_another_VIF_stays_where_it_is_and_nobody_is_asked(state: str, vm: Any) -> None:
    model = with_vif(TWO_HOSTS, home_of(MODEL, "eth1"), "vm", state, **vm)
    plan = created(model, "eth1", "eth2")
    assert (vif_of(plan.after, "vm"), plan.unplug, plan.plug) == (vif_of(model, "vm"), (), ())


def test_on_a_lone_host_a_halted_VM_can_start_nowhere_else() -> None:
    model = with_vif(MODEL, home_of(MODEL, "eth1"), "vm", "Halted")
    after = created(model, "eth1").after
    assert vif_of(after, "vm").network == home_of(after, "bond0")


@design("create", 3)
def test_only_the_VMs_with_a_plugged_VIF_are_asked() -> None:
    model, home = plugged(MODEL, "eth1"), home_of(MODEL, "eth1")
    for name, state in (("runs", "Running"), ("waits", "Paused"), ("sleeps", "Suspended"), ("off", "Halted")):
        model = with_vif(model, home, name, state)
    model = with_vif(model, home, "detached")
    model = with_record(model, replace(vif_of(model, "detached"), currently_attached=False))
    plan = created(model, "eth1", "eth2")
    assert plan.unplug == plan.plug == tuple(vif_of(model, name).ref for name in ("runs", "waits"))


def test_a_suspended_VMs_VIF_stays_attached_for_when_it_is_resumed() -> None:
    model = with_vif(MODEL, home_of(MODEL, "eth1"), "vm", "Suspended")
    assert vif_of(created(model, "eth1").after, "vm").currently_attached is True


def test_a_master_that_takes_plugged_VIFs_or_has_them_already_is_plugged() -> None:
    model = with_vif(MODEL, home_of(MODEL, "eth1"), "vm")
    assert lower_of(created(model, "eth1").after, "bond0").currently_attached is True
    model, home = with_new_network(MODEL)
    model = with_vif(model, home, "vm")
    plan = bond.create(model, home, [lower_of(model, "eth1").ref], "")
    assert (lower_of(plan.after, "bond0").currently_attached, plan.unplug) == (True, ())


def test_management_on_a_VLAN_of_a_slave_stays_on_it() -> None:
    model = with_pif(MODEL, "eth0", management=False, currently_attached=False)
    model = with_vlan(model, "eth1", 5, ip_configuration=IP, management=True)
    after = created(model, "eth1", "eth2").after
    assert [pif for pif in after.all(PIF) if pif.management] == [upper_of(after, "bond0", 5)]
    assert lower_of(after, "bond0").currently_attached is False


def test_management_on_a_tunnel_stays_on_it() -> None:
    model = with_tunnel(MODEL, lower_of(MODEL, "eth0").ref)
    model = with_pif(with_pif(model, "eth0", management=False), "tunnel0", management=True)
    after = created(model, "eth0", "eth1").after
    assert [pif.device for pif in after.all(PIF) if pif.management] == ["tunnel0"]
    assert violations(after) == []


@design("create", 5)
def test_IPv6_and_the_devices_keys_go_to_the_master() -> None:
    both = replace(IP, IPv6=("2001:db8::2/64",), ipv6_gateway="2001:db8::1")
    keys = {"mtu": "1400", "peerdns": "true"}
    model = with_pif(MODEL, "eth1", ip_configuration=both, other_config={**keys, "a": "b"})
    after = created(model, "eth1").after
    master, slave = lower_of(after, "bond0"), lower_of(after, "eth1")
    assert (master.ip_configuration, master.other_config) == (both, keys)
    assert (slave.ip_configuration, slave.other_config) == (IPConfiguration(), {"a": "b"})


def test_nothing_else_is_moved() -> None:
    model = with_vlan(MODEL, "eth0", 5)
    model = with_tunnel(model, lower_of(model, "eth0").ref)
    model = with_vif(model, home_of(model, "eth0"), "vm")
    after = created(model, "eth1", "eth2").after
    kinds: tuple[Any, ...] = (VLAN, Tunnel, VIF)
    assert [after.all(kind) for kind in kinds] == [model.all(kind) for kind in kinds]


def test_a_VM_on_another_host_does_not_have_the_master_plugged() -> None:
    model, home = with_new_network(with_record(MODEL, ELSEWHERE))
    model = with_vif(model, home, "far", resident_on=ELSEWHERE.ref)
    members = [lower_of(model, device).ref for device in ("eth1", "eth2")]
    after = bond.create(model, home, members, "").after
    assert lower_of(after, "bond0").currently_attached is False

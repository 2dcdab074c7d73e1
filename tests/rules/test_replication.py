"""A member takes over what its pool's master has (design, Actions on Start-up)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import NetworkAlreadyConnected
from agent.model.draft import Draft, Plan
from agent.model.model import Model, here, management, slaves
from agent.model.records import PIF, VIF, VLAN, Bond, Network, Ref, Tunnel
from agent.rules import bond, tunnel, vif, vlan, vm
from agent.rules.corresponding_nics import Correspondence
from agent.rules.replication import Preview, preview
from agent.rules.vifs_elsewhere import follow_bonds
from tests.rules.invariants import violations
from tests.worlds.hosts import host as machine
from tests.worlds.hosts import mac, nic
from tests.worlds.pools import alone, own_host, pif_on_host, with_host, without_pifs
from tests.worlds.world import (
    bonded,
    network_of,
    pif_of,
    static,
    taken_over,
    with_new_network,
    with_pif,
    with_record,
)

NICS = tuple(nic(n) for n in range(4))
MASTERS = tuple(nic(n, MAC=mac(0x40 + n)) for n in range(4))

MEMBER = taken_over(machine(*NICS))
MASTER = alone("master", machine(*MASTERS))


def pool(member: Model, master: Model) -> Model:
    """Both in a pool: the member as it sees itself."""
    return with_host(member, master, master=True)


def synced(model: Model, by: Correspondence = "device") -> Preview:
    return preview(model, own_host(model).ref, by)


def bond_here(model: Model) -> Bond:
    [found] = here(model).all(Bond)
    return found


def devices(model: Model, of: Bond) -> list[str]:
    return [pif.device for pif in slaves(model, of)]


def other_config(model: Model, **keys: str) -> Model:
    own = own_host(model)
    return Model({**model.records, own.ref: replace(own, other_config=keys)}, model.seed)


def changed(model: Model, rule: Callable[..., Plan], *arguments: Any) -> Model:
    return rule(model, *arguments).after


def with_vlan(model: Model, device: str, tag: int) -> Model:
    model, home = with_new_network(model, name_label=f"vlan{tag}")
    return changed(model, vlan.create, pif_of(model, device).ref, tag, home)


def test_the_master_itself_takes_nothing_over_and_neither_does_a_host_alone() -> None:
    assert synced(bonded(MEMBER, "eth0", "eth1")).lines == ()
    model = with_host(bonded(MEMBER, "eth0", "eth1"), MASTER)
    assert synced(model) == Preview(Plan(model, model))


def test_a_bond_of_the_masters_is_made_of_the_nics_of_the_same_names() -> None:
    model = pool(MEMBER, bonded(MASTER, "eth1", "eth2"))
    outcome = synced(model)
    after = outcome.plan.after
    assert devices(after, bond_here(after)) == ["eth1", "eth2"]
    assert outcome.lines == ("bond on xapi0: as the master's",)
    assert violations(after) == []
    assert synced(after).lines == ()


def test_of_a_bond_one_of_whose_nics_is_missing_here_a_partial_one_is_made() -> None:
    model = pool(without_pifs(MEMBER, {"eth2"}), bonded(MASTER, "eth1", "eth2"))
    after = synced(model).plan.after
    assert devices(after, bond_here(after)) == ["eth1"]
    assert synced(after).lines == ()


def test_of_a_bond_none_of_whose_nics_is_here_it_is_said_and_the_rest_goes_on() -> None:
    two = bonded(bonded(MASTER, "eth2", "eth3"), "eth0", "eth1")
    outcome = synced(pool(without_pifs(MEMBER, {"eth2", "eth3"}), two))
    assert devices(outcome.plan.after, bond_here(outcome.plan.after)) == ["eth0", "eth1"]
    assert [
        line.startswith("bond on xapi0: not done: None of the bond's NICs") for line in outcome.lines
    ] == [
        True,
        False,
    ]


def test_another_bond_of_the_nics_goes_first_and_its_configuration_comes_along() -> None:
    busy = with_vlan(bonded(MEMBER, "eth0", "eth1"), "bond0", 7)
    model = pool(busy, with_new_bond(MASTER, "xapi9", "eth0", "eth2"))
    after = synced(model).plan.after
    made = bond_here(after)
    assert devices(after, made) == ["eth0", "eth2"]
    assert after.get(after.get(made.master).network).bridge == "xapi9"
    assert management(after) == after.get(made.master)
    assert [after.get(one.tagged_PIF).device for one in here(after).all(VLAN)] == ["bond0"]
    assert violations(after) == []


def with_new_bond(model: Model, bridge: str, *names: str, **settings: Any) -> Model:
    """The model with a bond on a network of the pool that has a bridge of this name."""
    model, home = with_new_network(model)
    home_record = model.get(home)
    model = Model({**model.records, home: replace(home_record, bridge=bridge)}, model.seed)
    return bond.create(model, home, [pif_of(model, name).ref for name in names], "", **settings).after


def test_what_can_not_be_made_leaves_the_bond_that_was_in_its_way() -> None:
    """The network of the master's bond has a NIC's PIF here."""
    busy = bonded(MEMBER, "eth0", "eth1")
    master = bonded_on(MASTER, network_of(MASTER, "xenbr3").ref, "eth0", "eth2")
    model = pool(busy, master)
    outcome = synced(model)
    assert outcome.plan.after == model
    [line] = outcome.lines
    assert str(NetworkAlreadyConnected.__doc__) in line


def bonded_on(model: Model, network: Ref[Network], *names: str) -> Model:
    """A bond on the network of a NIC that the master has not any more."""
    [gone] = model.by(PIF, "network", network)
    model = Model({ref: record for ref, record in model.records.items() if ref != gone.ref}, model.seed)
    return bond.create(model, network, [pif_of(model, name).ref for name in names], "").after


def test_mode_and_properties_are_the_masters_and_drift_is_repaired() -> None:
    master = with_new_bond(
        MASTER, "xapi9", "eth1", "eth2", mode="active-backup", properties={"primary": "eth2", "miimon": "50"}
    )
    after = synced(pool(MEMBER, master)).plan.after
    made = bond_here(after)
    assert (made.mode, made.properties) == ("active-backup", {"primary": "eth2", "miimon": "50"})
    drifted = changed(after, bond.set_mode, made.ref, "lacp")
    assert synced(drifted).plan.after.get(made.ref) == made
    own = pif_on_host(after, "bond0", own_host(after).ref)
    old = with_record(after, replace(own, other_config={"bond-miimon": "10", "mine": "1"}))
    assert synced(old).plan.after.get(own.ref).other_config == {"mine": "1"}


def test_what_a_property_says_of_a_nic_that_is_not_here_is_left_out() -> None:
    master = with_new_bond(
        MASTER,
        "xapi9",
        "eth1",
        "eth2",
        mode="active-backup",
        properties={"primary": "eth2", "eth1.prio": "7"},
    )
    after = synced(pool(without_pifs(MEMBER, {"eth2"}), master)).plan.after
    assert bond_here(after).properties == {"eth1.prio": "7"}
    assert synced(after).lines == ()


def test_the_mac_is_that_of_the_nic_that_corresponds_to_the_one_which_gave_it() -> None:
    model = with_pif(MASTER, "eth2", ip_configuration=static("198.51.100.3/24"))
    after = synced(pool(MEMBER, bonded(model, "eth1", "eth2"))).plan.after
    assert mac(2) == after.get(bond_here(after).master).MAC
    less = synced(pool(without_pifs(MEMBER, {"eth2"}), bonded(model, "eth1", "eth2"))).plan.after
    assert mac(1) == less.get(bond_here(less).master).MAC
    given = synced(pool(MEMBER, bonded(MASTER, "eth1", "eth2", MAC="02:00:00:00:00:77"))).plan.after
    assert mac(1) == given.get(bond_here(given).master).MAC
    managed = synced(pool(MEMBER, bonded(model_without_management(model), "eth0", "eth2"))).plan.after
    assert mac(2) == managed.get(bond_here(managed).master).MAC
    assert managed.get(bond_here(managed).master).management


def model_without_management(model: Model) -> Model:
    """Its eth2 has what eth0 had, so that a bond of both has eth2's MAC."""
    model = with_pif(model, "eth0", management=False, ip_configuration=replace(static("192.0.2.1/24"), IP=""))
    eth0 = pif_of(model, "eth0")
    return with_pif(
        with_pif(model, "eth0", ip_configuration=type(eth0.ip_configuration)()), "eth2", management=True
    )


@pytest.mark.parametrize("names", [("ens1", "ens2", "ens3", "ens10"), ("eth0", "eth1", "eth2", "eth3")])
def test_where_names_differ_nics_correspond_by_position(names: tuple[str, ...]) -> None:
    cards = tuple(replace(nic(n), name=name) for n, name in enumerate(names))
    state = replace(
        machine(*cards),
        addresses=frozenset(
            replace(one, link=names[0]) if one.link == "eth0" else one for one in machine().addresses
        ),
        routes=frozenset(
            replace(one, link=names[0]) if one.link == "eth0" else one for one in machine().routes
        ),
    )
    model = pool(taken_over(state), bonded(MASTER, "eth1", "eth3"))
    after = synced(model, "position").plan.after
    assert set(devices(after, bond_here(after))) == {names[1], names[3]}
    if names[0] != "eth0":
        assert "None of the bond's NICs" in synced(model).lines[0]


def test_a_vlan_is_made_on_the_pif_of_the_same_network_and_is_not_plugged() -> None:
    model = pool(MEMBER, with_vlan(MASTER, "eth1", 7))
    after = synced(model).plan.after
    [made] = here(after).all(VLAN)
    upper = after.get(made.untagged_PIF)
    assert (after.get(made.tagged_PIF).device, made.tag, upper.currently_attached) == ("eth1", 7, False)
    assert synced(after).lines == ()


def test_a_vlan_whose_network_has_a_running_vm_here_is_plugged() -> None:
    model = pool(MEMBER, with_vlan(MASTER, "eth1", 7))
    net = next(one.ref for one in model.all(Network) if one.name_label == "vlan7")
    made = vm.create(model, {"name_label": "alpha"})
    alpha: Ref[Any] = Ref(str(made.result))
    model = changed(made.after, vif.create, {"device": "0", "network": net, "VM": alpha})
    after = synced(changed(model, vm.start, alpha)).plan.after
    [made_vlan] = here(after).all(VLAN)
    assert after.get(made_vlan.untagged_PIF).currently_attached


def test_a_vlan_on_the_masters_bond_is_made_on_the_members() -> None:
    model = pool(MEMBER, with_vlan(bonded(MASTER, "eth1", "eth2"), "bond0", 7))
    outcome = synced(model)
    [made] = here(outcome.plan.after).all(VLAN)
    assert outcome.plan.after.get(made.tagged_PIF).device == "bond0"
    assert len(outcome.lines) == 2


def test_a_vlan_on_a_nic_that_is_a_slave_here_is_said_to_be_impossible() -> None:
    model = pool(bonded(MEMBER, "eth1", "eth2"), with_vlan(MASTER, "eth1", 7))
    outcome = synced(model)
    assert outcome.plan.after == model
    assert "not done" in outcome.lines[0]


def test_a_tunnel_is_made_with_the_masters_key_and_protocol() -> None:
    master, home = with_new_network(MASTER, name_label="private")
    master = changed(master, tunnel.create, pif_of(master, "eth0").ref, home, "vxlan")
    master, other = with_new_network(master, name_label="more")
    master = changed(master, tunnel.create, pif_of(master, "eth0").ref, other)
    after = synced(pool(MEMBER, master)).plan.after
    ours = sorted(here(after).all(Tunnel), key=lambda one: one.key)
    assert [(one.protocol, one.key) for one in ours] == [("vxlan", 1), ("gre", 2)]
    assert [after.get(one.access_PIF).currently_attached for one in ours] == [False, False]
    assert synced(after).lines == ()


@pytest.mark.parametrize(
    ("key", "left"), [("sync_bonds", Bond), ("sync_vlans", VLAN), ("sync_tunnels", Tunnel)]
)
def test_a_member_can_opt_out_of_each_class(key: str, left: type[Any]) -> None:
    master, home = with_new_network(with_vlan(bonded(MASTER, "eth1", "eth2"), "eth3", 7))
    master = changed(master, tunnel.create, pif_of(master, "eth0").ref, home)
    model = other_config(pool(MEMBER, master), **{key: "nosync"})
    after = synced(model).plan.after
    assert {kind for kind in (Bond, VLAN, Tunnel) if not here(after).all(kind)} == {left}
    assert len(synced(other_config(model, **{key: "sync"})).lines) == 3


def test_what_only_the_member_has_stays() -> None:
    model = pool(with_vlan(bonded(MEMBER, "eth2", "eth3"), "eth1", 9), MASTER)
    assert synced(model) == Preview(Plan(model, model))


def test_vifs_vlans_and_management_on_the_members_nics_move_up(  # the design's row
) -> None:
    """In a pool of two hosts, with all of it on the slave's interfaces, a bond is made on the master."""
    member = with_vlan(MEMBER, "eth1", 7)
    made = vm.create(member, {"name_label": "alpha"})
    alpha: Ref[Any] = Ref(str(made.result))
    member = changed(
        made.after, vif.create, {"device": "0", "network": network_of(member, "xenbr1").ref, "VM": alpha}
    )
    member = changed(member, vm.start, alpha)
    model = pool(member, bonded(MASTER, "eth0", "eth1"))
    outcome = synced(model)
    after = outcome.plan.after
    master_pif = after.get(bond_here(after).master)
    assert management(after) == master_pif
    assert master_pif.currently_attached
    assert {one.network for one in after.all(VIF)} == {master_pif.network}
    assert [after.get(one.tagged_PIF) for one in here(after).all(VLAN)] == [master_pif]
    assert outcome.plan.unplug == outcome.plan.plug == tuple(one.ref for one in after.all(VIF))
    assert violations(after) == []


def test_the_vif_of_a_halted_vm_goes_along_with_the_last_host_that_it_could_start_on() -> None:
    """Whichever host's bond is the last.  A network that is on no NIC holds nothing back."""
    for last in ("member", "master"):
        model = pool(MEMBER, bonded(MASTER, "eth1", "eth2") if last == "member" else MASTER)
        model, alone_here = with_new_network(model, name_label="private")
        assert moved_by(with_halted_vm(model, "eth1", "eth0"), last)
        assert moved_by(with_halted_vm(model, "eth1", more=alone_here), last)
        assert not moved_by(with_halted_vm(model, "eth0"), last)


def with_halted_vm(model: Model, *devices: str, more: Ref[Network] | None = None) -> Model:
    """With a VM that names no hosts, and its VIFs on the networks of NICs."""
    made = vm.create(model, {"name_label": "alpha"})
    networks = [pif_of(here(model), device).network for device in devices] + ([more] if more else [])
    model = made.after
    for number, net in enumerate(networks):
        record = {"device": str(number), "network": net, "VM": Ref[Any](str(made.result))}
        model = changed(model, vif.create, record)
    return model


def moved_by(model: Model, last: str) -> bool:
    """Whether any VIF is on another network after a bond of eth1 and eth2 on the host that has none yet."""
    before = [one.network for one in model.all(VIF)]
    if last == "member":
        after = synced(model).plan.after
    else:
        other, home = with_new_network(model)
        theirs = [pif.ref for name in ("eth1", "eth2") for pif in pifs_elsewhere(model, name)]
        ours = [pif_of(here(model), name).ref for name in ("eth1", "eth2")]
        first = bond.create(other, home, ours, "").after
        assert [one.network for one in first.all(VIF)] == before
        learnt, draft = bond.create(first, home, theirs, "").after, Draft(first)
        for ref in learnt.records.keys() - {one.ref for one in first.all(VIF)}:
            draft.put(learnt.records[ref]) if first.records.get(ref) != learnt.records[ref] else None
        follow_bonds(draft, first)
        after = draft.model
    assert violations(after) == []
    return [one.network for one in after.all(VIF)] != before


def pifs_elsewhere(model: Model, device: str) -> list[PIF]:
    return [pif for pif in model.by(PIF, "device", device) if pif.host != own_host(model).ref]


def test_vlans_of_one_tag_on_nics_that_are_bonded_become_one() -> None:
    member = with_vlan(with_vlan(MEMBER, "eth1", 7), "eth2", 7)
    after = synced(pool(member, bonded(MASTER, "eth1", "eth2"))).plan.after
    assert len(here(after).all(VLAN)) == 1


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("bvdt"), st.integers(0, 3), st.integers(1, 3)), max_size=6),
    st.lists(st.tuples(st.sampled_from("bvdt"), st.integers(0, 3), st.integers(1, 3)), max_size=6),
    st.sets(st.sampled_from(["eth1", "eth2", "eth3"]), max_size=2),
)
def test_whatever_both_have_the_member_ends_with_what_can_be_had_and_a_second_time_changes_nothing(
    ours: list[tuple[str, int, int]], theirs: list[tuple[str, int, int]], gone: set[str]
) -> None:
    free = {
        pif.device
        for pif in built(MEMBER, ours).all(PIF)
        if pif.physical and pif.bond_slave_of is None and not vlans_above(built(MEMBER, ours), pif)
    }
    model = pool(without_pifs(built(MEMBER, ours), gone & free), built(MASTER, theirs))
    outcome = synced(model)
    after = outcome.plan.after
    assert set(violations(after)) <= set(violations(model))  # two hosts may have met with one tunnel key
    again = synced(after)
    assert again.plan.after == after
    assert [line for line in again.lines if "as the master's" in line] == []
    assert (management(after) is None) == (management(model) is None)


def vlans_above(model: Model, pif: PIF) -> bool:
    return any(one.tagged_PIF == pif.ref for one in model.all(VLAN)) or any(
        one.transport_PIF == pif.ref for one in model.all(Tunnel)
    )


def built(model: Model, steps: list[tuple[str, int, int]]) -> Model:
    """A host's model after some calls, those that are refused left out."""
    from agent.errors import Failure

    for kind, number, more in steps:
        nics = [pif for pif in model.all(PIF) if pif.physical and pif.managed]
        one, other = nics[number], nics[(number + more) % len(nics)]
        fresh, home = with_new_network(model, name_label=f"{kind}{number}{more}")
        try:
            if kind == "b":
                model = bond.create(fresh, home, [one.ref, other.ref], "").after
            elif kind == "v":
                model = vlan.create(fresh, one.ref, more, home).after
            elif kind == "t":
                model = tunnel.create(fresh, one.ref, home).after
            else:
                model = next((bond.destroy(model, old.ref).after for old in model.all(Bond)), model)
        except Failure:
            continue
    return model

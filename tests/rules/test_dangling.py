"""rectify: references that lead nowhere, and records that make no sense without the other one."""

from dataclasses import replace

from agent.model.model import Model
from agent.model.records import PIF, VIF, VLAN, VM, Bond, Network, Pool, Tunnel
from tests.rules.log_lines import NOTHING, mended
from tests.worlds.laden import (
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
    bond_of,
    bonded,
    host,
    host_of,
    nic,
    static,
    taken_over,
    with_pif,
    with_record,
)

MODEL = taken_over(host(nic(0), nic(1), nic(2)))


"""eth0 is management with an address; eth1 and eth2 have nothing."""


BONDED = bonded(MODEL, "eth1", "eth2")
IP = static("198.51.100.2/24")


def without(model: Model, *refs: str) -> Model:
    return Model({ref: record for ref, record in model.records.items() if ref not in refs})


def test_a_slave_of_nothing_is_free() -> None:
    model = with_pif(MODEL, "eth1", bond_slave_of=NOTHING)
    assert mended(model, "forgets its bond_slave_of").model == MODEL


def test_a_bond_without_master_goes_and_its_slaves_are_free() -> None:
    after = mended(
        without(BONDED, lower_of(BONDED, "bond0").ref),
        "its master is not there",
        "forgets its bond_slave_of",
        "forgets its bond_slave_of",
    ).model
    assert (after.all(Bond), after.all(PIF)) == ((), MODEL.all(PIF))


def test_a_bond_without_slaves_goes_with_its_master_and_what_is_on_it() -> None:
    model = with_vlan(BONDED, "bond0", 5)
    model = with_pif(without(model, lower_of(model, "eth1").ref), "eth2", bond_slave_of=None)
    after = mended(model, "it has no slaves", "belongs to no bond", "its tagged_PIF is not there").model
    assert ([pif.device for pif in after.all(PIF)], after.all(VLAN)) == (["eth0", "eth2", "eth8", "eth9"], ())


def test_a_VLAN_without_one_of_its_sides_goes_with_the_other() -> None:
    model = with_vlan(MODEL, "eth1", 5)
    after = mended(without(model, lower_of(model, "eth1").ref), "tagged_PIF is not there").model
    assert (after.all(VLAN), [p.device for p in after.all(PIF)]) == ((), ["eth0", "eth2", "eth8", "eth9"])
    after = mended(without(model, upper_of(model, "eth1", 5).ref), "untagged_PIF is not there").model
    assert (after.all(VLAN), after.all(PIF)) == ((), MODEL.all(PIF))


def test_a_NIC_stays_that_a_broken_VLAN_has_for_its_upper_PIF() -> None:
    model = with_vlan(MODEL, "eth1", 5)
    vlan = replace(vlan_of(model, "eth1", 5), untagged_PIF=lower_of(model, "eth2").ref)
    after = mended(with_record(model, vlan), "none of its own", "belongs to no bond, VLAN or tunnel").model
    assert (after.all(VLAN), after.all(PIF)) == ((), MODEL.all(PIF))


def test_a_tunnel_without_one_of_its_sides_goes_with_the_other() -> None:
    model = with_tunnel(MODEL, lower_of(MODEL, "eth0").ref)
    after = mended(without(model, lower_of(model, "tunnel0").ref), "access_PIF is not there").model
    assert (after.all(Tunnel), after.all(PIF)) == ((), MODEL.all(PIF))
    broken = with_record(model, replace(tunnel_of(model), transport_PIF=NOTHING))
    assert mended(broken, "transport_PIF is not there").model.all(PIF) == MODEL.all(PIF)


def test_a_PIF_without_its_network_goes_unless_management_needs_it() -> None:
    model = without(MODEL, home_of(MODEL, "eth1"))
    assert "eth1" not in [pif.device for pif in mended(model, "its network is not there").model.all(PIF)]
    model = without(MODEL, home_of(MODEL, "eth0"))
    after = mended(model, "which management needs").model
    kept = lower_of(after, "eth0")
    assert replace(kept, network=home_of(MODEL, "eth0")) == lower_of(MODEL, "eth0")
    assert after.get(kept.network).bridge == "xapi0"


def test_what_a_management_VLAN_stands_on_stays_too() -> None:
    model = with_vlan(
        with_pif(BONDED, "eth0", management=False), "bond0", 5, ip_configuration=IP, management=True
    )
    after = mended(
        without(model, home_of(model, "bond0"), home_of(model, "eth1")), "which management needs"
    ).model
    assert upper_of(after, "bond0", 5) == upper_of(model, "bond0", 5)


def test_a_PIF_without_its_host_goes() -> None:
    model = with_pif(MODEL, "eth1", host=NOTHING)
    assert mended(model, "its host is not there").model == without(MODEL, lower_of(MODEL, "eth1").ref)


def test_leftover_upper_PIFs_and_masters_go() -> None:
    model = with_vlan(BONDED, "bond0", 5)
    model = without(model, vlan_of(model, "bond0", 5).ref)
    model = without(
        with_pif(with_pif(model, "eth1", bond_slave_of=None), "eth2", bond_slave_of=None), bond_of(model).ref
    )
    assert mended(model, "belongs to no bond").model.all(PIF) == MODEL.all(PIF)


def test_a_bond_gets_a_primary_slave() -> None:
    for wrong in (None, lower_of(BONDED, "eth0").ref):
        model = with_record(BONDED, replace(bond_of(BONDED), primary_slave=wrong))
        assert mended(model, "had no primary slave").model == BONDED


def test_a_VIF_without_VM_or_network_goes() -> None:
    model = with_vif(
        with_vif(MODEL, home_of(MODEL, "eth1"), "a", "Halted"), home_of(MODEL, "eth2"), "b", "Halted"
    )
    model = without(model, vif_of(model, "a").VM)
    model = with_pif(without(model, home_of(model, "eth2")), "eth2", network=home_of(model, "eth2"))
    assert mended(model, "VM is not there", "network is not there").model.all(VIF) == ()


def test_a_VM_forgets_hosts_and_metrics_that_are_not_there() -> None:
    model = with_vif(MODEL, home_of(MODEL, "eth1"), "vm", "Suspended")
    vm = model.get(vif_of(model, "vm").VM)
    wrong = replace(
        vm, resident_on=NOTHING, affinity=NOTHING, possible_hosts=(NOTHING,), guest_metrics=NOTHING
    )
    assert mended(with_record(model, wrong), "forgets its resident_on").model.all(VM) == (
        replace(vm, resident_on=None),
    )


def test_a_VM_that_has_a_domain_has_it_here() -> None:
    model = with_vif(with_pif(MODEL, "eth1", currently_attached=True), home_of(MODEL, "eth1"), "vm")
    vm = model.get(vif_of(model, "vm").VM)
    assert (
        mended(with_record(model, replace(vm, resident_on=NOTHING)), "forgets its resident_on").model == model
    )


def test_a_pool_gets_a_master() -> None:
    pool = replace(MODEL.all(Pool)[0], master=NOTHING)
    assert mended(with_record(MODEL, pool), "had no master").model.all(Pool)[0].master == host_of(MODEL).ref


def test_nothing_is_left_of_a_model_without_a_host() -> None:
    after = mended(without(BONDED, host_of(BONDED).ref), "its host is not there").model
    assert {type(record) for record in after.records.values()} == {Network}

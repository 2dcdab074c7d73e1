"""Bond.create: the sentences of the design."""

from agent.model.model import Model
from agent.model.records import PIF, BondMode, Host, IPConfiguration, Ref
from agent.rules import bond, members
from tests.docs.design import design
from tests.worlds.world import (
    bond_of,
    bonded,
    host,
    mac,
    nic,
    pif_of,
    slave_devices,
    static,
    static6,
    taken_over,
    with_new_network,
    with_pif,
)

MODEL = taken_over(host(nic(0), nic(1), nic(2)))


"""eth0 is management with an address; eth1 and eth2 have nothing; eth8 and eth9 are in a foreign bond."""


ELSEWHERE = Host(uuid="00000000-0000-0000-0000-00000000000e", name_label="host2")


def ref(model: Model, device: str) -> Ref[PIF]:
    return pif_of(model, device).ref


@design("create", 1)
def test_duplicates_keep_their_first_place() -> None:
    refs = [Ref[PIF](name) for name in ("a", "b", "a", "c", "b")]
    assert members.without_duplicates(refs) == ["a", "b", "c"]


@design("create", 1)
def test_a_member_named_twice_is_one_slave() -> None:
    assert slave_devices(bonded(MODEL, "eth1", "eth2", "eth1")) == ["eth1", "eth2"]


def test_the_first_of_duplicates_gives_its_MAC() -> None:
    master = pif_of(bonded(MODEL, "eth2", "eth1", "eth2"), "bond0")
    assert (master.device, master.MAC) == ("bond0", mac(2))


@design("create", 5)
def test_the_master_is_named_by_the_smallest_unused_number() -> None:
    model = with_pif(bonded(bonded(MODEL, "eth0"), "eth1"), "bond0", device="bond7")
    assert pif_of(bonded(model, "eth2"), "bond0").device == "bond0"


@design("create", 5)
def test_the_number_after_the_used_ones_is_taken() -> None:
    model = bonded(bonded(MODEL, "eth0"), "eth1")
    assert [pif.device for pif in model.all(PIF) if not pif.physical] == ["bond0", "bond1"]


@design("create", 4)
def test_the_management_interface_is_the_primary_slave() -> None:
    model = with_pif(MODEL, "eth0", ip_configuration=IPConfiguration())
    model = with_pif(model, "eth1", ip_configuration=static("198.51.100.2/24"))
    after = bonded(model, "eth1", "eth0")
    assert bond_of(after).primary_slave == ref(model, "eth0")
    assert pif_of(after, "bond0").ip_configuration == static("198.51.100.2/24")


@design("create", 4)
def test_else_the_first_slave_with_an_IP_configuration_is_the_primary_slave() -> None:
    model = with_pif(MODEL, "eth2", ip_configuration=static("198.51.100.2/24"))
    assert bond_of(bonded(model, "eth1", "eth2")).primary_slave == ref(model, "eth2")


def test_an_IPv6_configuration_counts_too() -> None:
    model = with_pif(MODEL, "eth2", ip_configuration=static6("2001:db8::2/64"))
    assert bond_of(bonded(model, "eth1", "eth2")).primary_slave == ref(model, "eth2")


def test_else_the_first_slave_is_the_primary_slave() -> None:
    assert bond_of(bonded(MODEL, "eth2", "eth1")).primary_slave == ref(MODEL, "eth2")


@design("create", 5)
def test_the_master_has_the_MAC_of_the_primary_slave() -> None:
    model = bonded(MODEL, "eth1", "eth0")
    assert (pif_of(model, "bond0").MAC, bond_of(model).auto_update_mac) == (mac(0), True)


@design("create", 5)
def test_the_master_has_the_MAC_that_was_given_in_lower_case() -> None:
    model = bonded(MODEL, "eth1", "eth0", MAC="02:00:00:00:AB:CD")
    assert (pif_of(model, "bond0").MAC, bond_of(model).auto_update_mac) == ("02:00:00:00:ab:cd", False)


@design("create", 5)
def test_the_master_has_the_IP_configuration_of_the_primary_slave() -> None:
    wanted = pif_of(MODEL, "eth0").ip_configuration
    assert pif_of(bonded(MODEL, "eth1", "eth0"), "bond0").ip_configuration == wanted


def test_the_master_has_the_keys_of_other_config_that_go_with_the_IP_configuration() -> None:
    model = with_pif(MODEL, "eth0", other_config={"defaultroute": "true", "colour": "red"})
    model = bonded(model, "eth0", "eth1")
    configs = pif_of(model, "bond0").other_config, pif_of(model, "eth0").other_config
    assert configs == ({"defaultroute": "true"}, {"colour": "red"})


@design("creating", 2)
def test_the_master_is_a_PIF_of_the_host_on_the_network_that_was_given() -> None:
    model, home = with_new_network(MODEL, MTU=9000)
    plan = bond.create(model, home, [ref(model, "eth1")], "")
    master = pif_of(plan.after, "bond0")
    assert (master.network, master.host, master.MTU, master.physical) == (
        home, pif_of(MODEL, "eth1").host, 9000, False,
    )  # fmt: skip


@design("create", 5)
@design("create", 12)
def test_disallow_unplug_of_any_slave_goes_to_the_master() -> None:
    model = bonded(with_pif(MODEL, "eth2", disallow_unplug=True), "eth1", "eth2")
    assert [pif_of(model, d).disallow_unplug for d in ("bond0", "eth1", "eth2")] == [True, False, False]


@design("create", 7)
def test_the_slaves_know_their_bond_and_the_result_is_its_reference() -> None:
    model, home = with_new_network(MODEL)
    plan = bond.create(model, home, [ref(model, "eth1"), ref(model, "eth2")], "")
    slaves = {pif_of(plan.after, device).bond_slave_of for device in ("eth1", "eth2")}
    assert slaves == {plan.result} == {bond_of(plan.after).ref}


@design("create", 6)
def test_the_bond_knows_its_master_and_mode() -> None:
    model = bonded(MODEL, "eth1", "eth2")
    found = bond_of(model)
    assert (found.master, found.mode) == (ref(model, "bond0"), BondMode.ACTIVE_BACKUP)


@design("create", 11)
def test_management_moves_to_the_master_which_is_plugged() -> None:
    model = bonded(MODEL, "eth1", "eth0")
    assert [
        (pif_of(model, d).management, pif_of(model, d).currently_attached) for d in ("bond0", "eth0")
    ] == [
        (True, True),
        (False, False),
    ]


@design("create", 11)
def test_the_master_is_plugged_if_a_slave_was_and_the_slaves_are_unplugged() -> None:
    model = bonded(with_pif(MODEL, "eth2", currently_attached=True), "eth1", "eth2")
    assert [pif_of(model, d).currently_attached for d in ("bond0", "eth1", "eth2")] == [True, False, False]


@design("create", 11)
def test_the_master_is_not_plugged_if_no_slave_was() -> None:
    assert pif_of(bonded(MODEL, "eth1", "eth2"), "bond0").currently_attached is False


@design("create", 12)
def test_the_IP_configuration_of_all_slaves_is_reset() -> None:
    model = bonded(with_pif(MODEL, "eth1", ip_configuration=IPConfiguration(DNS="192.0.2.9")), "eth0", "eth1")
    assert [pif_of(model, d).ip_configuration for d in ("eth0", "eth1")] == [IPConfiguration()] * 2


def test_a_bond_of_one_slave_is_allowed() -> None:
    assert slave_devices(bonded(MODEL, "eth1")) == ["eth1"]


def test_nothing_else_changes() -> None:
    model, home = with_new_network(MODEL)
    after = bond.create(model, home, [ref(model, "eth1")], "").after
    touched = {ref(model, "eth1"), ref(after, "bond0"), bond_of(after).ref}
    left = {key: record for key, record in after.records.items() if key not in touched}
    assert left == {key: record for key, record in model.records.items() if key not in touched}


def test_a_name_that_a_bridge_has_is_used() -> None:
    model, _ = with_new_network(MODEL, "bond0")
    assert [pif.device for pif in bonded(model, "eth1").all(PIF) if not pif.physical] == ["bond1"]

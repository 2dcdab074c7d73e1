"""What the kernel does with links, and what it refuses; one test for each of its truths."""

from dataclasses import replace

import pytest

from agent.kernel.kinds.bond import BondOptions
from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.link import GROUP
from agent.kernel.simulate import apply, apply_all
from agent.kernel.simulate_effects import UNKNOWN_MAC, with_link
from agent.kernel.state import Address, Link, Route
from agent.kernel.steps import (
    AddAddress,
    Announce,
    AwaitCarrier,
    CopyNeighbours,
    CreateLink,
    DeleteLinks,
    SetActiveSlave,
    SetDown,
    SetGRO,
    SetMAC,
    SetMark,
    SetMaster,
    SetMTU,
    SetOptions,
    SetRoute,
    SetUp,
    Step,
    Together,
)
from tests.kernel.devices import BARE, BOND, BONDED, BRIDGE, ROUTED, on, refusal
from tests.worlds.world import ADDRESS, GATEWAY, mac

LACP_MODE = (("mode", "802.3ad"),)


@pytest.mark.parametrize(
    "step",
    [
        DeleteLinks(("eth7",)), SetUp("eth7"), SetDown("eth7"), SetMaster("eth7", "br0"),
        SetMaster("eth0", "br7"), SetMAC("eth7", mac(7)), SetMTU("eth7", 1400), SetMark("eth7", GROUP, ""),
        SetGRO("eth7", on=True),
        SetOptions("br7", "bridge", ()), SetActiveSlave("bond7", "eth0"), SetActiveSlave("bond0", "eth7"),
        AddAddress(Address("eth7", ADDRESS)), SetRoute(Route("eth7", "10.0.0.0/8", GATEWAY)),
        CreateLink(replace(BRIDGE, name="br1", master="br7")),
    ],
)  # fmt: skip
def test_a_device_that_is_not_there_can_not_be_changed(step: Step) -> None:
    assert refusal(step) == "No such device"


def test_a_name_can_not_be_given_twice() -> None:
    assert refusal(CreateLink(BRIDGE)) == "File exists"


def test_a_device_is_created_in_its_master() -> None:
    inside = replace(BOND, name="bond1", master="br0")
    assert apply(CreateLink(inside), BARE).links["bond1"] == inside


def test_hardware_can_not_be_deleted() -> None:
    assert refusal(DeleteLinks(("eth0",))) == "Operation not supported"


def test_a_device_that_goes_sets_its_ports_free_and_takes_its_addresses_and_routes_with_it() -> None:
    state = apply(DeleteLinks(("br0",)), apply(SetMaster("eth0", "br0"), ROUTED))
    assert (state.links["eth0"].master, on(state, "br0")) == ("", ([], []))


def test_a_NIC_that_is_up_can_not_be_enslaved() -> None:
    assert refusal(SetMaster("eth0", "bond0")) == "Device can not be enslaved while up"


def test_a_NIC_that_is_up_can_be_put_into_a_bridge() -> None:
    assert apply(SetMaster("eth0", "br0"), BARE).links["eth0"] == replace(BARE.links["eth0"], master="br0")


def test_only_bridges_and_bonds_have_ports() -> None:
    assert refusal(SetMaster("eth1", "eth0")) == "Operation not supported"


def test_a_bridge_has_no_bridge_as_a_port() -> None:
    assert refusal(SetMaster("br0", "docker0")) == "Too many levels of symbolic links"


def test_a_port_of_a_bond_is_up_with_the_bonds_MAC_and_MTU() -> None:
    port = BONDED.links["eth1"]
    assert (port.up, port.MAC, port.MTU, port.original_MAC, port.original_MTU) == (
        True,
        mac(0xB1),
        9000,
        mac(1),
        1500,
    )


def test_the_first_port_of_a_bond_is_its_active_slave() -> None:
    assert BONDED.links["bond0"].active_slave == "eth1"


def test_a_port_that_leaves_a_bond_is_down_with_its_own_MAC_and_MTU() -> None:
    state = apply(SetMaster("eth1", ""), BONDED)
    assert state.links["eth1"] == BARE.links["eth1"]
    assert state.links["bond0"].active_slave == "eth2"


def test_a_bond_keeps_its_MAC_while_it_has_a_port() -> None:
    left = apply(SetMaster("eth1", ""), BONDED).links["bond0"]
    assert left.MAC == BOND.MAC


def test_a_bond_without_ports_has_a_MAC_that_nobody_knows() -> None:
    state = apply_all([SetMaster("eth1", ""), SetMaster("eth2", "")], BONDED)
    assert state.links["bond0"].MAC == UNKNOWN_MAC


def test_a_bond_whose_MAC_was_made_up_takes_that_of_its_next_port() -> None:
    state = apply_all([SetMaster("eth1", ""), SetMaster("eth2", ""), SetMaster("eth2", "bond0")], BONDED)
    assert [state.links[name].MAC for name in ("bond0", "eth2")] == [mac(2)] * 2


def test_a_port_that_moves_leaves_its_old_master_first() -> None:
    state = apply(SetMaster("eth1", "br0"), BONDED)
    assert (state.links["eth1"].master, state.links["eth1"].MAC, state.links["eth1"].up) == (
        "br0",
        mac(1),
        False,
    )


def test_a_port_that_is_there_already_stays_as_it_is() -> None:
    assert apply(SetMaster("eth1", "bond0"), BONDED) == BONDED


def test_the_MAC_and_the_MTU_of_a_bond_are_its_ports_too() -> None:
    state = apply_all([SetMAC("bond0", mac(5)), SetMTU("bond0", 1400)], BONDED)
    assert [(state.links[n].MAC, state.links[n].MTU) for n in ("bond0", "eth1", "eth2")] == [
        (mac(5), 1400)
    ] * 3


def test_the_MTU_of_a_bridge_is_its_own() -> None:
    state = apply_all([SetMaster("eth0", "br0"), SetMTU("br0", 1400)], BARE)
    assert (state.links["br0"].MTU, state.links["eth0"].MTU) == (1400, 1500)


def test_the_mode_of_a_bond_with_ports_is_fixed() -> None:
    assert refusal(SetOptions("bond0", "bond", LACP_MODE), BONDED) == "Directory not empty"


def test_the_mode_of_a_bond_that_is_up_is_fixed() -> None:
    assert refusal(SetOptions("bond0", "bond", LACP_MODE)) == "Device or resource busy"


def test_the_mode_of_a_bond_that_is_down_can_be_set() -> None:
    state = apply_all([SetDown("bond0"), SetOptions("bond0", "bond", LACP_MODE)], BARE)
    assert state.links["bond0"].options == BondOptions("802.3ad")


def test_other_options_of_a_bond_can_be_set_at_any_time() -> None:
    state = apply(SetOptions("bond0", "bond", (("miimon", 50),)), BONDED)
    assert state.links["bond0"].options == BondOptions(miimon=50)


def test_the_delays_of_a_bond_are_counted_in_its_monitoring_intervals() -> None:
    bond = replace(BOND, options=BondOptions(miimon=100, updelay=250, downdelay=200))
    state = apply(SetOptions("bond0", "bond", (("miimon", 50), ("downdelay", 200))), with_link(BARE, bond))
    assert state.links["bond0"].options == BondOptions(miimon=50, updelay=100, downdelay=200)


def test_a_bond_that_changes_its_mode_forgets_what_only_the_old_mode_had() -> None:
    bond = replace(BOND, up=False, options=BondOptions("802.3ad", lacp_rate="fast"))
    state = apply(SetOptions("bond0", "bond", (("mode", "active-backup"),)), with_link(BARE, bond))
    assert state.links["bond0"].options == BondOptions("active-backup")


def test_an_option_that_a_device_was_made_with_stays() -> None:
    vlan = Link(name="v", kind="vlan", lower="eth0", options=VLANOptions(5))
    assert refusal(SetOptions("v", "vlan", (("tag", 6),)), with_link(BARE, vlan)) == "Operation not supported"


def test_only_a_port_of_the_bond_can_be_its_active_slave() -> None:
    assert refusal(SetActiveSlave("bond0", "eth0"), BONDED) == "Invalid argument"


def test_only_a_port_that_is_up_can_be_the_active_slave() -> None:
    assert refusal(SetActiveSlave("bond0", "eth2"), apply(SetDown("eth2"), BONDED)) == "Invalid argument"


def test_only_a_port_with_carrier_can_be_the_active_slave() -> None:
    silent = with_link(BONDED, replace(BONDED.links["eth2"], carrier=False))
    assert refusal(SetActiveSlave("bond0", "eth2"), silent) == "Invalid argument"
    carrying = with_link(BONDED, replace(BONDED.links["eth2"], carrier=True))
    assert apply(SetActiveSlave("bond0", "eth2"), carrying).links["bond0"].active_slave == "eth2"


def test_a_link_local_gateway_is_on_every_link() -> None:
    route = Route("br0", "::/0", "fe80::1", 1024)
    assert route in apply(SetRoute(route), BARE).routes


@pytest.mark.parametrize(
    "step", [AwaitCarrier("br0"), Announce("br0", mac(0), ()), CopyNeighbours("eth0", "br0")]
)
def test_waiting_and_telling_change_nothing_of_the_state(step: Step) -> None:
    assert apply(step, BARE) == BARE


def test_steps_that_go_together_are_taken_one_after_the_other() -> None:
    parts = (SetDown("eth0"), SetMaster("eth0", "bond0"))
    assert apply(Together(parts), BARE) == apply_all(parts, BARE)

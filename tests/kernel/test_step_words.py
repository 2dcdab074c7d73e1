"""Steps as people read them, and the devices they speak of."""

from dataclasses import replace

import pytest

from agent.kernel.simulate import apply
from agent.kernel.state import Address
from agent.kernel.steps import (
    AddAddress,
    Announce,
    AwaitAddresses,
    AwaitCarrier,
    CarrySettings,
    CopyNeighbours,
    CreateLink,
    DeleteAddress,
    DeleteLinks,
    DeleteRoute,
    Refused,
    SetActiveSlave,
    SetDown,
    SetGRO,
    SetMAC,
    SetMark,
    SetMaster,
    SetMTU,
    SetOptions,
    SetResolver,
    SetRoute,
    SetUp,
    Step,
    Together,
    flat,
    names_in,
)
from tests.kernel.devices import BARE, BOND, ROUTES
from tests.worlds.world import ADDRESS, mac


def test_a_refusal_says_the_step_and_the_reason() -> None:
    with pytest.raises(Refused) as caught:
        apply(Together((SetUp("br0"), SetMaster("eth0", "bond0"))), BARE)
    assert str(caught.value) == "put eth0 into bond0: Device can not be enslaved while up"


@pytest.mark.parametrize(
    ("step", "names", "words"),
    [
        (
            CreateLink(replace(BOND, master="br0")),
            {"bond0"},
            "create bond bond0 in br0 (MAC 02:00:00:00:00:b1, MTU 9000)",
        ),
        (DeleteLinks(("a", "b")), {"a", "b"}, "delete a, b"),
        (SetMaster("a", ""), {"a"}, "take a out of its master"),
        (SetMaster("a", "b"), {"a", "b"}, "put a into b"),
        (SetMAC("a", mac(1)), {"a"}, "set the MAC of a to 02:00:00:00:00:01"),
        (SetMTU("a", 9000), {"a"}, "set the MTU of a to 9000"),
        (SetGRO("a", on=True), {"a"}, "switch the gro of a on"),
        (
            SetOptions("a", "bond", (("miimon", 50), ("arp_ip_target", ()), ("all_slaves_active", True))),
            {"a"},
            "set miimon to 50, arp_ip_target to none, all_slaves_active to 1 of a",
        ),
        (SetMark("a", 1, "mine"), {"a"}, 'mark a as "mine"'),
        (SetActiveSlave("a", "b"), {"a", "b"}, "make b the active slave of a"),
        (AddAddress(Address("br0", "192.0.2.20/24")), {"br0"}, "add 192.0.2.20/24 to br0"),
        (DeleteAddress(Address("br0", "192.0.2.20/24")), {"br0"}, "remove 192.0.2.20/24 from br0"),
        (SetRoute(ROUTES[0]), {"br0"}, "route 10.0.0.0/8 via 192.0.2.1 over br0"),
        (DeleteRoute(ROUTES[0]), {"br0"}, "no longer route 10.0.0.0/8 over br0"),
        (SetResolver("x"), set(), "write the name servers to resolv.conf"),
        (CarrySettings("a", "b"), {"a", "b"}, "carry the settings and rules of a over to b"),
        (CopyNeighbours("a", "b"), {"a", "b"}, "copy the neighbours of a to b"),
        (AwaitCarrier("a"), {"a"}, "wait for the carrier of a"),
        (AwaitAddresses("a", ("fd00::1/64",)), {"a"}, "wait until a answers to fd00::1/64"),
        (Announce("a", mac(0), (ADDRESS,)), {"a"}, "announce the addresses of a"),
        (Together((SetUp("a"), SetDown("b"))), {"a", "b"}, "in one go: set a up; set b down"),
    ],
)
def test_a_step_knows_its_devices_and_reads_as_a_sentence(step: Step, names: set[str], words: str) -> None:
    assert (set(names_in(step)), str(step)) == (names, words)


def test_steps_are_taken_apart_in_their_order() -> None:
    nested = (SetUp("a"), Together((SetUp("b"), Together((SetUp("c"),)), SetUp("d"))))
    assert [names_in(step) for step in flat(nested)] == [{"a"}, {"b"}, {"c"}, {"d"}]

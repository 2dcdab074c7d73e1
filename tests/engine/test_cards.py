"""NICs are cards: a PIF follows its card, whatever the kernel calls it."""

from dataclasses import replace

import pytest

from agent.engine import reconciler
from agent.errors import Failure
from agent.kernel.kinds.bond_port import BondPortOptions
from agent.kernel.state import KernelState, Link
from agent.model.records import PIF
from agent.rules import bond, cards, pif, setters, vlan
from tests.fakes.mortal_store import alter_store
from tests.worlds.world import ADDRESS, World, bond_of, host, host_of, mac, nic, pif_of

WELL = "the network is in the model's state"
PLACES = {number: f"0000:0{number}:00.0" for number in range(8)}


def card(number: int, name: str = "", **fields: object) -> Link:
    """A card with a permanent MAC in a slot of its own."""
    known = {"permanent_MAC": mac(number), "card": PLACES[number], **fields}
    return nic(number, **{"name": name or f"eth{number}", **known})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciler, "RETRY_FIRST", 0.001)
    monkeypatch.setattr(reconciler, "RETRY_LAST", 0.001)


async def on(world: World, *nics: Link) -> World:
    """A first start on a host with these cards."""
    await world.stop()
    world.file.unlink()
    world.kernel.state = host(*nics)
    world.nics = frozenset(link.name for link in nics) | {"lan0", "lan1", "eth2", "eth3"}
    world.kernel.cables = frozenset({*world.nics, "eth8", "eth9"})
    await world.start()
    return world


async def rebooted(world: World, *nics: Link) -> None:
    """The host comes up with these cards, and nothing is configured yet."""
    await world.stop()
    fresh = host(*nics)
    mine = {link.name for link in nics}
    world.kernel.state = replace(
        fresh,
        addresses=frozenset(a for a in fresh.addresses if a.link not in {*mine, "eth0"}),
        routes=frozenset(r for r in fresh.routes if r.link not in {*mine, "eth0"}),
    )
    await world.start()


WITH_CARDS = (card(0), card(1))
VIRTUAL = (nic(0), nic(1))


@pytest.mark.parametrize("nics", [WITH_CARDS, VIRTUAL])
async def test_names_that_are_exchanged_at_a_reboot_move_no_network(
    world: World, nics: tuple[Link, Link]
) -> None:
    await on(world, *nics)
    await world.do(pif.plug, world.pif("eth1").ref)
    first, second = world.pif("eth0"), world.pif("eth1")
    await rebooted(world, replace(nics[0], name="eth1"), replace(nics[1], name="eth0"))
    assert (world.model.get(first.ref).device, world.model.get(second.ref).device) == ("eth1", "eth0")
    links = world.kernel.state.links
    assert (links["eth1"].master, links["eth1"].MAC) == ("xenbr0", mac(0))
    assert (links["eth0"].master, links["eth0"].MAC) == ("xenbr1", mac(1))
    assert (world.addresses("xenbr0")[0], world.engine.words) == (
        ADDRESS,
        "the network is in the model's state",
    )


@pytest.mark.parametrize("nics", [WITH_CARDS, VIRTUAL])
async def test_names_that_shift_because_a_card_was_added_move_no_network(
    world: World, nics: tuple[Link, Link]
) -> None:
    await on(world, *nics)
    await world.create_bond("eth0", "eth1")
    await world.do(vlan.create, world.pif("bond0").ref, 5, await world.new_network())
    new = replace(card(2) if nics == WITH_CARDS else nic(2), name="eth0", up=False)
    await rebooted(world, new, replace(nics[0], name="eth1"), replace(nics[1], name="eth2"))
    links = world.kernel.state.links
    assert (links["eth1"].master, links["eth2"].master) == ("bond0", "bond0")
    assert (links["eth0"], world.addresses("xapi0")[0]) == (new, ADDRESS)
    await world.do(pif.scan, host_of(world.model).ref)
    assert [found.MAC for found in world.model.all(PIF) if found.device == "eth0"] == [mac(2)]


@pytest.mark.parametrize("nics", [WITH_CARDS, VIRTUAL])
async def test_a_NIC_that_is_renamed_while_the_daemon_runs_keeps_its_PIF_and_its_VLANs(
    world: World, nics: tuple[Link, Link], impatient: None
) -> None:
    await on(world, *nics)
    await world.do(pif.plug, world.pif("eth1").ref)
    home = await world.new_network(bridge="home")
    await world.do(vlan.create, world.pif("eth1").ref, 5, home)
    known, count = world.pif("eth1"), len(world.model.all(PIF))
    world.kernel.state = renamed(world.kernel.state, "eth1", "lan1")
    await world.do(pif.scan, host_of(world.model).ref)
    assert world.model.get(known.ref) == replace(known, device="lan1")
    assert len(world.model.all(PIF)) == count
    assert world.above("lan1.5") == ["home"]
    assert "eth1.5" not in world.kernel.state.links


async def test_a_renamed_NIC_is_followed_without_being_asked_to(world: World, impatient: None) -> None:
    await on(world, *WITH_CARDS)
    known = world.pif("eth1")
    world.kernel.state = renamed(world.kernel.state, "eth1", "lan1")
    while world.model.get(known.ref).device != "lan1":
        await world.engine.notifier.next().wait()
    await world.engine.in_model_state.wait()


def renamed(state: KernelState, old: str, new: str) -> KernelState:
    """A device with another name; what sits on it keeps its own."""
    links = {}
    for link in state.links.values():
        one = replace(link, name=new) if link.name == old else link
        links[one.name] = replace(one, lower=new) if one.lower == old else one
    return replace(state, links=links)


async def test_a_card_that_is_replaced_in_its_place_gives_the_PIF_its_MAC(world: World) -> None:
    await on(world, *WITH_CARDS)
    await world.create_bond("eth0", "eth1")
    await rebooted(world, replace(card(0), MAC=mac(0x70), permanent_MAC=mac(0x70)), card(1))
    assert (mac(0x70), mac(0x70)) == (world.pif("eth0").MAC, world.pif("bond0").MAC)
    assert mac(0x70) == world.kernel.state.links["xapi0"].MAC
    assert world.engine.in_model_state.is_set()


async def test_a_card_that_is_gone_is_told_and_its_name_is_not_taken_for_it(world: World) -> None:
    await on(world, *WITH_CARDS)
    await world.do(pif.plug, world.pif("eth1").ref)
    lost = world.pif("eth1")
    other = replace(card(5), name="eth1", up=False)
    await rebooted(world, card(0), other)
    assert world.kernel.state.links["eth1"] == other
    said = f"the card with the MAC {mac(1)} at {PLACES[1]} is not there"
    assert dict(world.engine.failures) == {lost.ref: said}
    assert said in world.engine.words


async def test_a_card_that_comes_back_has_its_place_again(world: World, impatient: None) -> None:
    await on(world, *WITH_CARDS)
    await world.do(pif.plug, world.pif("eth1").ref)
    before, known = world.kernel.state, world.pif("eth1")
    await rebooted(world, card(0), replace(card(5), name="eth1", up=False))
    await rebooted(world, *WITH_CARDS)
    assert (world.model.get(known.ref), world.kernel.state.links) == (known, before.links)


async def test_two_cards_that_can_not_be_told_apart_are_told(world: World) -> None:
    twins = [replace(card(n), permanent_MAC=mac(9), card="") for n in (0, 1)]
    await on(world, *twins)
    assert world.engine.in_model_state.is_set()
    await rebooted(world, *(replace(link, name=f"lan{n}") for n, link in enumerate(twins)))
    assert "can't be told" in world.engine.words


async def test_another_card_takes_a_PIFs_place_with_everything_on_it(world: World) -> None:
    await on(world, card(0), card(1), card(2))
    await world.do(pif.plug, world.pif("eth1").ref)
    home = await world.new_network(bridge="home")
    await world.do(vlan.create, world.pif("eth1").ref, 5, home)
    known, spare = world.pif("eth1"), world.pif("eth2")
    await world.do(cards.replace_card, known.ref, "eth2")
    after = world.model.get(known.ref)
    assert (after.device, after.MAC, after.permanent_MAC, after.card) == ("eth2", mac(2), mac(2), PLACES[2])
    assert spare.ref not in world.model.records
    assert (world.above("eth2"), world.above("eth2.5")) == (["xenbr1"], ["home"])
    assert (world.kernel.state.links["eth1"].up, world.engine.in_model_state.is_set()) == (False, True)


async def test_a_bonds_slave_can_be_replaced_too(world: World) -> None:
    await on(world, card(0), card(1), card(2))
    await world.create_bond("eth0", "eth1")
    known = world.pif("eth1")
    await world.do(cards.replace_card, known.ref, "eth2")
    assert (world.above("eth2"), world.above("eth1")) == (["bond0", "xapi0"], [])
    assert world.addresses("xapi0")[0] == ADDRESS


async def test_what_a_bond_was_told_of_a_member_goes_with_its_card(world: World) -> None:
    await on(world, card(0), card(1), card(2))
    home, members = await world.new_network(), [world.pif(name).ref for name in ("eth0", "eth1")]
    told = {"primary": "eth0", "eth0.queue_id": "3", "eth1.queue_id": "4"}
    await world.do(bond.create, home, members, "", "active-backup", told)
    master = world.pif("bond0").ref
    await world.do(setters.add_to, PIF, "other_config", master, "bond-eth1.prio", "7")
    await world.do(cards.replace_card, world.pif("eth0").ref, "eth2")
    first = {"primary": "eth2", "eth2.queue_id": "3", "eth1.queue_id": "4"}
    assert bond_of(world.model).properties == first
    assert getattr(world.kernel.state.links["bond0"].options, "primary", "") == "eth2"
    await rebooted(world, replace(card(1), name="eth2"), replace(card(2), name="eth1"))
    assert bond_of(world.model).properties == {"primary": "eth1", "eth1.queue_id": "3", "eth2.queue_id": "4"}
    assert world.pif("bond0").other_config == {"bond-eth2.prio": "7"}
    ports = {port.name: port.port for port in world.kernel.state.ports("bond0")}
    assert ports == {"eth1": BondPortOptions(queue_id=3), "eth2": BondPortOptions(queue_id=4, prio=7)}


@pytest.mark.parametrize("device", ["eth7", "docker0", "eth0", "eth8", ""])
async def test_what_is_no_free_NIC_takes_nobodys_place(world: World, device: str) -> None:
    await on(world, *WITH_CARDS)
    before = world.everything()
    with pytest.raises(Failure):
        await world.do(cards.replace_card, world.pif("eth1").ref, device)
    assert world.everything() == before


@pytest.mark.parametrize("name", ["xenbr0", "xapi0", "bond0", "eth0.5", "brlan1", "tunnel0"])
async def test_a_NIC_with_a_name_that_pifd_would_give_works(world: World, name: str) -> None:
    """What pifd makes is called otherwise, or refused when it is asked for."""
    await on(world, card(0), card(1, name))
    world.kernel.given = world.nics = world.nics | {name}
    await world.do(pif.plug, world.pif(name).ref)
    assert world.kernel.state.links[world.kernel.state.links[name].master].owned
    try:
        await world.do(vlan.create, world.pif("eth0").ref, 5, await world.new_network())
    except Failure:
        assert name == "eth0.5"
    await world.create_bond("eth0")
    assert (world.addresses("xapi1") or world.addresses("xapi2") or world.addresses("xapi3"))[0] == ADDRESS
    assert (world.engine.words, world.kernel.state.links[name].kind) == (WELL, "")


async def test_a_MAC_that_no_device_can_have_gives_way_to_the_cards(world: World) -> None:
    await on(world, *WITH_CARDS)
    await world.create_bond("eth0", "eth1")
    await world.stop()
    alter_store(
        world.file,
        "UPDATE record SET fields = json_set(fields, '$.MAC', '01:00:5e:00:00:01') WHERE class = 'PIF'",
    )
    await world.start()
    assert [pif_of(world.model, name).MAC for name in ("eth0", "eth1", "bond0")] == [mac(0), mac(1), mac(0)]
    assert world.addresses("xapi0")[0] == ADDRESS

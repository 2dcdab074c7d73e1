"""Bond.get_status: what members do, in words."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.api.views.bond_status import bond_status
from agent.engine.link_history import LinkHistory
from agent.kernel.kinds.bond import Aggregator, BondOptions, BondStatus
from agent.kernel.kinds.bond_port import PortStatus
from agent.kernel.live import Device, LinkChange, LiveLink
from agent.kernel.state import Link
from agent.rules import bond as rules
from tests.worlds.world import bond_of, bonded, host, nic, taken_over

MODEL = bonded(taken_over(host(nic(0), nic(1))), "eth0", "eth1")
AGGREGATED, DEFAULTED, EXPIRED, WAITING = 0x3D, 0x45, 0x8F, 0x07


def live(mode: str, *ports: PortStatus, carriers: tuple[bool, ...] = (True, True)) -> dict[str, LiveLink]:
    master = Link(name="bond0", kind="bond", MAC="02:00:00:00:00:01", up=True, carrier=True)
    own = BondStatus("eth0" if mode == "active-backup" else "", Aggregator(1, 2, 9, 17, "02:00:00:00:00:77"))
    found = {"bond0": LiveLink(replace(master, options=BondOptions(mode)), bond=own)}
    for n, (port, carrier) in enumerate(zip(ports, carriers, strict=True)):
        link = Link(name=f"eth{n}", master="bond0", up=True, carrier=carrier)
        found[link.name] = LiveLink(link, port=port)
    return found


def words(mode: str, *ports: PortStatus, carriers: tuple[bool, ...] = (True, True)) -> list[str]:
    model = MODEL if mode == "active-backup" else rules.set_mode(MODEL, bond_of(MODEL).ref, mode).after
    found = bond_status(model, bond_of(model), live(mode, *ports, carriers=carriers), {}, LinkHistory())
    return [found["words"], *(port["words"] for port in found["ports"])]


UP = PortStatus(mii_status="up")


def test_one_member_is_active_and_the_other_is_ready() -> None:
    assert words("active-backup", UP, UP) == [
        "bond0 uses eth0",
        "eth0 is in use",
        "eth1 is up and ready to take over",
    ]


def test_a_cable_that_is_out_is_said() -> None:
    assert words("active-backup", UP, replace(UP, mii_status="down"), carriers=(True, False)) == [
        "bond0 uses eth0; without carrier: eth1",
        "eth0 is in use",
        "eth1 is without carrier",
    ]


def test_a_member_that_came_back_waits_for_its_updelay() -> None:
    found = words("active-backup", UP, replace(UP, mii_status="going back"))
    assert found[2] == "eth1 has carrier again, and is used when updelay has passed"


@pytest.mark.parametrize(
    ("state", "aggregator", "why"),
    [
        (AGGREGATED, 1, "eth1 is in use"),
        (DEFAULTED, 2, "eth1 is up but not aggregated: the partner sends no LACPDUs"),
        (EXPIRED, 1, "eth1 is up but not aggregated: the partner has stopped sending LACPDUs"),
        (
            AGGREGATED,
            2,
            "eth1 is up but not aggregated: its partner is another one than that of the other members",
        ),
        (WAITING, 1, "eth1 is up but not aggregated yet: LACP is being negotiated"),
    ],
)
def test_a_member_that_lacp_leaves_out_says_why(state: int, aggregator: int, why: str) -> None:
    good = replace(UP, aggregator_id=1, actor_oper_port_state=AGGREGATED)
    other = replace(UP, aggregator_id=aggregator, actor_oper_port_state=state)
    assert words("802.3ad", good, other)[2] == why


def test_the_bits_of_lacp_have_names_and_the_partner_is_named() -> None:
    good = replace(UP, aggregator_id=1, actor_oper_port_state=AGGREGATED, partner_oper_port_state=DEFAULTED)
    model = rules.set_mode(MODEL, bond_of(MODEL).ref, "lacp").after
    found = bond_status(
        model,
        bond_of(model),
        live("802.3ad", good, good),
        {"eth0": Device(speed=1000, read_at=datetime.now(UTC))},
        LinkHistory(),
    )
    assert found["lacp"]["partner_mac"] == "02:00:00:00:00:77"
    assert found["ports"][0]["lacp"]["partner_state"] == ["activity", "aggregation", "defaulted"]
    assert found["ports"][0]["speed"] == 1000


def test_a_bond_that_is_not_plugged_is_said_to_be() -> None:
    assert (
        bond_status(MODEL, bond_of(MODEL), {}, {}, LinkHistory())["words"]
        == "bond0 is not there: it is not plugged"
    )


def test_each_time_that_a_link_went_is_told_of() -> None:
    history, times = LinkHistory(), [datetime(2026, 8, 21, 10, 0, n, tzinfo=UTC) for n in range(3)]
    history.take(
        LinkChange("eth1", carrier, at) for carrier, at in zip((False, True, False), times, strict=True)
    )
    eth0, eth1 = bond_status(MODEL, bond_of(MODEL), {}, {}, history)["ports"]
    assert (eth0["flaps"], eth0["last_change"], eth0["changes"]) == (0, "", [])
    assert (eth1["flaps"], eth1["last_change"]) == (2, "2026-08-21T10:00:02.000Z")
    assert [(one["time"][-7:], one["carrier"]) for one in eth1["changes"]] == [
        ("00.000Z", False),
        ("01.000Z", True),
        ("02.000Z", False),
    ]

"""CarrierLog: no change of a bond's port's carrier is lost, whichever of the kernel's events are."""

import struct

import pytest

from agent.netlink.messages.decode_link import IFF_LOWER_UP, IFF_SLAVE, IFF_UP, IFLA_IFNAME
from agent.netlink.messages.message import LINK, U32, attribute, message
from agent.netlink.picture.carrier_log import IFLA_CARRIER_DOWN_COUNT, IFLA_CARRIER_UP_COUNT, CarrierLog

RTM_NEWLINK = 16


def told(counted: int, *, carrier: bool, flags: int = IFF_SLAVE) -> bytes:
    """What the kernel tells of eth0, whose carrier has changed so many times."""
    flags |= IFF_UP | (IFF_LOWER_UP if carrier else 0)
    ups, downs = counted // 2, counted - counted // 2
    return message(
        RTM_NEWLINK,
        LINK.pack(0, 1, 7, flags, 0)
        + attribute(IFLA_IFNAME, b"eth0\0")
        + attribute(IFLA_CARRIER_UP_COUNT, U32.pack(ups))
        + attribute(IFLA_CARRIER_DOWN_COUNT, U32.pack(downs)),
    )


def heard(*messages: bytes) -> list[bool]:
    log = CarrierLog()
    for one in messages:
        log.hear(one)
    return [change.carrier for change in log.take()]


def test_the_first_message_of_a_port_is_no_change() -> None:
    assert heard(told(5, carrier=True)) == []


@pytest.mark.parametrize(
    ("messages", "changes"),
    [
        ([(1, False)], [False]),
        ([(1, False), (2, True)], [False, True]),
        ([(2, True)], [False, True]),
        ([(3, False)], [False, True, False]),
        ([(6, True)], [False, True, False, True, False, True]),
        ([(0, True), (1, False), (1, False)], [False]),
        ([(0, False), (1, False), (2, True)], [False, True]),  # told before it was counted
        ([(1, True), (1, False), (2, True)], [False, True]),  # counted before it was told
        ([(0, False), (0, True), (0, True), (2, True)], [False, True, False, True]),  # set down, and up
    ],
)
def test_changes_are_counted_as_the_kernel_does(
    messages: list[tuple[int, bool]], changes: list[bool]
) -> None:
    assert heard(told(0, carrier=True), *(told(n, carrier=carrier) for n, carrier in messages)) == changes


def test_what_happens_outside_of_a_bond_is_not_the_bonds() -> None:
    outside = told(1, carrier=False, flags=0)
    assert heard(told(0, carrier=True), outside, told(2, carrier=True)) == []


def test_a_port_that_is_gone_begins_anew() -> None:
    log = CarrierLog()
    log.hear(told(4, carrier=True))
    assert (log.counts["eth0"].changes, log.counts["eth0"].carrier) == (4, True)
    log.keep([])
    assert log.counts == {}
    assert log.hear(told(0, carrier=True)) == ""


def test_a_message_that_is_cut_off_is_an_error_that_the_cache_knows() -> None:
    with pytest.raises(struct.error):
        CarrierLog().hear(told(0, carrier=True)[:20])

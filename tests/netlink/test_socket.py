"""The netlink socket: on a script, and on this machine's own kernel, where it only reads."""

import errno
import socket
import threading
import time
from collections.abc import Iterable

import pytest

from agent.netlink.apply.neighbours import lasting
from agent.netlink.messages import requests
from agent.netlink.messages.message import HEADER, NDA_DST, NEIGHBOUR, attribute, each_message, message
from agent.netlink.sockets.error_reply import NO_ANSWER, ErrorReply
from agent.netlink.sockets.socket import Dump, NetlinkError, Wire
from tests.netlink.script import (
    RTM_GETNEIGH,
    RTM_NEWNEIGH,
    Datagram,
    Reply,
    Script,
    World,
    broken_off,
    cut_off,
    done,
    error,
    interrupted,
    link,
    lost,
    nobody,
    sequence,
    with_sequence,
)

ROUNDS = 300
PATIENCE = 20.0
"""Seconds for the readers; one that waits for an answer that another took waits for ever."""
DEADLINE = 0.05
LO, ETH0 = link(1, "lo"), link(2, "eth0")


def acknowledged(message: bytes) -> Iterable[Reply]:
    return [Datagram(error(sequence(message)))]


def wire_of(script: Script) -> Wire:
    return Wire(channel=script, deadline=DEADLINE)


def answer_of(found: bytes | ErrorReply) -> bytes:
    """A message without its sequence number."""
    assert isinstance(found, bytes)
    return with_sequence(found, 0)


def test_a_stray_datagram_puts_no_exchange_out_of_step() -> None:
    script = Script(World([LO, ETH0]))
    script.queue.append(Datagram(error(4711, errno.EPERM)))
    wire = wire_of(script)
    assert [answer_of(wire.ask(requests.link(index))) for index in (1, 2, 1)] == [LO, ETH0, LO]


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_ones() -> None:
    script = Script(nobody)
    wire = wire_of(script)
    with pytest.raises(NetlinkError, match="did not answer"):
        wire.ask(requests.link(1))
    script.answer = World([LO, ETH0])
    script.queue.append(Datagram(with_sequence(LO, sequence(script.sent[0]))))
    assert answer_of(wire.ask(requests.link(2))) == ETH0


def test_an_answer_that_does_not_come_is_waited_for_as_long_as_the_deadline_says() -> None:
    wire = wire_of(Script(nobody))
    begun = time.monotonic()
    for exchange in (wire.ask, wire.dump):
        with pytest.raises(NetlinkError) as raised:
            exchange(requests.link(1))
        assert raised.value.errno == errno.ETIMEDOUT
    assert time.monotonic() - begun < 100 * DEADLINE


def test_datagrams_without_end_that_answer_nothing_do_not_keep_it_waiting() -> None:
    class Chatter(Script):
        def recvmsg(self, size: int, /) -> tuple[bytes, list[object], int, tuple[int, int]]:
            return error(4711), [], 0, (0, 0)

    with pytest.raises(NetlinkError, match="did not answer"):
        wire_of(Chatter()).ask(requests.link(1))


def test_whoever_is_not_the_kernel_is_not_believed() -> None:
    def forged(message: bytes) -> Iterable[Reply]:
        number = sequence(message)
        return [Datagram(with_sequence(ETH0, number), port=4711), Datagram(with_sequence(LO, number))]

    assert answer_of(wire_of(Script(forged)).ask(requests.link(1))) == LO


def test_a_dump_that_is_interrupted_is_not_whole() -> None:
    world = World([LO, ETH0])
    wire = wire_of(Script(world))
    world.faults.append(interrupted)
    assert [wire.dump(requests.link()).whole, wire.dump(requests.link()).whole] == [False, True]


@pytest.mark.parametrize(
    ("fault", "code"),
    [(broken_off, errno.ENOMEM), (cut_off, errno.EMSGSIZE), (lost, errno.ENOBUFS)],
)
def test_a_dump_that_does_not_come_to_its_end_is_an_error_and_the_next_one_is_whole(
    fault: object, code: int
) -> None:
    world = World([LO, ETH0])
    wire = wire_of(Script(world))
    world.faults.append(fault)  # type: ignore[arg-type]
    with pytest.raises(NetlinkError) as raised:
        wire.dump(requests.link())
    assert raised.value.errno == code
    again = wire.dump(requests.link())
    assert (len(again.messages), again.whole) == (2, True)


def test_a_message_whose_length_cannot_be_is_an_error() -> None:
    def nonsense(message: bytes) -> Iterable[Reply]:
        return [Datagram(HEADER.pack(7, 16, 0, sequence(message), 0) + bytes(16))]

    with pytest.raises(NetlinkError, match="7 bytes"):
        wire_of(Script(nonsense)).ask(requests.link(1))


def test_more_than_the_buffer_holds_goes_in_several_sends_each_answered() -> None:
    script = Script(acknowledged, buffer=4096)
    messages = [requests.link(n) for n in range(300)]
    assert wire_of(script).change(messages) == [None] * 300
    assert len(script.sent) > 1
    assert max(map(len, script.sent)) <= 4096 - 32
    assert sum(1 for data in script.sent for _ in each_message(data)) == 300


def test_each_message_has_its_own_refusal_in_whichever_order_they_come() -> None:
    answers: list[Reply] = []

    def backwards(message: bytes) -> Iterable[Reply]:
        number = sequence(message)
        answers.insert(0, Datagram(error(number, errno.EBUSY if number == 2 else 0)))
        return answers if len(answers) == 3 else []

    found = wire_of(Script(backwards)).change([requests.link(n) for n in range(3)])
    assert found == [None, ErrorReply(errno.EBUSY), None]


def test_an_acknowledgement_that_is_lost_counts_as_a_refusal() -> None:
    def second_lost(message: bytes) -> Iterable[Reply]:
        return [] if sequence(message) == 2 else acknowledged(message)

    found = wire_of(Script(second_lost)).change([requests.link(n) for n in range(3)])
    assert found == [None, NO_ANSWER, None]


def test_an_acknowledgement_that_comes_twice_counts_once() -> None:
    def twice(message: bytes) -> Iterable[Reply]:
        return [*acknowledged(message), *acknowledged(message)]

    wire = wire_of(Script(twice))
    for _ in range(3):
        assert wire.change([requests.link(1), requests.link(2)]) == [None, None]


def test_the_end_of_somebody_elses_dump_does_not_end_this_one() -> None:
    def other_first(message: bytes) -> Iterable[Reply]:
        return [Datagram(done(4711)), *World([LO])(message)]

    assert wire_of(Script(other_first)).dump(requests.link()) == Dump([with_sequence(LO, 1, 2)], whole=True)


def test_a_read_and_a_dump_at_the_same_time_each_get_their_own_answers() -> None:
    wire = Wire()
    links = len(wire.dump(requests.link()).messages)
    dumps: list[int] = []
    refusals: list[bool] = []

    def dump() -> None:
        dumps.extend(len(wire.dump(requests.link()).messages) for _ in range(ROUNDS))

    def ask() -> None:
        refusals.extend(isinstance(wire.ask(requests.link(1)), ErrorReply) for _ in range(ROUNDS))

    readers = [threading.Thread(target=reader, daemon=True) for reader in (dump, ask)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(PATIENCE)
    assert [reader.is_alive() for reader in readers] == [False, False]
    assert (set(dumps), len(dumps), refusals) == ({links}, ROUNDS, [False] * ROUNDS)
    wire.close()


PASSING, FOR_GOOD, PROXY = (0x02, 0), (0x80, 0), (0, 0x08)


def neighbour(index: int, host: int, state: int, flags: int) -> bytes:
    body = NEIGHBOUR.pack(socket.AF_INET, index, state, flags, 1)
    return message(RTM_NEWNEIGH, body + attribute(NDA_DST, bytes([192, 0, 2, host])))


def test_of_the_neighbours_those_that_do_not_pass_are_made_again_each_on_its_links_target() -> None:
    """A dump does not say of a proxy that it is there for good; made without, it goes with the carrier."""
    world = World()
    every = [(2, 1, *PASSING), (2, 2, *FOR_GOOD), (3, 3, *FOR_GOOD), (9, 4, *FOR_GOOD), (3, 5, *PROXY)]
    world.tables[RTM_GETNEIGH] = [neighbour(*one) for one in every]
    made = lasting(Wire(channel=Script(world), deadline=0.05), {2: 2, 3: 7})
    wanted = [neighbour(2, 2, *FOR_GOOD), neighbour(7, 3, *FOR_GOOD), neighbour(7, 5, 0x80, 0x08)]
    assert {one[HEADER.size :] for one in made} == {one[HEADER.size :] for one in wanted}

"""The netlink socket, on this machine's own kernel: it only reads here."""

import threading

from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from agent.netlink.socket import ErrorReply, Wire

RTM_GETLINK = 18
ROUNDS = 300
PATIENCE = 20.0
"""Seconds for the readers; one that waits for an answer that another took waits for ever."""


def request(index: int = 0) -> ifinfmsg:
    message = ifinfmsg()
    message["header"]["type"] = RTM_GETLINK
    message["index"] = index
    return message


def test_a_read_and_a_dump_at_the_same_time_each_get_their_own_answers() -> None:
    wire = Wire()
    links = len(wire.dump(request()))
    dumps: list[int] = []
    refusals: list[bool] = []

    def dump() -> None:
        dumps.extend(len(wire.dump(request())) for _ in range(ROUNDS))

    def ask() -> None:
        refusals.extend(isinstance(wire.ask(request(index=1)), ErrorReply) for _ in range(ROUNDS))

    readers = [threading.Thread(target=reader, daemon=True) for reader in (dump, ask)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(PATIENCE)
    assert [reader.is_alive() for reader in readers] == [False, False]
    assert (set(dumps), len(dumps), refusals) == ({links}, ROUNDS, [False] * ROUNDS)
    wire.close()

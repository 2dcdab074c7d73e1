"""Pings an address at an even pace and counts what was lost and for how long there was silence.

`ping` rounds a short interval up to the clock's tick, which is 20 ms in a guest; this does not.
As a program: pinger.py ADDRESS SECONDS_BETWEEN, until its standard input is closed; prints JSON.
"""

import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

ECHO_REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
ECHO_REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}
IDENTIFIER = os.getpid() & 0xFFFF
"""Tells our replies from those to other pingers on the machine."""
LAST_CALL = 3.0
"""Seconds to wait for the last replies."""


@dataclass(frozen=True)
class Count:
    """sent and lost packets; longest_silence between two replies, in milliseconds, beyond the interval."""

    sent: int
    lost: int
    longest_silence: float


@dataclass
class Pinging:
    """A pinger that runs; `count` is there once it has stopped."""

    process: subprocess.Popen[str]
    count: Count = field(default=Count(0, 0, 0.0))


@contextmanager
def pinging(namespace: str, address: str, interval: float = 0.01) -> Iterator[Pinging]:
    """Ping from a network namespace while inside."""
    command = [
        "ip",
        "netns",
        "exec",
        namespace,
        sys.executable,
        "-I",
        str(Path(__file__)),
        address,
        str(interval),
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pinging = Pinging(process)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "pinging\n"
        yield pinging
    finally:
        output, _ = process.communicate()
    pinging.count = Count(**json.loads(output))


def ping(address: str, interval: float) -> Count:
    """Ping until standard input is closed."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    protocol = socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP
    with socket.socket(family, socket.SOCK_RAW, protocol) as packets:
        packets.connect((address, 0))
        return counted(packets, family, interval, input_is_closed, lambda: print("pinging", flush=True))


def input_is_closed() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


def counted(
    packets: socket.socket,
    family: int,
    interval: float,
    is_over: Callable[[], bool],
    begun: Callable[[], None] = lambda: None,
) -> Count:
    """Ping over a connected socket until it is over; `begun` is called once the first ping is out."""
    sent: list[float] = []
    replies: dict[int, float] = {}
    due = time.monotonic()
    while not (sent and is_over()):
        send(packets, family, len(sent))
        sent.append(time.monotonic())
        due = max(due + interval, sent[-1])  # a machine that is too slow for the pace does not catch up
        collect(packets, family, replies, until=due)
        if len(sent) == 1:
            begun()
    collect(packets, family, replies, until=time.monotonic() + LAST_CALL, enough=len(sent))
    return Count(
        len(sent), len(sent) - len(replies), silence(sent[0], sorted(replies.values()), sent[-1], interval)
    )


def send(packets: socket.socket, family: int, number: int) -> None:
    """One echo request; the kernel fills in ICMPv6's checksum, ICMP's is ours."""
    body = struct.pack("!HHI", IDENTIFIER, number & 0xFFFF, number)
    kind = ECHO_REQUEST[socket.AddressFamily(family)]
    checksum = internet_checksum(struct.pack("!BBH", kind, 0, 0) + body) if family == socket.AF_INET else 0
    with suppress(OSError):  # no way to the host just now: the packet is lost, and counts as such
        packets.send(struct.pack("!BBH", kind, 0, checksum) + body)


def collect(
    packets: socket.socket, family: int, replies: dict[int, float], *, until: float, enough: int = sys.maxsize
) -> None:
    """Note when replies come, until a moment or until there are enough; what is there is read in any case."""
    while len(replies) < enough:
        if not select.select([packets], [], [], max(until - time.monotonic(), 0))[0]:
            return
        try:
            data = packets.recv(2048)
        except OSError:
            continue  # an ICMP error, as "host unreachable"
        data = data[(data[0] & 15) * 4 :] if family == socket.AF_INET else data
        if data[0] == ECHO_REPLY[socket.AddressFamily(family)] and data[4:6] == IDENTIFIER.to_bytes(2, "big"):
            replies.setdefault(struct.unpack("!I", data[8:12])[0], time.monotonic())


def silence(first: float, replies: list[float], last: float, interval: float) -> float:
    """The longest time without a reply, beyond the interval, in milliseconds."""
    moments = [first, *replies, max(last, replies[-1] if replies else last)]
    longest = max(after - before for before, after in pairwise(moments))
    return round(max(0.0, longest - interval) * 1000, 1)


def internet_checksum(data: bytes) -> int:
    """RFC 1071."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


if __name__ == "__main__":
    print(json.dumps(asdict(ping(sys.argv[1], float(sys.argv[2])))))

"""What reaches pifd by other ways than its socket: the store, the settings, a script's output, command lines,
what the kernel says.

Each kind is a function that draws an input, hands it over and raises Wrong if it is answered with anything
but success or the error that is meant for it.
"""

import asyncio
import errno
import json
import os
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from agent.cli.__main__ import outcome_of
from agent.cli.commands import COMMANDS
from agent.cli.terminal import Screen
from agent.hotplug.tail import KEPT, Tail
from agent.kernel.parts import differences
from agent.model.model import Model
from agent.netlink.picture.cache import KernelCache
from agent.netlink.sockets.monitor import Monitor
from agent.netlink.sockets.socket import NetlinkError, Wire
from agent.rules.rectify import rectify
from agent.settings import Settings, SettingsError, read_settings
from agent.store.sqlite import Store, StoreError
from tests.fuzz.answers import Wrong
from tests.fuzz.mutation import mutated
from tests.netlink.script import (
    RTM_GETADDR,
    RTM_GETROUTE,
    Datagram,
    Reply,
    Script,
    World,
    address,
    gone,
    link,
    route,
)
from tests.rules.invariants import dangling
from tests.worlds.laden import lower_of, with_tunnel, with_vif, with_vlan
from tests.worlds.world import bonded, host, nic, pif_of, taken_over

SETTINGS = b"""\
nics = ["eth*", "ens*"]
state_dir = "/var/lib/pifd"
carrier_wait = 10
hotplug_script = "/etc/pifd/hotplug"
hotplug_timeout = 2.5
operators = "pifd"
audit_log = ""
log_level = "info"
"""
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**63, 2**70, 1.5, "", "\0", "x" * 5000, "OpaqueRef:NULL", "\ud800", [],
    [None], {}, {"": ""},
)  # fmt: skip


async def store_bytes(rnd: Random, directory: Path) -> None:
    """A store's file with some bytes changed: all of it can be read, or it is refused as a whole."""
    path = written(directory)
    path.write_bytes(mutated(rnd, path.read_bytes()))
    read(path)


async def store_values(rnd: Random, directory: Path) -> None:
    """A store whose records hold anything."""
    path = written(directory)
    with sqlite3.connect(path) as database:
        rows = database.execute("SELECT ref, class, fields FROM record").fetchall()
        for ref, kind, fields in rnd.sample(rows, k=rnd.choice((1, 1, 2, 5))):
            record = json.loads(fields)
            record[rnd.choice([*record, "unknown"])] = rnd.choice((*VALUES, rnd.choice(rows)[0]))
            changed = json.dumps(record).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
            class_name = rnd.choice((kind, kind, kind, kind, rnd.choice(rows)[1], "SR"))
            database.execute(
                "UPDATE record SET class = ?, fields = ? WHERE ref = ?", (class_name, changed, ref)
            )
    database.close()
    read(path)


def written(directory: Path) -> Path:
    """The file of a host that has an object of every class."""
    path = directory / "pifd.sqlite"
    for file in directory.glob("pifd.sqlite*"):
        file.unlink()
    store = Store(path)
    store.commit(Model(), LADEN)
    store.close()
    return path


def read(path: Path) -> None:
    try:
        store = Store(path)
    except StoreError:
        return
    try:
        model = store.load()
    except StoreError:
        return
    finally:
        store.close()
    if wrong := list(dangling(rectify(model).model)):
        raise Wrong(f"rectify leaves {wrong}")


async def settings(rnd: Random, directory: Path) -> None:
    """A settings file, an environment and a command line with mistakes in them."""
    file = directory / "pifd.toml"
    file.write_bytes(mutated(rnd, SETTINGS))
    name = rnd.choice([*Settings.model_fields, "nothing"]).upper()
    value = mutated(rnd, b"eth*,10").decode("utf-8", "replace")
    environment = {} if rnd.random() < 0.7 else {f"PIFD_{name}": value}
    try:
        read_settings(["--config", str(file)], environment)
    except SettingsError as error:
        if not str(error).startswith((str(file), "the environment")):
            raise Wrong(f"the error does not say where it stands: {error}") from error


async def script_output(rnd: Random, directory: Path) -> None:
    """Anything that a hotplug script prints: its end is kept, and can be printed."""
    data = mutated(rnd, b"vif1.0: the guest does not answer\n" * rnd.choice((1, 1, 40, 2000)))
    with Tail() as tail:
        for at in range(0, len(data), KEPT):
            os.write(tail.entrance, data[at : at + KEPT])
            await asyncio.sleep(0)
        text = tail.text()
    if not all(c.isprintable() or c in "\n\t" for c in text) or len(text) > KEPT + 2:
        raise Wrong(f"{len(text)} characters: {text!r}")


async def command_line(rnd: Random, directory: Path) -> None:
    """Words after pifctl, or after xe: an exit status and a sentence, whatever they are."""
    command = rnd.choice(tuple(COMMANDS.values()))
    words = [command.name, *(f"{parameter.name}={rnd.choice(WORDS)}" for parameter in command.parameters)]
    typed = [mutated(rnd, word.encode()).decode("utf-8", "surrogateescape") for word in words]
    chosen = [rnd.choice((word, word, other)) for word, other in zip(words, typed, strict=True)]
    chosen.insert(rnd.randrange(len(chosen) + 1), rnd.choice(OPTIONS))
    nobody = {"PIFD_SOCKET": str(directory / "nobody")}
    outcome = await asyncio.to_thread(outcome_of, [word for word in chosen if word], nobody, Screen(width=80))
    if outcome.status and not outcome.error.strip():
        raise Wrong(f"status {outcome.status} and not a word: {chosen}")


async def netlink_answers(rnd: Random, directory: Path) -> None:
    """Answers and events of the kernel's, some of them wrong: what can't be read is refused, or left out.

    Nothing of it lasts: when all is read again, the picture is what it would be without.
    """
    world, told = World(LINKS), Script()
    world.tables[RTM_GETADDR] = [address(2, "192.0.2.10/24"), address(3, "2001:db8::1/64")]
    world.tables[RTM_GETROUTE] = [route(2, "198.51.100.0/24")]
    reading = Script(world)
    cache = KernelCache(Wire(channel=reading, deadline=0.01), Monitor(channel=told), lambda _: None)
    plain = cache.read()[0]
    for _ in range(rnd.choice((1, 2, 5))):
        told.queue.append(Datagram(mutated(rnd, rnd.choice(EVENTS))))
    reading.answer = lambda message: (damaged(rnd, reply) for reply in world(message))
    for again in (False, True):
        if again:
            told.queue.append(OSError(errno.ENOBUFS, "No buffer space available"))
        with suppress(NetlinkError):
            cache.read()
            cache.news()
    reading.answer = world
    told.queue.clear()
    reading.queue.clear()
    told.queue.append(OSError(errno.ENOBUFS, "No buffer space available"))
    if (found := cache.read()[0]) != plain:
        raise Wrong(f"{differences(found, plain)}")


def damaged(rnd: Random, reply: Reply) -> Reply:
    """Now and then an answer that is no more what the kernel said."""
    if isinstance(reply, OSError) or rnd.random() < 0.6:
        return reply
    return replace(reply, data=mutated(rnd, reply.data), is_cut=rnd.random() < 0.1)


VLAN_INFO = [("IFLA_INFO_KIND", "vlan"), ("IFLA_INFO_DATA", {"attrs": [("IFLA_VLAN_ID", 5)]})]
LINKS = (
    link(1, "lo"),
    link(2, "eth0", ("IFLA_IFALIAS", "pifd")),
    link(3, "eth0.5", ("IFLA_LINK", 2), ("IFLA_LINKINFO", {"attrs": VLAN_INFO})),
)
EVENTS = (*LINKS, link(4, "eth1"), gone(3, "eth0.5"), address(2, "192.0.2.11/24"), route(3, "203.0.113.0/24"))

WORDS = ("", "eth0", "10", "a,b", "uuid", "\u202eevil", "\x1b[2J", "=", "other-config:key", "true", "-1")
OPTIONS = ("", "", "--json", "--minimal", "--dry-run", "--all", "-s", "--", "--help", "params=all", "x=y=z")

LADEN = bonded(taken_over(host(*map(nic, range(4)))), "eth1", "eth2")
LADEN = with_tunnel(with_vlan(LADEN, "bond0", 5), lower_of(LADEN, "eth0").ref)
LADEN = with_vif(LADEN, pif_of(LADEN, "eth3").network, "vm")

KINDS: tuple[Callable[[Random, Path], Awaitable[None]], ...] = (
    store_bytes, store_values, settings, script_output, command_line, netlink_answers,
)  # fmt: skip


async def check(seed: int, number: int, directory: Path) -> None:
    """Draw the input of a number and hand it over."""
    await KINDS[number % len(KINDS)](Random(f"{seed}:beside:{number}"), directory)

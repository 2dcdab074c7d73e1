"""What reaches pifd by other ways than the socket: the store, the settings, a script's output, command lines.

Each kind is a function that draws an input, hands it over and raises Wrong if it is answered with anything
but success or the error that is meant for it.
"""

import asyncio
import json
import os
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

from agent.cli.__main__ import outcome_of
from agent.cli.commands import COMMANDS
from agent.cli.terminal import Screen
from agent.hotplug.tail import KEPT, Tail
from agent.model.model import Model
from agent.rules.rectify import rectify
from agent.settings import Settings, SettingsError, read_settings
from agent.store.sqlite import Store, StoreError
from tests.fuzz.answers import Wrong
from tests.fuzz.mutation import mutated
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


WORDS = ("", "eth0", "10", "a,b", "uuid", "\u202eevil", "\x1b[2J", "=", "other-config:key", "true", "-1")
OPTIONS = ("", "", "--json", "--minimal", "--dry-run", "--all", "-s", "--", "--help", "params=all", "x=y=z")

LADEN = bonded(taken_over(host(*map(nic, range(4)))), "eth1", "eth2")
LADEN = with_tunnel(with_vlan(LADEN, "bond0", 5), lower_of(LADEN, "eth0").ref)
LADEN = with_vif(LADEN, pif_of(LADEN, "eth3").network, "vm")

KINDS: tuple[Callable[[Random, Path], Awaitable[None]], ...] = (
    store_bytes, store_values, settings, script_output, command_line,
)  # fmt: skip


async def check(seed: int, number: int, directory: Path) -> None:
    """Draw the input of a number and hand it over."""
    await KINDS[number % len(KINDS)](Random(f"{seed}:beside:{number}"), directory)

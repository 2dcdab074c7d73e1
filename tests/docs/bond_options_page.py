"""The page of bond modes and options in docs, made from the tables that check and encode them."""

from collections.abc import Iterator, Mapping

from agent.kernel.kinds.bond import MODES, BondOptions, BondStatus
from agent.kernel.kinds.bond_port import BondPortOptions, PortStatus
from agent.kernel.kinds.option import Row, table
from agent.model.bond_options import DELAY, KERNEL_MODES, XEN_PROPERTIES
from agent.model.records import BondMode

INTRODUCTION = f"""\
# Bond modes and options

This page is made from the program by `make docs`; a test compares the two.

`Bond.create` and `Bond.set_mode` take a mode, and `Bond.properties` the options: by XenAPI's names where it
has one, else by the kernel's. `Bond.set_property` changes one, `Bond.remove_property` gives it its default
again. The old `other_config:bond-<name>` keys of the master's PIF override them. An option of a member is
the property `<device>.<option>`, such as `eth1.prio`.

What a bond has unless told otherwise: `miimon` 100, `updelay` and `downdelay` {DELAY} ms (the next multiple
of `miimon`), one announcement after a fail-over (`num_peer_notif`). A bond that is watched by
`arp_interval` has no `miimon` and no delays.

An option that can change *live* is changed without touching the members. For the others the members leave
the bond, or it goes down, for about 0.1 s; a dry run says so. What the running kernel has not got is tried
out on a bond in a network namespace of its own, and refused with the reason.
"""

WHEN_IN_SHORT = {
    "LIVE": "live",
    "DOWN": "the bond down",
    "NO_PORTS": "no members in it",
    "DOWN_NO_PORTS": "the bond down, no members in it",
    "CREATION": "never",
}


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *_modes(), *_xen_properties(), *_options(), *_status()])


def _modes() -> Iterator[str]:
    yield "## Modes\n"
    yield from _table(
        ("Mode", "In the kernel"),
        ((f"`{mode}`", f"`{KERNEL_MODES.get(mode, mode)}`") for mode in BondMode),
    )
    yield f"\n`802.3ad` is understood as `{BondMode.LACP}`.\n"


def _xen_properties() -> Iterator[str]:
    yield "## XenAPI's properties\n"
    rows = (
        (f"`{mode}`", f"`{name}`", _values(one.values), one.default or "none", f"`{one.option}`")
        for mode, known in XEN_PROPERTIES.items()
        for name, one in known.items()
    )
    yield from _table(("Mode", "Property", "Values", "Default", "The kernel's"), rows)
    yield ""


def _values(values: Mapping[str, str]) -> str:
    return ", ".join(f"`{value}`" for value in values) or "those of the kernel's option"


def _options() -> Iterator[str]:
    columns = ("Option", "What it is", "Values", "Default", "Modes", "Changes with", "Attribute", "Since")
    yield "## The kernel's options\n"
    rows = [row for row in table(BondOptions).values() if row.name != "mode"]
    yield from _table(columns, (_cells(row) for row in rows))
    yield "\n## Options of a member\n"
    yield from _table(columns, (_cells(row) for row in table(BondPortOptions).values()))
    yield ""


def _cells(row: Row) -> tuple[str, ...]:
    option = row.option
    names = ", ".join(f"`{name}`" for name in (row.name, *option.aliases))
    modes = ", ".join(f"`{mode}`" for mode in MODES if mode in option.modes) or "all"
    multiple = f", a multiple of `{option.multiple_of}`" if option.multiple_of else ""
    default = option.type.text(row.default) or "none"
    when, since = WHEN_IN_SHORT[option.when.name], option.since
    return names, option.words, option.type.words + multiple, default, modes, when, str(option.number), since


def _status() -> Iterator[str]:
    yield "## What only the kernel says\n"
    rows = (
        (of, f"`{row.name}`", str(row.option.number))
        for of, kind in (("bond", BondStatus), ("member", PortStatus))
        for row in table(kind).values()
    )
    yield from _table(("Of", "Name", "Attribute"), rows)


def _table(columns: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    print(page())

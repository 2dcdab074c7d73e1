"""Live bonds: what bond-list --live shows, each bond with its slaves as they are this moment."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from agent.cli.change import as_json
from agent.cli.command import Call
from agent.cli.field import Record
from agent.cli.inspection import NODE_SHAPE, passes
from agent.cli.program import usage
from agent.cli.refusal import Refusal

TITLES = ("bond", "mode", "MAC", "links-up", "slave", "link", "active")
GAP = "  "
ACTIVE = "active slave"
# With --live these have nothing to say.
FOREIGN = ("params", "minimal")


class Slave(NamedTuple):
    """One NIC of a bond.  link: up, no carrier, down or missing."""

    uuid: str
    device: str
    link: str
    is_active: bool


class Bond(NamedTuple):
    """One bond.  links_up: how many of its slaves have carrier."""

    uuid: str
    device: str
    mode: str
    MAC: str
    links_up: int
    slaves: tuple[Slave, ...]


def live_bonds(call: Call) -> str:
    """The bonds that pass the filters."""
    for name in FOREIGN:
        if call.values[name]:
            raise Refusal(f"Syntax error: --live and {name} exclude each other", usage(call.command.name))
    nodes = dict(bonds_in(call, call.session.ask("pifd.topology", shape={"trees": list})["trees"]))
    wanted = [record for record in call.objects.of("Bond").values() if passes(call, record)]
    bonds = [bond_of(record, nodes[record["uuid"]]) for record in wanted if record["uuid"] in nodes]
    return as_json([as_object(bond) for bond in bonds]) if call.values["json"] else table(bonds)


def bonds_in(call: Call, nodes: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The bonds among nodes of the topology, and below them, by uuid."""
    call.session.checked(nodes, [NODE_SHAPE | {"uuid": str}], "pifd.topology")
    for node in nodes:
        if node["kind"] == "bond":
            yield node["uuid"], node
        yield from bonds_in(call, node["children"])


def bond_of(record: Record, node: dict[str, Any]) -> Bond:
    """A bond, from its record and what the kernel says of its devices."""
    slaves = tuple(
        Slave(one["uuid"], one["name"], one["state"], ACTIVE in one["notes"]) for one in node["children"]
    )
    links_up = sum(slave.link == "up" for slave in slaves)
    return Bond(record["uuid"], node["name"], record.get("mode", ""), node["MAC"], links_up, slaves)


def as_object(bond: Bond) -> dict[str, Any]:
    """A bond for programs."""
    slaves = [
        {
            "uuid": slave.uuid,
            "device": slave.device,
            "link": slave.link,
            "carrier": slave.link == "up",
            "active": slave.is_active,
        }
        for slave in bond.slaves
    ]
    own = {"uuid": bond.uuid, "device": bond.device, "mode": bond.mode, "MAC": bond.MAC}
    return own | {"links-up": bond.links_up, "slaves": slaves}


def table(bonds: Sequence[Bond]) -> str:
    """A table for people, a row a slave; nothing where there are no bonds, as in every list."""
    rows = [TITLES, *(row for bond in bonds for row in rows_of(bond))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "".join(f"{line.rstrip()}\n" for line in lines) if bonds else ""


def rows_of(bond: Bond) -> Iterator[tuple[str, ...]]:
    """The rows of a bond, which is named in the first."""
    own: tuple[str, ...] = (bond.device, bond.mode, bond.MAC, f"{bond.links_up} of {len(bond.slaves)}")
    for slave in bond.slaves:
        yield *own, slave.device, slave.link, "yes" if slave.is_active else ""
        own = ("",) * len(own)

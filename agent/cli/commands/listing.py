"""The commands that only look: the topology, and what every class has."""

from agent.cli import listing
from agent.cli.command import Command
from agent.cli.parameter import JSON, MINIMAL, Parameter, flag, optional, required, words
from agent.schema import Class

TOPOLOGY = Command(
    "topology",
    listing.topology,
    (JSON,),
    "Draw what is on top of what, from networks down to NICs, with addresses and link states.",
    prints="a tree",
    examples=("pifctl topology",),
)


def list_command(kind: Class) -> Command:
    fields = optional("params", "The fields to print, with commas in between, or all.", words, ())
    about = (
        "Any field can be a filter: field=value, map:key=value, set:contains=value.  All have to match\n"
        "what is printed.\n"
        f"Without params= it prints: {', '.join(kind.listed)}."
    )
    further: tuple[Parameter, ...] = ()
    if kind.usual is not None:
        name, value = kind.usual
        further = (flag("all", f"List also those with another {name} than {value}."),)
    return Command(
        f"{kind.prefix}-list",
        listing.list_objects,
        (fields, MINIMAL, JSON, *further),
        f"List the {kind.name} objects.",
        about,
        "the objects, each followed by two empty lines",
        (f"pifctl {kind.prefix}-list params=all", f"pifctl {kind.prefix}-list --minimal"),
        class_name=kind.name,
        takes_filters=True,
    )


def field_commands(kind: Class) -> tuple[Command, ...]:
    """<class>-param-list and <class>-param-get."""
    one = required("uuid", f"The {kind.name}: its uuid, the beginning of it, or its name.")
    field = required("param-name", "The field.")
    key = optional("param-key", "For a field that is a map: the key to print.")
    return (
        Command(
            f"{kind.prefix}-param-list",
            listing.list_fields,
            (one, JSON),
            f"Print all fields of one {kind.name}.",
            prints="the object",
            class_name=kind.name,
        ),
        Command(
            f"{kind.prefix}-param-get",
            listing.get_field,
            (one, field, key, JSON),
            f"Print one field of one {kind.name}.",
            prints="the bare value",
            class_name=kind.name,
        ),
    )

"""The commands that set the fields of the objects of a class, where it has any to set."""

from collections.abc import Iterator

from agent.cli import setting
from agent.cli.change import CHANGE, sends_all
from agent.cli.classes import MAP_RW, RW, SET_RW, is_map, mark_of, reader_of, settable
from agent.cli.command import Command
from agent.cli.parameter import JSON, Parameter, mapping, optional, required, text
from agent.schema import Class, Field

WHAT = {
    RW: "The new value.",
    SET_RW: "The new members, with commas in between.",
    MAP_RW: "The new value of a key; other keys stay.",
}
# A field may be set to nothing, so that one that is left out has to look different.
NOT_GIVEN = None


def setting_commands(kind: Class) -> Iterator[Command]:
    """<class>-param-set, -param-add, -param-remove and -param-clear."""
    fields = settable(kind)
    parts = tuple(field for field in fields if mark_of(field) in (SET_RW, MAP_RW))
    if fields:
        yield param_set(kind, fields)
    if parts:
        yield param_add(kind, parts)
        yield param_remove(kind, parts)
    # A map that is set key by key is neither added to nor emptied.
    clearable = tuple(
        one for one in fields if one in parts or (reader_of(one) is text and not one.key_setter)
    )
    if clearable:
        yield param_clear(kind, clearable)


def param_set(kind: Class, fields: tuple[Field, ...]) -> Command:
    return Command(
        f"{kind.prefix}-param-set",
        sends_all(setting.new_values),
        (the_one(kind), *map(parameter_for, fields), *flags(kind)),
        f"Set fields of one {kind.name}.",
        "What is not given stays as it is.",
        class_name=kind.name,
        fields=fields,
    )


def param_add(kind: Class, fields: tuple[Field, ...]) -> Command:
    return Command(
        f"{kind.prefix}-param-add",
        sends_all(lambda call: tuple(setting.additions(call))),
        (
            the_one(kind),
            the_field(fields),
            optional("param-key", "For a set: the new member."),
            *flags(kind),
        ),
        f"Add to a set or a map of one {kind.name}.",
        "To a map, pairs are added: <key>=<value>.  A key that is there already is refused.",
        examples=(f"pifctl {kind.prefix}-param-add uuid=<uuid> param-name=other-config colour=red",),
        errors=("MAP_DUPLICATE_KEY",),
        class_name=kind.name,
        fields=fields,
        takes_pairs=True,
    )


def param_remove(kind: Class, fields: tuple[Field, ...]) -> Command:
    key = required("param-key", "The member of the set, or the key of the map.")
    return Command(
        f"{kind.prefix}-param-remove",
        sends_all(setting.removal),
        (the_one(kind), the_field(fields), key, *flags(kind)),
        f"Remove from a set or a map of one {kind.name}.",
        "What is not there is no error, but to xe it is.",
        class_name=kind.name,
        fields=fields,
    )


def param_clear(kind: Class, fields: tuple[Field, ...]) -> Command:
    return Command(
        f"{kind.prefix}-param-clear",
        sends_all(setting.clearance),
        (the_one(kind), the_field(fields), *flags(kind)),
        f"Empty a field of one {kind.name}.",
        class_name=kind.name,
        fields=fields,
    )


def flags(kind: Class) -> tuple[Parameter, ...]:
    """What goes with every change of an object of a class."""
    return (JSON,) if kind.is_live else CHANGE


def the_one(kind: Class) -> Parameter:
    return required("uuid", f"The {kind.name}: its uuid, the beginning of it, or its name.")


def the_field(fields: tuple[Field, ...]) -> Parameter:
    return required("param-name", f"The field: {', '.join(field.xe for field in fields)}.")


def parameter_for(field: Field) -> Parameter:
    if is_map(field):
        return mapping(field.xe, WHAT[MAP_RW])
    return optional(field.xe, WHAT[mark_of(field)], reader_of(field), NOT_GIVEN)._replace(may_be_empty=True)

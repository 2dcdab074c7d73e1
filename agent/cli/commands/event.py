"""The commands that wait for what happens."""

from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple

from agent.cli.classes import CLASSES, Record
from agent.cli.command import Call, Command
from agent.cli.errors import CommandError
from agent.cli.invocation import NO_FILTERS, Filter, filter_of
from agent.cli.listing import matches
from agent.cli.parameter import JSON, Parameter, integer, optional, required, words
from agent.cli.watch import FOREVER, Watch, class_called
from agent.schema import Class

# Each change is a task, too; who asks for nothing in particular wants to see what it changes.
NOT_UNLESS_ASKED = "task"


class Wish(NamedTuple):
    """What a field is to be, or (`/=`) is not to be."""

    filter: Filter
    is_not: bool


def wait(call: Call) -> str:
    """Wait until an object is as wanted; one that is so already counts."""
    kind = CLASSES[class_called(call.values["class"])]
    wishes = [wish(call, kind, name, value) for name, value in call.pairs if name not in NO_FILTERS]
    seconds = call.values["timeout"]
    until = FOREVER if seconds is None else monotonic() + seconds
    watch = Watch(call.session, call.streams, classes_for(kind, wishes))
    while not any(grants(call, watch, wishes, record) for record in watch.of(kind.name).values()):
        if monotonic() >= until:
            raise CommandError(f"No {kind.name} was as wanted within {seconds} seconds.")
        watch.changes(until)
    return ""


def wish(call: Call, kind: Class, name: str, value: str) -> Wish:
    """The wish that `field=value` or `field/=value` stands for."""
    listing = call.command._replace(class_name=kind.name, takes_filters=True)
    return Wish(filter_of(listing, name.removesuffix("/"), value), name.endswith("/"))


def classes_for(kind: Class, wishes: Sequence[Wish]) -> list[str]:
    """The class, and those whose objects show in the fields that are looked at."""
    fields = [one.filter.field for one in wishes]
    shown = [field.refers for field in fields if field.shows and field.refers in CLASSES]
    return list(dict.fromkeys([kind.name, *shown]))


def grants(call: Call, watch: Watch, wishes: Sequence[Wish], record: Record) -> bool:
    """Whether an object is as wanted."""
    looking = call._replace(objects=watch)
    return all(
        matches(looking, one.field, one.key, one.wanted, record) is not is_not for one, is_not in wishes
    )


def tell(call: Call) -> str:
    """Tell of what happens, as it happens, until somebody has seen enough."""
    from agent.cli.event_lines import Displayed, json_line, line

    unless_asked = [kind.name for kind in CLASSES.values() if kind.prefix and kind.name != NOT_UNLESS_ASKED]
    wanted = [class_called(name) for name in call.values["class"]] or unless_asked
    everything = dict.fromkeys(
        [*unless_asked, *wanted, *(one.name for one in CLASSES.values() if not one.prefix)]
    )
    watch = Watch(call.session, call.streams, list(everything))
    shown = Displayed(watch, wanted)
    while True:
        for event in shown.events(watch.changes()):
            call.streams.tell(json_line(event) if call.values["json"] else line(event))


TIMEOUT = Parameter("timeout", "After so many seconds it ends, with an error.", integer, None)

COMMANDS = (
    Command(
        "event-wait",
        wait,
        (required("class", "The class of the objects, such as pif."), TIMEOUT),
        "Wait until an object is as wanted.",
        "Any field can be a filter: field=value, field/=value for any other value, map:key=value,\n"
        "set:contains=value.  All have to match, on one object; one that matches already counts.",
        examples=(
            "pifctl event-wait class=pif device=eth1 currently-attached=true",
            "pifctl event-wait class=bond links-up/=2 timeout=60",
        ),
        takes_pairs=True,
    ),
    Command(
        "event-watch",
        tell,
        (
            optional("class", "The classes, with commas in between; without it, all but task.", words, ()),
            JSON,
        ),
        "Tell of what happens, as it happens, until it is interrupted.",
        "It goes on when pifd is started again, and then tells of what differs.",
        "a line for each change: time, class, add, mod or del, the object, and the fields that differ",
        ("pifctl event-watch", "pifctl event-watch class=pif,bond --json"),
    ),
)

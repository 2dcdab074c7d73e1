"""Changes: which calls a changing command sends, with which parameters, for real or as a dry run."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from agent.cli.command import Call
from agent.cli.parameter import DRY_RUN, JSON
from agent.cli.value import NULL_REFERENCES, uuid_of


class Message(NamedTuple):
    """A call to the daemon."""

    method: str
    arguments: list[Any]


Part = str | Callable[[Call], Any]
"""What a call is given: the value of the parameter with this name, or what is made of the command."""
Messages = Callable[[Call], Sequence[Message]]
Prints = Callable[[Call, str], str]

# JSON here is for the dry run and for the uuid of what was made.
CHANGE = (DRY_RUN, JSON)

PREVIEW_SHAPE = {
    "result": str | list,
    "added": [{"class": str, "ref": str, "record": dict}],
    "changed": [{"class": str, "ref": str, "before": dict, "after": dict}],
    "removed": [{"class": str, "ref": str, "record": dict}],
    "unplug": [str],
    "plug": [str],
    "steps": [str],
    "notes": [str],
}


def itself(call: Call, made: str) -> str:
    """The object that was made."""
    return made


def sends(method: str, *parts: Part, prints: Prints = itself) -> Callable[[Call], str]:
    """The action of a command that calls one method; `prints` gives the object whose uuid is printed."""

    def messages(call: Call) -> Sequence[Message]:
        return [Message(method, [call.values[one] if isinstance(one, str) else one(call) for one in parts])]

    return sends_all(messages, prints)


def sends_all(messages: Messages, prints: Prints = itself) -> Callable[[Call], str]:
    """The action of a command whose values decide what it calls."""

    def action(call: Call) -> str:
        wanted = messages(call)
        if call.values.get("dry-run"):
            return previews(call, wanted)
        # One that is refused must not leave half of them done; live objects have no dry runs to find out.
        if len(wanted) > 1 and "dry-run" in call.values:
            for message in wanted:
                dry_run(call, message)
        printed = [carried_out(call, message, prints) for message in wanted][-1]
        return ",".join(printed.splitlines()) + "\n" if call.values["minimal"] else printed

    return action


def carried_out(call: Call, message: Message, prints: Prints) -> str:
    made = changed(call, message)
    if isinstance(made, list):
        return new_uuids(call, call.session.checked(made, [str], message.method))
    ref = call.session.checked(made, str | None, message.method)
    return "" if not ref or ref in NULL_REFERENCES else new_uuid(call, prints(call, ref))


def changed(call: Call, message: Message) -> Any:
    """What one call gave back.  On a terminal, the change is a task, to show how far it is and to stop it; so
    is one that may have a note, which only a task has room for."""
    if call.streams.terminal is None and not may_have_note(message):
        return call.session.change(call.command.name, message.method, *message.arguments, shape=object)
    from agent.cli import progress

    return progress.changed(call, message.method, message.arguments)


def may_have_note(message: Message) -> bool:
    """Whether the daemon chooses something that the caller leaves open: the mode of a bond."""
    return message.method == "Bond.create" and not message.arguments[3]


def dry_run(call: Call, message: Message) -> dict[str, Any]:
    """What a call would do, from the daemon."""
    outcome: dict[str, Any] = call.session.ask(
        f"DryRun.{message.method}", *message.arguments, shape=PREVIEW_SHAPE
    )
    return outcome


def previews(call: Call, messages: Sequence[Message]) -> str:
    """What the calls would do, each by itself."""
    from agent.cli.preview import described

    outcomes = [dry_run(call, message) for message in messages]
    if call.values["json"]:
        return as_json(outcomes if len(outcomes) > 1 else outcomes[0])
    return "\n".join(described(one, call.command.name, call.objects) for one in outcomes)


def new_uuid(call: Call, ref: str) -> str:
    """The line that a creating command prints."""
    return as_json({"uuid": uuid_of(ref)}) if call.values["json"] else f"{uuid_of(ref)}\n"


def new_uuids(call: Call, refs: Sequence[str]) -> str:
    """The lines that a command prints that may make several objects."""
    uuids = [uuid_of(ref) for ref in refs]
    return as_json({"uuids": uuids}) if call.values["json"] else "".join(f"{uuid}\n" for uuid in uuids)


def as_json(value: Any) -> str:
    """JSON for programs, still readable by people."""
    import json

    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def the(class_name: str, parameter: str = "uuid") -> Callable[[Call], str]:
    """The object that a parameter names."""
    return lambda call: call.find(class_name, parameter)

"""Completion: what can come next on a command line that is being typed.

The shells' own scripts hand over the line up to the cursor, and show what they get.  Whatever is wrong, with
the line or with the daemon, makes fewer candidates and no error: who is typing is not to be disturbed.
"""

import signal
from collections.abc import Iterable, Mapping, Sequence

from agent.cli.classes import field_called, mark_of
from agent.cli.client import client_of
from agent.cli.commands import COMMANDS
from agent.cli.completion_line import Line, line_in
from agent.cli.completion_shells import Candidate, Reply, for_bash, for_fish, for_zsh
from agent.cli.completion_values import (
    MAPS,
    SETS,
    Asked,
    Quiet,
    filter_values,
    is_list,
    keys,
    values,
    values_of_key,
)
from agent.cli.errors import CommandError, NoAnswer
from agent.cli.invocation import Words, parameter_of, taken_apart
from agent.cli.objects import is_uuid
from agent.cli.parameter import Parameter
from agent.cli.session import Session
from agent.printable import printable

SOCKET = "/run/pifd/xapi"
HELP = (
    Candidate("help", "What there is, and more about one command."),
    Candidate("--version", "Which version this is."),
)
# The word after one of these is nothing that could be known.
WORD_FOLLOWS = ("--socket", "-s", "-p", "-u", "-pw", "-pwf", "--traceparent")
NOTHING = Reply("", ())
# Nobody waits longer for a list.
SECONDS = 2


def completed(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """The answer to a shell, `bash`, `zsh` or `fish`; for bash with COMP_TYPE and COMP_WORDBREAKS."""
    shell, text, *more = [*arguments, "", ""][: max(2, len(arguments))]
    line = line_in(text)
    reply = NOTHING
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(SECONDS)
    try:
        reply = reply_to(line, environment)
    except CommandError:
        pass
    finally:
        signal.alarm(0)
    if shell == "bash":
        return for_bash(reply, line, *more[:2])
    return {"zsh": for_zsh, "fish": for_fish}[shell](reply, line) if shell in ("zsh", "fish") else ""


def too_late(*signal: object) -> None:
    """The daemon takes too long."""
    raise NoAnswer("pifd takes too long.")


def reply_to(line: Line, environment: Mapping[str, str]) -> Reply:
    """What can come next on a line."""
    begun = [
        word for n, word in enumerate(line.before) if any("=" not in one for one in line.before[: n + 1])
    ]
    if begun and begun[-1] in WORD_FOLLOWS:
        return NOTHING
    client, words = client_of(begun[1:], environment)
    taken = taken_apart(words)
    if taken.command in ("", "help"):
        return Reply("", matching(commands(taken), line.word))
    if taken.command not in COMMANDS:
        return NOTHING
    given = dict(taken.pairs)
    socket = given.get("socket", environment.get("PIFD_SOCKET")) or SOCKET
    with Session(socket, client) as session:
        asked = Asked(COMMANDS[taken.command], given, Quiet(session))
        reply = next_word(asked, line.word)
        return reply._replace(candidates=matching(reply.candidates, line.word[len(reply.stem) :]))


def commands(taken: Words) -> Iterable[Candidate]:
    """The commands, in the beginning and after help."""
    yield from (Candidate(one.name, one.summary) for one in COMMANDS.values() if not one.is_hidden)
    yield from HELP if not taken.command else [Candidate("--all", "Every command with its parameters.")]


def matching(candidates: Iterable[Candidate], begun: str) -> list[Candidate]:
    """Those that begin so; if there are none, those that do in another case.

    Before somebody has begun to type, an object is offered once: by its first name, or by its uuid.
    """
    every = [
        one._replace(about=printable(one.about))
        for one in dict.fromkeys(candidates)
        if one.text == printable(one.text)
    ]
    if not begun:
        objects: dict[str, Candidate] = {}
        for one in every:
            objects.setdefault(one.about if is_uuid(one.about) else one.text, one)
        return list(objects.values())
    exact = [one for one in every if one.text.startswith(begun)]
    return exact or [one for one in every if one.text.lower().startswith(begun.lower())]


def next_word(asked: Asked, word: str) -> Reply:
    """What a word can become: a name, a name with a key, or a name with its value."""
    name, equals, value = word.removeprefix("--").partition("=")
    if equals:
        return value_in(asked, word[: len(word) - len(value)], name, value)
    map_name, colon, _ = word.partition(":")
    if colon:
        return Reply(f"{map_name}:", key_names(asked, map_name))
    bare = next((one for one in asked.command.parameters if one.name == asked.command.bare), None)
    if bare is not None:
        return Reply("", list(values(asked, bare)))
    return Reply("", [*parameters(asked), *filters(asked), *pairs(asked)])


def parameters(asked: Asked) -> Iterable[Candidate]:
    """The parameters that have not been given yet, flags as --flag."""
    given = {name.lower() for name in asked.given}
    for one in asked.command.parameters:
        if one.is_map:
            yield Candidate(f"{one.name}:", one.meaning, is_open=True)
        elif one.name.lower() not in given:
            is_flag = one.default is False
            yield Candidate(f"--{one.name}" if is_flag else f"{one.name}=", one.meaning, not is_flag)


def filters(asked: Asked) -> Iterable[Candidate]:
    """The fields, where they are filters."""
    if not (asked.command.takes_filters or asked.command.name == "event-wait") or asked.kind is None:
        return
    for field in asked.kind.in_xe:
        if field.xe in asked.given:
            continue
        end = ":" if mark_of(field) in MAPS else ":contains=" if mark_of(field) in SETS else "="
        yield Candidate(field.xe + end, f"Only where {field.xe} is so.", is_open=True)


def pairs(asked: Asked) -> Iterable[Candidate]:
    """The keys, where they are given by themselves: -param-add, for a map."""
    field = field_called(asked.fields, asked.given.get("param-name", ""))
    if asked.command.takes_pairs and field is not None and mark_of(field) in MAPS:
        yield from key_names(asked, field.xe)


def key_names(asked: Asked, name: str) -> list[Candidate]:
    """The keys of the map that a word begins with; of a set, a filter wants that it contains something."""
    field = field_called(asked.fields, name)
    if field is not None and mark_of(field) in SETS:
        return [Candidate("contains=", is_open=True)]
    return [Candidate(f"{key}=", is_open=True) for key in keys(asked, name)]


def value_in(asked: Asked, stem: str, name: str, value: str) -> Reply:
    """The values for a name."""
    parameter, key = parameter_of(asked.command, name)
    if parameter is not None and parameter.is_map:
        return Reply(stem, list(values_of_key(asked, parameter.name, key)))
    if parameter is not None and is_list(parameter):
        return members(asked, parameter, stem, value)
    if parameter is not None:
        return Reply(stem, list(values(asked, parameter)))
    return Reply(stem, list(wanted(asked, name)))


def members(asked: Asked, parameter: Parameter, stem: str, value: str) -> Reply:
    """The values of a parameter that takes several: the next one, without those that are there."""
    done, comma, _ = value.rpartition(",")
    there = set(filter(None, done.split(",")))
    left = (one for one in values(asked, parameter) if not there & {one.text, one.about})
    return Reply(stem + done + comma, [one._replace(is_open=True) for one in left])


def wanted(asked: Asked, name: str) -> Iterable[Candidate]:
    """The values for a filter, or the pairs that -param-add takes."""
    if asked.command.takes_pairs and asked.command.name != "event-wait":
        return values_of_key(asked, asked.given.get("param-name", ""), name)
    map_name, colon, key = name.removesuffix("/").partition(":")
    field = field_called(asked.fields, map_name)
    if field is None or not (asked.command.takes_filters or asked.command.takes_pairs):
        return ()
    is_key = mark_of(field) in MAPS and colon
    return values_of_key(asked, map_name, key) if is_key else filter_values(asked, field, key)

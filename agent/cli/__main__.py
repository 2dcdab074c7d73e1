"""pifctl: from the words on the command line to the output and the exit status."""

import io
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn, TextIO

from agent.cli.client import Client, client_of
from agent.cli.command import Call, Command
from agent.cli.commands import COMMANDS
from agent.cli.connection import unheard
from agent.cli.errors import OWN, XE, APIFailure, CommandError, explained, program_name, usage
from agent.cli.invocation import Words, bound, taken_apart
from agent.cli.objects import Objects
from agent.cli.parameter import JSON, TRUE
from agent.cli.session import Session
from agent.cli.terminal import NOWHERE, Screen, Streams, screen_of, wrote

SOCKET = "/run/pifd/xapi"
COMPLETE = "__complete"
INTERRUPTED = 130
# What a shell reports for a program that SIGPIPE ended.
NOBODY_READS = 141


class Outcome(NamedTuple):
    """What a command comes to."""

    status: int
    output: str = ""
    error: str = ""


def main() -> NoReturn:
    """Carry out the command line."""
    stdout, stderr = opened(sys.stdout), opened(sys.stderr)
    try:
        status = run(sys.argv[1:], os.environ, stdout, stderr)
    except KeyboardInterrupt:
        status = INTERRUPTED
    sys.exit(status)


def opened(stream: TextIO | None) -> TextIO:
    """The stream; if the caller has closed it (`>&-`), one that forgets."""
    return io.StringIO() if stream is None else stream


def outcome_of(
    arguments: Sequence[str], environment: Mapping[str, str], screen: Screen, streams: Streams = NOWHERE
) -> Outcome:
    """What a command line comes to."""
    if arguments and arguments[0] == COMPLETE:
        from agent.cli.completion import completed

        return Outcome(0, completed(arguments[1:], environment))
    try:
        client, words = client_of(arguments, environment)
        return Outcome(0, answer(taken_apart(words), client, environment, screen, streams))
    except CommandError as error:
        return Outcome(error.status, error=error.as_json() if wants_json(arguments) else f"{error}\n")


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether a program reads what is printed, as far as the words can be understood."""
    pairs = [(word, *word.removeprefix("--").partition("=")) for word in arguments]
    return any(
        name.lower() == JSON.name and (value.lower() in TRUE or (not equals and word.startswith("--")))
        for word, name, equals, value in pairs
    )


def answer(
    words: Words, client: Client, environment: Mapping[str, str], screen: Screen, streams: Streams
) -> str:
    """What a command line prints."""
    if words.command in ("help", "version") or words.flags & {"help", "version"}:
        return about(words)
    command = command_called(words.command)
    paths = [pair for pair in words.pairs if pair[0] == "socket" and may_be_ours(pair[0], command, words)]
    socket = "".join(path for _, path in paths[-1:]) or environment.get("PIFD_SOCKET") or SOCKET
    rest = tuple(pair for pair in words.pairs if pair not in paths)
    is_read_by_people = not wants_json([f"{name}={value}" for name, value in words.pairs])
    login = Session(socket, client, streams.remark, streams.remark if is_read_by_people else unheard)
    return carried_out(command, words._replace(pairs=rest), login, screen, streams)


def carried_out(command: Command, words: Words, login: Session, screen: Screen, streams: Streams) -> str:
    """What a command prints.  Nothing is sent before all of the command line has been understood."""
    values, filters, pairs = bound(command, words)
    with login as session:
        objects = Objects(session)
        try:
            return command.action(Call(command, values, filters, session, objects, screen, pairs, streams))
        except APIFailure as failed:
            raise explained(failed, objects.described) from None


def command_called(name: str) -> Command:
    if name in COMMANDS:
        return COMMANDS[name]
    if not name:
        raise CommandError("No command was given", usage())
    raise CommandError(f"Unknown command: {name}", *(f"Did you mean {one}?" for one in like(name)), usage())


def like(name: str) -> list[str]:
    """The command that is spelled most like a name, if any is; one of the same class goes first."""
    from difflib import get_close_matches

    spelled = name.lower().replace("_", "-")
    kind, hyphen, _ = spelled.partition("-")
    own = [command for command in COMMANDS if command.startswith(kind + hyphen)]
    return get_close_matches(spelled, own, 1) or get_close_matches(spelled, [*COMMANDS, "help"], 1)


def may_be_ours(name: str, command: Command, words: Words) -> bool:
    """Whether a name was given to pifctl itself: it may also be a key that is to be added to a map."""
    return name in words.flags or not command.takes_pairs


def about(words: Words) -> str:
    """Help, or the version."""
    if "version" in words.flags or words.command == "version":
        return f"{program_name()} {version()}\n"
    if program_name() == XE:
        from agent.cli import xe_manual

        subjects = words.further if words.command == "help" else (words.command,) if words.command else ()
        everything, minimal = "all" in words.flags, "minimal" in words.flags
        return xe_manual.page(subjects, is_everything=everything, is_minimal=minimal)
    from agent.cli.manual import page

    subject = "".join(words.further[:1]) if words.command == "help" else words.command
    known = "" if subject in ("", "help") else command_called(subject).name
    return page(known, is_everything="all" in words.flags).replace(OWN, program_name())


def version() -> str:
    """The version of the distribution that is installed."""
    from importlib import metadata

    try:
        return metadata.version("pifd")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def run(arguments: Sequence[str], environment: Mapping[str, str], stdout: TextIO, stderr: TextIO) -> int:
    """Carry out a command line and print what it comes to; the exit status."""
    try:
        streams = Streams(stdout, stderr, terminal(stderr, environment))
        outcome = outcome_of(arguments, environment, screen_of(stdout, environment), streams)
        wrote(outcome.error, stderr)
        wrote(outcome.output, stdout)
    except BrokenPipeError:
        return silenced(stdout, NOBODY_READS)
    except OSError as trouble:
        error = CommandError(f"The output cannot be written: {trouble.strerror}.")
        wrote(error.as_json() if wants_json(arguments) else f"{error}\n", stderr)
        return silenced(stdout, 1)
    return outcome.status


def terminal(stderr: TextIO, environment: Mapping[str, str]) -> Screen | None:
    """What stderr can show, if lines can be drawn there that go again."""
    if not stderr.isatty() or environment.get("TERM", "dumb") == "dumb":
        return None
    return screen_of(stderr, environment)


def silenced(stdout: TextIO, status: int) -> int:
    """The status, after stdout has been turned away: at its end Python would try to write the rest again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
    return status


if __name__ == "__main__":
    main()

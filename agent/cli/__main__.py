"""pifctl: from the words on the command line to the output and the exit status."""

import io
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn, TextIO

from agent.cli.command import Call, Command
from agent.cli.commands import COMMANDS
from agent.cli.invocation import Words, bound, taken_apart, usage
from agent.cli.objects import Objects
from agent.cli.refusal import Failed, Refusal
from agent.cli.screen import Screen, screen_of
from agent.cli.session import Session

SOCKET = "/run/pifd/xapi"
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
        outcome = outcome_of(sys.argv[1:], os.environ, screen_of(stdout, os.environ))
        status = told(outcome, stdout, stderr)
    except KeyboardInterrupt:
        status = INTERRUPTED
    sys.exit(status)


def opened(stream: TextIO | None) -> TextIO:
    """The stream; if the caller has closed it (`>&-`), one that forgets."""
    return io.StringIO() if stream is None else stream


def outcome_of(arguments: Sequence[str], environment: Mapping[str, str], screen: Screen) -> Outcome:
    """What a command line comes to."""
    try:
        return Outcome(0, answer(taken_apart(arguments), environment, screen))
    except Refusal as refusal:
        return Outcome(refusal.status, error=f"{refusal}\n")


def answer(words: Words, environment: Mapping[str, str], screen: Screen) -> str:
    """What a command line prints."""
    options = dict(words.pairs)
    if words.command in ("help", "version") or "help" in options or "version" in options:
        return about(words, options)
    command = command_called(words.command)
    socket = options.get("socket", environment.get("PIFD_SOCKET")) or SOCKET
    rest = tuple(pair for pair in words.pairs if pair[0] != "socket")
    return carried_out(command, words._replace(pairs=rest), socket, screen)


def carried_out(command: Command, words: Words, socket: str, screen: Screen) -> str:
    """What a command prints.  Nothing is sent before all of the command line has been understood."""
    values, filters, pairs = bound(command, words)
    with Session(socket) as session:
        objects = Objects(session)
        try:
            return command.action(Call(command, values, filters, session, objects, screen, pairs))
        except Failed as failed:
            from agent.cli.failure import refusal

            raise refusal(failed, objects) from None


def command_called(name: str) -> Command:
    """The command with a name."""
    if name in COMMANDS:
        return COMMANDS[name]
    if not name:
        raise Refusal("No command was given", usage(""))
    from difflib import get_close_matches

    close = get_close_matches(name.lower().replace("_", "-"), [*COMMANDS, "help"], 1)
    raise Refusal(f"Unknown command: {name}", *(f"Did you mean {one}?" for one in close), usage(""))


def about(words: Words, options: Mapping[str, str]) -> str:
    """Help, or the version."""
    if "version" in options or words.command == "version":
        return f"pifctl {version()}\n"
    from agent.cli.manual import page

    subject = "".join(words.further[:1]) if words.command == "help" else words.command
    known = "" if subject in ("", "help") else command_called(subject).name
    return page(known, is_everything="all" in options)


def version() -> str:
    """The version of the distribution that is installed."""
    from importlib import metadata

    try:
        return metadata.version("pifd")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def told(outcome: Outcome, stdout: TextIO, stderr: TextIO) -> int:
    """Print the outcome; the exit status."""
    try:
        wrote(outcome.error, stderr)
        wrote(outcome.output, stdout)
    except BrokenPipeError:
        return silenced(stdout, NOBODY_READS)
    except OSError as trouble:
        wrote(f"The output cannot be written: {trouble.strerror}.\n", stderr)
        return silenced(stdout, 1)
    return outcome.status


def wrote(text: str, stream: TextIO) -> None:
    """Write a text out, whatever the stream's encoding makes of it."""
    encoding = stream.encoding or "ascii"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def silenced(stdout: TextIO, status: int) -> int:
    """The status, after stdout has been turned away: at its end Python would try to write the rest again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
    return status


if __name__ == "__main__":
    main()

"""The client: xe's own options, which say who logs in and where; here they decide little.

pifd answers on a socket of its own host, and the kernel tells it who asks.  So a name and a password are sent
as they are given, and a server has to be this host.  Called as xe, options are also taken from XE_EXTRA_ARGS
and from ~/.xe, as xe does: what is on the command line counts first, what is in the file last.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from agent.cli.errors import XE, CommandError, program_name, usage
from agent.cli.parameter import boolean

WITH_A_WORD = {
    "-s": "server",
    "-p": "port",
    "-u": "username",
    "-pw": "password",
    "-pwf": "passwordfile",
    "--traceparent": "traceparent",
}
ALONE = {"--nossl": "nossl", "--debug": "debug", "--trace": "trace"}
KEYS = (*WITH_A_WORD.values(), *ALONE.values())
HERE = ("localhost", "localhost.localdomain", "127.0.0.1", "::1", "[::1]")
LAST_PORT = 65535
TRACEPARENT = "TRACEPARENT"


class Client(NamedTuple):
    """Who logs in.  traceparent: what the request is a part of, as W3C's header has it.

    is_debugging: each call is printed on standard error.
    """

    username: str = "root"
    password: str = ""
    traceparent: str = ""
    is_debugging: bool = False


def client_of(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Client, list[str]]:
    """The client that a command line asks for, and the words that are left."""
    options: dict[str, str] = {}
    words: list[str] = []
    for source in (list(arguments), *defaults(environment)):
        for word in source:
            check_is_text(word)
        given, others = separated(source)
        options = given | options
        known = {name_in(word) for word in words}
        words += [word for word in others if name_in(word) not in known]
    if environment.get(TRACEPARENT):
        options.setdefault("traceparent", environment[TRACEPARENT])
    return checked(options), words


def check_is_text(word: str) -> None:
    """What is not UTF-8 cannot be sent."""
    try:
        word.encode()
    except UnicodeEncodeError:
        raise CommandError(f"Syntax error: {word!r} is not valid UTF-8", usage()) from None


def name_in(word: str) -> str:
    """The name in name=value or --name."""
    return word.removeprefix("--").partition("=")[0]


def separated(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    """The options that are the client's, and the other words."""
    options, others = {}, []
    # xe takes server=x even from those who want to add the key server to a map, and does not add it.
    may_be_a_pair = any(word.endswith("-param-add") for word in arguments)
    remaining = iter(arguments)
    for word in remaining:
        key, equals, value = word.removeprefix("--").partition("=")
        if word in WITH_A_WORD:
            options[WITH_A_WORD[word]] = word_after(word, remaining)
        elif word in ALONE:
            options[ALONE[word]] = "true"
        elif word == "-h" and program_name() == XE and word_follows(word, arguments):
            options["server"] = word_after(word, remaining)
        elif equals and key in KEYS and not may_be_a_pair:
            options[key] = value
        else:
            others.append(word)
    return options, others


def word_after(option: str, remaining: Iterator[str]) -> str:
    word = next(remaining, None)
    if word is None:
        raise CommandError(f"Syntax error: {option} needs a word after it", usage())
    return word


def word_follows(option: str, arguments: list[str]) -> bool:
    """Whether xe's -h names a server; at the end, it asks for help."""
    return arguments[-1] != option


def defaults(environment: Mapping[str, str]) -> Iterator[list[str]]:
    """The further words: those in XE_EXTRA_ARGS, then those in ~/.xe; xe's settings are not pifctl's."""
    if program_name() == XE:
        yield extra_words(environment.get("XE_EXTRA_ARGS", ""))
        yield lines_in(f"{environment['HOME']}/.xe") if environment.get("HOME") else []


def extra_words(text: str) -> list[str]:
    """Words with commas in between; one after a backslash is a part of its word."""
    words, word, is_escaped = [], "", False
    for letter in text:
        if letter == "," and not is_escaped:
            words.append(word)
            word = ""
        elif letter != "\\":
            word += letter
        is_escaped = letter == "\\"
    return [word for word in (*words, word) if word]


def lines_in(path: str) -> list[str]:
    """The lines of a file, each name=value; none if there is no such file."""
    try:
        lines = [line for line in text_in(path).splitlines() if line]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as trouble:
        raise CommandError(f"The file {path} cannot be read: {reason(trouble)}") from None
    for line in lines:
        if "=" not in line:
            raise CommandError(f"The file {path} cannot be used: '{line}' is not name=value")
    return lines


def checked(options: dict[str, str]) -> Client:
    """The client, if all of the options make sense on this host."""
    check_server(options.get("server", "localhost"))
    check_port(options.get("port", "443"))
    boolean("nossl", options.get("nossl", "true"))
    check_traceparent(options.get("traceparent", ""))
    if options.get("passwordfile"):
        options |= password_in(options["passwordfile"])
    return Client(
        options.get("username", "root"),
        options.get("password", ""),
        options.get("traceparent", ""),
        any(boolean(name, options.get(name, "false")) for name in ("debug", "trace")),
    )


def check_server(server: str) -> None:
    """There is no way from here to another host."""
    own = os.uname().nodename.lower()
    if server.lower() not in (*HERE, own, own.partition(".")[0]):
        name = program_name()
        raise CommandError(
            f"The server '{server}' is not this host: {name} talks to this host's pifd alone", usage()
        )


def check_port(port: str) -> None:
    """The port makes no difference here, but it has to be one."""
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= LAST_PORT):
        raise CommandError(f"Port number must be an integer (0-{LAST_PORT})", usage())


def check_traceparent(value: str) -> None:
    """It travels in a header, so nothing may be in it that ends one."""
    if not set(value.lower()) <= set("0123456789abcdef-"):
        raise CommandError(
            f"Syntax error: '{value}' is no traceparent: it has hexadecimal digits and hyphens", usage()
        )


def password_in(path: str) -> dict[str, str]:
    """The user's name and password: the two first lines of a file."""
    try:
        lines = text_in(path).splitlines()
    except (OSError, UnicodeDecodeError) as trouble:
        raise CommandError(f"Error opening password file '{path}': {reason(trouble)}") from None
    if len(lines) < 2:
        order = "expecting username on the first line, password on the second line"
        raise CommandError(f"Error: password file format: {order}")
    return {"username": lines[0], "password": lines[1]}


def text_in(path: str) -> str:
    # pathlib takes as long to import as all of pifctl.
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        return file.read()


def reason(trouble: OSError | UnicodeDecodeError) -> str:
    """Why a file cannot be read."""
    return str(trouble.strerror if isinstance(trouble, OSError) else "it is not UTF-8")

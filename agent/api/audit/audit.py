"""The audit log: who has changed what, when, and how it ended, as lines of JSON (docs/access.md).

The engine's own repairs are nobody's calls, and are not in it; neither are dry runs, which change nothing.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from agent.api.audit.denials import Denials
from agent.api.audit.excerpt import cut, excerpt
from agent.api.audit.line_file import LineFile
from agent.api.encodings.values import Value
from agent.api.sessions.caller import Caller
from agent.api.sessions.sessions import Session
from agent.errors import AuditLogUnavailable, Failure
from agent.logs import only_failing

log = logging.getLogger("pifd.audit")


@dataclass(frozen=True, slots=True)
class Entry:
    """A call that asks for a change.  parameters: by their names.  task: of a call that is not waited for."""

    caller: Caller
    session: Session
    method: str
    parameters: Mapping[str, object]
    task: str = ""


class Audit:
    """Writes to `file`; without one to the daemon's own log, and so to the journal.

    Lines are written by a thread of its own, one after another: a disk that takes its time holds up the
    change that is to be written down, and nobody else.
    """

    def __init__(self, file: LineFile | None = None) -> None:
        self._file = file
        self._denials = Denials()
        self._writer = ThreadPoolExecutor(1, "audit")

    async def around(self, entry: Entry, work: Callable[[], Awaitable[Value]]) -> Value:
        """Do the work, with a line before it and one after it, of the same id.

        Raises PIFD_AUDIT_LOG_UNAVAILABLE, and then there is no work done; what the work raises.
        """
        number = str(uuid4())
        await self._begin(number, entry)
        try:
            result = await only_failing(log, entry.method, work())
        except Failure as failure:
            await self._note(end(number, entry, {"error": error_of(failure)}))
            raise
        await self._note(end(number, entry, {"result": excerpt(result)}))
        return result

    async def denied(self, entry: Entry, failure: Failure) -> None:
        """Note a call that its caller may not make, unless there have been many of late."""
        left_out = self._denials.room_for(entry.caller.uid)
        if left_out is not None:
            more = {"left_out": left_out} if left_out else {}
            fields = {**beginning(entry), "error": error_of(failure), **more}
            await self._note(line("denied", str(uuid4()), fields))

    def close(self) -> None:
        """Wait for what is being written."""
        self._writer.shutdown()

    async def _begin(self, number: str, entry: Entry) -> None:
        try:
            await self._write(line("begin", number, beginning(entry)))
        except OSError as error:
            where = "" if self._file is None else str(self._file.path)
            raise AuditLogUnavailable(where, error.strerror or str(error)) from None

    async def _note(self, text: str) -> None:
        """Write of what has been decided already: it stays so, and the daemon's own log has the line."""
        try:
            await self._write(text)
        except OSError as error:
            log.error("a line of the audit log could not be written (%s): %s", error, text)

    async def _write(self, text: str) -> None:
        if self._file is None:
            log.info(text)
        else:
            await asyncio.get_running_loop().run_in_executor(self._writer, self._file.append, text)


def audit_of(path: Path | None) -> Audit:
    """The audit log at a path, or in the daemon's own log, whatever else that has.

    A file that can't be written does not keep the host's network from coming up: changes are refused then.
    """
    if path is None:
        log.setLevel(logging.INFO)
        return Audit()
    file = LineFile(path)
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        file.check()
    except OSError as error:
        log.error("no change will be made: the audit log cannot be written: %s", error)
    return Audit(file)


def line(event: str, number: str, fields: Mapping[str, object]) -> str:
    """One line.  Text is ASCII, so that nothing in it is more than one line, or moves a terminal's cursor."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": now, "event": event, "id": number, **fields}).replace("\x7f", "\\u007f")


def beginning(entry: Entry) -> dict[str, object]:
    """Who asks for what.  command: what the process calls itself, which is no proof of anything."""
    found: dict[str, object] = {
        **who(entry),
        "pid": entry.caller.pid,
        "command": command_of(entry.caller.pid),
        "originator": entry.session.originator,
        "method": entry.method,
        "parameters": {name: excerpt(value) for name, value in entry.parameters.items()},
    }
    return {**found, "task": entry.task} if entry.task else found


def end(number: str, entry: Entry, outcome: Mapping[str, object]) -> str:
    """How it ended: `outcome` has a result or an error."""
    word = "failure" if "error" in outcome else "success"
    return line("end", number, {**who(entry), "method": entry.method, "outcome": word, **outcome})


def who(entry: Entry) -> dict[str, object]:
    """The user, as the kernel says."""
    return {"uid": entry.caller.uid, "user": cut(entry.session.auth_user_name)}


def error_of(failure: Failure) -> list[object]:
    """A failure's code and parameters."""
    return [failure.code, *map(excerpt, failure.parameters)]


def command_of(pid: int) -> str:
    """The name of a process, "" if it is gone; a new one may have its pid by now."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").rstrip("\n")
    except OSError:
        return ""

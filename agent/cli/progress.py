"""Progress: how far a change is, on a line of the terminal that goes again when it is done.

The change is a task of the daemon then, so that ^C can have it stopped and undone.  In a script it is a plain
call: one question and one answer, where a task takes four.
"""

import re
import signal
from contextlib import nullcontext, suppress
from time import monotonic
from typing import Any

from agent.cli.command import Call
from agent.cli.errors import APIFailure, CommandError, Interrupted, NoAnswer, maybe_done
from agent.cli.terminal import Screen
from agent.cli.watch import EVENTS

# A line that is there for less is a flicker.
SECONDS_BEFORE_IT_SHOWS = 1.0
# How long it takes at most until the seconds go on, and until ^C is heeded.
ROUND = 0.25
WIDEST_BAR = 30
ERASED = "\r\x1b[K"
TASK = {
    "uuid": str,
    "status": str,
    "progress": float | int,
    "result": str,
    "error_info": [str],
    "other_config": dict,
}
ENDED = ("success", "failure", "cancelled")
STRING = re.compile("<value>(?:<string>)?([^<]*)(?:</string>)?</value>")
UNKNOWN_METHOD = "MESSAGE_METHOD_UNKNOWN"
ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}


def changed(call: Call, method: str, arguments: list[Any]) -> Any:
    """What a change gave back; how far it is is shown while it takes its time.  Raises Failed."""
    name = call.command.name
    interrupts = Interrupts()
    with interrupts if call.streams.terminal is not None else nullcontext():
        task = begun(call, method, arguments)
        if task:
            try:
                record = ended(call, task, interrupts)
            except NoAnswer as trouble:
                raise NoAnswer(f"{trouble}  {maybe_done(name)}") from None
            except KeyboardInterrupt:
                raise Interrupted(f"Interrupted.  {maybe_done(name)}") from None
            return result(call, task, record, interrupts)
    if interrupts.is_there:
        raise KeyboardInterrupt
    return call.session.change(name, method, *arguments, shape=object)


def begun(call: Call, method: str, arguments: list[Any]) -> str:
    """The reference of the task that carries out a change; "" if the daemon makes no task of this one."""
    try:
        task: str = call.session.change(call.command.name, f"Async.{method}", *arguments, shape=str)
    except (NoAnswer, Interrupted):
        raise
    except CommandError:
        return ""
    except APIFailure as failed:
        if failed.code != UNKNOWN_METHOD:
            raise
        return ""
    return task


def ended(call: Call, task: str, interrupts: "Interrupts") -> dict[str, Any]:
    """Wait until a task has ended; its record."""
    began, token, is_stopping = monotonic(), "", False
    record: dict[str, Any] = {"status": "pending", "progress": 0.0}
    try:
        while record["status"] not in ENDED:
            if interrupts.is_there and not is_stopping:
                is_stopping = True
                stop(call, task)
            answer = call.session.ask("event.from", [f"task/{task}"], token, ROUND, shape=EVENTS)
            token = answer["token"]
            record = next((newest(call, one) for one in answer["events"] if one["ref"] == task), record)
            draw(call, record["progress"], monotonic() - began)
    finally:
        if call.streams.terminal is not None:
            call.streams.remark(ERASED)
    return record


def newest(call: Call, event: dict[str, Any]) -> dict[str, Any]:
    """The task's record in an event; a task that is gone tells nothing."""
    if event["operation"] == "del":
        raise NoAnswer("Somebody has destroyed the task.")
    record: dict[str, Any] = call.session.checked(event.get("snapshot"), TASK, "event.from")
    return record


def stop(call: Call, task: str) -> None:
    """Ask for a task to be stopped and undone, and say so."""
    name = call.command.name
    call.streams.remark(
        f"{ERASED}Interrupted: waiting for {name} to stop and to be undone.  Another ^C does not wait.\n"
    )
    try:
        call.session.ask("task.cancel", task, shape=object)
    except APIFailure as failed:
        call.streams.remark(f"It cannot be stopped ({failed.code}).\n")


def draw(call: Call, progress: float, seconds: float) -> None:
    """Show how far it is, if it takes so long that somebody wonders."""
    if seconds >= SECONDS_BEFORE_IT_SHOWS and call.streams.terminal is not None:
        call.streams.remark(ERASED + drawn(call.command.name, progress, seconds, call.streams.terminal))


def drawn(name: str, progress: float, seconds: float, screen: Screen) -> str:
    """The name, a bar, how much is done, and for how long it has gone on."""
    figures = f"{progress:4.0%}  {seconds:.0f} s"
    width = min(WIDEST_BAR, screen.width - len(name) - len(figures) - 5)
    done = round(width * min(1.0, progress))
    full, empty = ("━", "─") if screen.has_boxes else ("#", "-")
    return f"{name}  {full * done}{empty * (width - done)}  {figures}"


def result(call: Call, task: str, record: dict[str, Any], interrupts: "Interrupts") -> Any:
    """What a task that has ended gave back; it is not needed any more."""
    name = call.command.name
    forget(call, task)
    if record["status"] == "cancelled" and interrupts.is_there:
        raise Interrupted(f"Interrupted.  {name} was stopped, and what it had done was undone.")
    if record["status"] != "success":
        code, *parameters = record["error_info"] or ["INTERNAL_ERROR", "The task says nothing of its error."]
        raise APIFailure(code, tuple(parameters))
    if interrupts.is_there:
        call.streams.remark(f"It was too late: {name} is done.\n")
    for note in filter(None, str(record["other_config"].get("note", "")).splitlines()):
        call.streams.remark(f"Note: {note}\n")
    return value_in(record["result"])


def forget(call: Call, task: str) -> None:
    # If it cannot be, the daemon will one day by itself; how the change has ended matters more.
    with suppress(APIFailure, CommandError):
        call.session.ask("task.destroy", task, shape=object)


def value_in(text: str) -> Any:
    """The value in a task's result: a text, or a list of them."""
    values = [unescaped(found) for found in STRING.findall(text)]
    return values if "<array>" in text else "".join(values[:1])


def unescaped(text: str) -> str:
    """A text without XML's entities."""
    for entity, letter in ENTITIES.items():
        text = text.replace(entity, letter)
    return text


class Interrupts:
    """While it is entered, the first ^C is only noted; the next one interrupts."""

    def __init__(self) -> None:
        self.is_there = False
        self._before: Any = None

    def __enter__(self) -> "Interrupts":
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            self._before = signal.signal(signal.SIGINT, self._heard)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _heard(self, *signal: object) -> None:
        if self.is_there:
            raise KeyboardInterrupt
        self.is_there = True

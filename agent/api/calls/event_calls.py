"""The messages of XenAPI's class event: `from`, and register, unregister and next, the events of old."""

import asyncio
from collections.abc import Sequence
from functools import partial
from math import isnan

from agent.api.calls.call import Call
from agent.api.calls.refresh import OBSERVED, current_journal
from agent.api.encodings.values import Value, shortened
from agent.api.events.journal import Entry, Grave, Journal, Since
from agent.api.events.subscription import Subscription, subscription
from agent.api.events.token import token_of
from agent.errors import EventsLost, HandleInvalid, InvalidValue


async def events_from(call: Call, classes: Sequence[str], token: str, timeout: float) -> Value:  # noqa: ASYNC109
    """What has happened since the token was given, as soon as there is something (XenAPI, event.from).

    timeout: seconds until the answer is that nothing has happened; what is not above 0 does not wait.
    Raises EVENT_FROM_TOKEN_PARSE_FAILURE, EVENT_SUBSCRIPTION_PARSE_FAILURE, SESSION_INVALID.
    """
    if isnan(timeout):
        raise InvalidValue("timeout", "it is not a number")
    journal = current_journal(call.agent)
    heard, wanted = journal.heard(token), subscription(classes)
    deadline = asyncio.get_running_loop().time() + timeout
    while True:
        found = current_journal(call.agent).since(heard, wanted)
        left = deadline - asyncio.get_running_loop().time()
        if any(found) or left <= 0 or call.client.gone.is_set():
            return batch(journal, found)
        heard = journal.generation
        await wait(call, wanted, left)


async def register(call: Call, classes: Sequence[str]) -> Value:
    """From now on have events of these classes kept for event.next (XenAPI, event.register)."""
    journal = current_journal(call.agent)
    uid, wanted = call.client.caller.uid, subscription(classes)
    call.agent.events.registrations.add(call.session, wanted, journal.generation, uid)
    call.agent.events.waiting.wake(call.session)
    return ""


async def unregister(call: Call, classes: Sequence[str]) -> Value:
    """Have events of these classes kept no longer (XenAPI, event.unregister)."""
    call.agent.events.registrations.remove(call.session, subscription(classes))
    call.agent.events.waiting.wake(call.session)
    return ""


async def next_events(call: Call) -> Value:
    """What has happened since the last time, as soon as there is something (XenAPI, event.next).

    Raises SESSION_NOT_REGISTERED, EVENTS_LOST, SESSION_INVALID.
    """
    while True:
        registration = call.agent.events.registrations.of(call.session)
        journal = current_journal(call.agent)
        heard, registration.heard = registration.heard, journal.generation
        if not journal.remembers(heard):
            raise EventsLost()
        found = journal.since(heard, registration.wanted)
        if any(found) or call.client.gone.is_set():
            return events_of(found)
        await wait(call, registration.wanted, None)


async def get_current_id(call: Call) -> Value:
    """The number that the next event will have (XenAPI, event.get_current_id)."""
    return current_journal(call.agent).generation + 1


async def inject(call: Call, **given: str) -> Value:
    """Have an object seem to change; a token older than all those that tell of it (XenAPI, event.inject)."""
    name, ref = given["class"], given["ref"]  # `class` is a word of Python's
    journal = current_journal(call.agent)
    kind = next((kind for kind in OBSERVED if kind.class_name.lower() == name.lower()), None)
    if kind is None:
        raise HandleInvalid(shortened(name), shortened(ref))
    before = token_of(journal.start, journal.generation)
    journal.touch(kind, ref)
    call.agent.engine.notifier.notify()
    return before


async def wait(call: Call, wanted: Subscription, seconds: float | None) -> None:
    """Wait for something; raises SESSION_INVALID when that ends the wait."""
    agent = call.agent
    await agent.events.waiting.wait(
        partial(current_journal, agent), call.session, wanted, call.client.gone, seconds
    )
    agent.sessions.check(call.session, call.client.caller)


def batch(journal: Journal, found: Since) -> Value:
    """The answer of event.from."""
    return {"events": events_of(found), "valid_ref_counts": journal.counts(), "token": journal.token()}


def events_of(found: Since) -> list[Value]:
    """First what came, then what changed, then what went."""
    return [
        *(event(entry, "add") for entry in found.came),
        *(event(entry, "mod") for entry in found.changed),
        *(event(grave, "del") for grave in found.went),
    ]


def event(one: Entry | Grave, operation: str) -> Value:
    """One event; its id is text and its timestamp has no meaning, as in XenAPI."""
    generation = one.went if isinstance(one, Grave) else one.changed
    found: dict[str, Value] = {
        "id": str(generation),
        "timestamp": "0.0",
        "class": one.kind.class_name.lower(),
        "operation": operation,
        "ref": one.ref,
    }
    return found if isinstance(one, Grave) else {**found, "snapshot": one.snapshot}

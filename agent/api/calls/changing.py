"""The calls that change something: a rule, carried out by the engine, or as a dry run only described."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from agent.api.audit.audit import Entry
from agent.api.calls.call import Call
from agent.api.calls.refresh import caught_up
from agent.api.calls.routing import carrier, heard, there, wide
from agent.api.encodings.values import Value
from agent.api.engine import DryRun
from agent.api.events.affected import affected
from agent.api.records.computed import View
from agent.api.records.record import computed_fields, on_wire, record_of
from agent.api.tasks.tasks import Owner
from agent.engine.decisions import Decide
from agent.engine.off_loop import off_loop
from agent.engine.progress import UNWATCHED, Progress
from agent.model.draft import Plan, changes
from agent.model.facts import Facts
from agent.model.model import Model
from agent.model.records import Record

Rule = Callable[..., Plan]


async def change(rule: Rule, call: Call, /, **arguments: Any) -> Value:
    """Carry the rule's plan out; the new object's reference, or "" as XenAPI's void.  Raises Failure."""
    return await carried_out(rule, call, arguments, UNWATCHED)


async def change_later(rule: Rule, call: Call, /, **arguments: Any) -> Value:
    """Begin to carry the rule's plan out; the task that does it (XenAPI, Async)."""
    entry = entry_of(call, arguments)  # of the session as it is now: it may be over when the task begins

    async def work(progress: Progress) -> Value:
        of_task = replace(entry, task=str(task))
        return await call.agent.audit.around(of_task, partial(carried_out, rule, call, arguments, progress))

    owner = Owner(call.client.caller.uid, call.session)
    task = call.agent.tasks.start(call.method, work, owner)
    return str(task)


async def change_task(rule: Rule, call: Call, /, **arguments: Any) -> Value:
    """Set a field of a task, which the engine knows nothing of.  Raises Failure."""
    call.agent.tasks.change(rule, **arguments)
    return ""


async def carried_out(rule: Rule, call: Call, arguments: dict[str, Any], progress: Progress) -> Value:
    """Have the engine carry the rule's plan out; or another host's, whose objects the call is about."""
    if (widely := wide(call)) is not None:
        return await widely(call, progress, **arguments)
    host = carrier(call.agent.engine.model, arguments.values())
    if host is not None:
        return await there(call, host, arguments)
    result = await call.agent.engine.change(decision(rule, arguments), progress)
    await caught_up(call.agent)
    return "" if result is None else on_wire(result)


def entry_of(call: Call, arguments: Mapping[str, object]) -> Entry:
    """The call as the audit log knows it."""
    caller = call.client.caller
    return Entry(caller, call.agent.sessions.check(call.session, caller), call.method, arguments)


async def dry_run(rule: Rule, call: Call, /, **arguments: Any) -> Value:
    """What `change` would do, with nothing done: see `described`."""
    engine = call.agent.engine
    if (widely := wide(call)) is not None:
        return await widely(call, UNWATCHED, **arguments)
    host = carrier(engine.model, arguments.values())
    if host is not None:
        return await there(call, host, arguments)
    outcome = await engine.dry_run(decision(rule, arguments))
    lacking = engine.condition.deviations
    links = engine.links_up, engine.ports_up
    before = View(outcome.plan.before, links[0], engine.failures, heard(call.agent), lacking, links[1])
    after = replace(before, model=outcome.plan.after)
    return await off_loop(after.model, described, outcome, before, after)


def decision(rule: Rule, arguments: dict[str, Any]) -> Decide:
    """The rule with its arguments; it is given the facts where its signature asks for them."""
    wants_facts = "facts" in inspect.signature(rule).parameters

    def decide(model: Model, facts: Facts) -> Plan:
        return rule(model, **arguments, facts=facts) if wants_facts else rule(model, **arguments)

    return decide


def described(outcome: DryRun, before: View, after: View) -> Value:
    """A dry run as it is sent.  A record also counts as changed when a field computed from others differs.

    unplug, plug: the VIFs that their VMs are asked to give up first, and to take in the end.
    """
    plan = outcome.plan
    made_or_gone = changes(plan)
    return {
        "result": "" if plan.result is None else on_wire(plan.result),
        "added": [whole(after, record) for record in made_or_gone.added],
        "changed": [difference(before, after, ref) for ref in differing(before, after)],
        "removed": [whole(before, record) for record in made_or_gone.removed],
        "unplug": list(plan.unplug),
        "plug": list(plan.plug),
        "steps": list(outcome.steps),
        "notes": list(plan.notes),
    }


def whole(view: View, record: Record) -> Value:
    """An object with all its fields."""
    return {"class": record.class_name, "ref": record.ref, "record": record_of(view, record)}


def differing(before: View, after: View) -> Iterator[str]:
    """The objects that stay, and look different afterwards; whole records are not made to find out."""
    for ref in after.model.table.in_order(affected(before, after)):
        old, new = before.model.records.get(ref), after.model.records[ref]
        if old is None:
            continue
        if old != new or computed_fields(before, old) != computed_fields(after, new):
            yield ref


def difference(before: View, after: View, ref: str) -> Value:
    """The fields of one object that differ, as they are and as they will be."""
    old, new = (record_of(view, view.model.records[ref]) for view in (before, after))
    names = [name for name in new if old[name] != new[name]]
    was, will_be = ({name: record[name] for name in names} for record in (old, new))
    return {"class": after.model.records[ref].class_name, "ref": ref, "before": was, "after": will_be}

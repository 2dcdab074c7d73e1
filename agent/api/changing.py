"""The calls that change something: a rule, carried out by the engine, or as a dry run only described."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from agent.api.codec import JSON
from agent.api.computed import View, computed_fields
from agent.api.engine import Agent, DryRun
from agent.api.records import on_wire, record_of
from agent.draft import Plan, changes
from agent.engine import Decide
from agent.facts import Facts
from agent.model import Model
from agent.record import Record

Rule = Callable[..., Plan]


async def change(rule: Rule, agent: Agent, /, **arguments: Any) -> JSON:
    """Carry the rule's plan out; the new object's reference, or "" as XenAPI's void.  Raises Failure."""
    result = await agent.engine.change(decision(rule, arguments))
    return "" if result is None else on_wire(result)


async def dry_run(rule: Rule, agent: Agent, /, **arguments: Any) -> JSON:
    """What `change` would do, with nothing done: see `described`."""
    outcome = await agent.engine.dry_run(decision(rule, arguments))
    before = View(outcome.plan.before, await agent.engine.links_up(), agent.engine.failures)
    return described(outcome, before, replace(before, model=outcome.plan.after))


def decision(rule: Rule, arguments: dict[str, Any]) -> Decide:
    """The rule with its arguments; it is given the facts where its signature asks for them."""
    wants_facts = "facts" in inspect.signature(rule).parameters

    def decide(model: Model, facts: Facts) -> Plan:
        return rule(model, **arguments, facts=facts) if wants_facts else rule(model, **arguments)

    return decide


def described(outcome: DryRun, before: View, after: View) -> JSON:
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
    }


def whole(view: View, record: Record) -> JSON:
    """An object with all its fields."""
    return {"class": record.class_name, "ref": record.ref, "record": record_of(view, record)}


def differing(before: View, after: View) -> Iterator[str]:
    """The objects that stay, and look different afterwards; whole records are not made to find out."""
    for ref, new in after.model.records.items():
        old = before.model.records.get(ref)
        if old is None:
            continue
        if old != new or computed_fields(before, old) != computed_fields(after, new):
            yield ref


def difference(before: View, after: View, ref: str) -> JSON:
    """The fields of one object that differ, as they are and as they will be."""
    old, new = (record_of(view, view.model.records[ref]) for view in (before, after))
    names = [name for name in new if old[name] != new[name]]
    was, will_be = ({name: record[name] for name in names} for record in (old, new))
    return {"class": after.model.records[ref].class_name, "ref": ref, "before": was, "after": will_be}

"""The calls that change something: a rule, carried out by the engine, or as a dry run only described."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from agent.api.codec import JSON
from agent.api.engine import Agent, DryRun
from agent.api.records import computed_fields, record_of
from agent.draft import Plan, changes
from agent.engine import Decide
from agent.facts import Facts
from agent.model import Model, Record

Rule = Callable[..., Plan]


async def change(rule: Rule, agent: Agent, /, **arguments: Any) -> JSON:
    """Carry the rule's plan out; the new object's reference, or "" as XenAPI's void.  Raises Failure."""
    return await agent.engine.change(decision(rule, arguments)) or ""


async def dry_run(rule: Rule, agent: Agent, /, **arguments: Any) -> JSON:
    """What `change` would do, with nothing done: result, records added, changed and removed, and steps."""
    outcome = await agent.engine.dry_run(decision(rule, arguments))
    return described(outcome, await agent.engine.links_up())


def decision(rule: Rule, arguments: dict[str, Any]) -> Decide:
    """The rule with its arguments; it is given the facts where its signature asks for them."""
    wants_facts = "facts" in inspect.signature(rule).parameters

    def decide(model: Model, facts: Facts) -> Plan:
        return rule(model, **arguments, facts=facts) if wants_facts else rule(model, **arguments)

    return decide


def described(outcome: DryRun, links_up: frozenset[str]) -> JSON:
    """A dry run as it is sent.  A record also counts as changed when a field computed from others differs."""
    plan = outcome.plan
    made_or_gone = changes(plan)
    return {
        "result": plan.result or "",
        "added": [whole(plan.after, record, links_up) for record in made_or_gone.added],
        "changed": [difference(plan, ref, links_up) for ref in differing(plan, links_up)],
        "removed": [whole(plan.before, record, links_up) for record in made_or_gone.removed],
        "steps": list(outcome.steps),
    }


def whole(model: Model, record: Record, links_up: frozenset[str]) -> JSON:
    """An object with all its fields."""
    return {"class": record.class_name, "ref": record.ref, "record": record_of(model, record, links_up)}


def differing(plan: Plan, links_up: frozenset[str]) -> Iterator[str]:
    """The objects that stay, and look different afterwards; whole records are not made to find out."""
    for ref, new in plan.after.records.items():
        old = plan.before.records.get(ref)
        if old is None:
            continue
        computed = computed_fields(plan.before, old, links_up), computed_fields(plan.after, new, links_up)
        if old != new or computed[0] != computed[1]:
            yield ref


def difference(plan: Plan, ref: str, links_up: frozenset[str]) -> JSON:
    """The fields of one object that differ, as they are and as they will be."""
    kind = plan.after.records[ref].class_name
    old, new = (record_of(model, model.records[ref], links_up) for model in (plan.before, plan.after))
    names = [name for name in new if old[name] != new[name]]
    before, after = ({name: record[name] for name in names} for record in (old, new))
    return {"class": kind, "ref": ref, "before": before, "after": after}

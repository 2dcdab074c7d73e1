"""The mode of a bond that nobody names: XenAPI's balance-slb, or what the host can do."""

from dataclasses import replace

import pytest

from agent.errors import InvalidValue
from agent.model.facts import NO_FACTS, Bonding, Facts
from agent.model.records import BondMode
from agent.rules import bond
from tests.worlds.world import bond_of, host, nic, pif_of, taken_over, with_new_network

MODEL, HOME = with_new_network(taken_over(host(nic(0), nic(1), nic(2))))
MEMBERS = [pif_of(MODEL, device).ref for device in ("eth1", "eth2")]
WITHOUT_SLB = replace(NO_FACTS, bonding=Bonding({"mode=balance-slb": "this kernel has no nf_tables"}))


def created(mode: str | None, facts: Facts = NO_FACTS) -> tuple[BondMode, tuple[str, ...]]:
    plan = bond.create(MODEL, HOME, MEMBERS, "", mode, facts=facts)
    return bond_of(plan.after).mode, plan.notes


@pytest.mark.parametrize("omitted", [None, ""])
def test_it_is_balance_slb(omitted: str | None) -> None:
    assert created(omitted) == (BondMode.BALANCE_SLB, ())


def test_it_is_what_the_daemon_is_told() -> None:
    facts = replace(NO_FACTS, bonding=Bonding(default_mode=BondMode.LACP))
    assert created(None, facts) == (BondMode.LACP, ())


def test_where_the_host_cannot_do_it_it_is_active_backup_and_the_plan_says_why() -> None:
    why = "the bond's mode is active-backup, not balance-slb: this kernel has no nf_tables"
    assert created(None, WITHOUT_SLB) == (BondMode.ACTIVE_BACKUP, (why,))


def test_one_that_is_asked_for_is_refused_with_what_is_missing() -> None:
    with pytest.raises(InvalidValue) as refused:
        created("balance-slb", WITHOUT_SLB)
    assert refused.value.parameters == ("mode", "balance-slb: this kernel has no nf_tables")

"""The rules of balance-slb as messages, read by pyroute2's classes; and what counts as the same rules."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from pyroute2.netlink.nfnetlink.nftsocket import nft_chain_msg, nft_rule_msg, nft_set_msg, nft_table_msg

from agent.kernel.bond_filter import BondFilter, filter_for, in_order
from agent.netlink.messages.message import HEADER, U32
from agent.netlink.nft import nf_tables
from agent.netlink.nft.bond_rules import bonds_in, filter_in, table_of

INDICES = {"eth0": 2, "eth1": 3, "eth2": 4}
RULES = BondFilter(("eth0", "eth1"), primary="eth0")
TABLE = table_of("bond0", RULES, INDICES.__getitem__)
CLASSES = {
    nf_tables.NEW_TABLE: nft_table_msg,
    nf_tables.NEW_SET: nft_set_msg,
    nf_tables.NEW_CHAIN: nft_chain_msg,
    nf_tables.NEW_RULE: nft_rule_msg,
}


def kind(message: bytes) -> int:
    return int(HEADER.unpack_from(message)[1]) & 0xFF


def read(message: bytes) -> Any:
    """A message as pyroute2 reads it."""
    found = CLASSES[kind(message)](message)
    found.decode()
    return found


def of_kind(messages: Sequence[bytes], wanted: int) -> list[Any]:
    return [read(message) for message in messages if kind(message) == wanted]


def listed(messages: Sequence[bytes]) -> dict[str, nf_tables.Listed]:
    """What the kernel would list after these."""
    kinds = (nf_tables.NEW_TABLE, nf_tables.NEW_SET, nf_tables.NEW_CHAIN, nf_tables.NEW_RULE)
    return nf_tables.listed_tables(*([m for m in messages if kind(m) == one] for one in kinds))


def words(rule: Any) -> str:
    """A rule in short: the names of its expressions, with what decides."""
    said = []
    for expression in rule.get_attr("NFTA_RULE_EXPRESSIONS"):
        name, data = expression.get_attr("NFTA_EXPR_NAME"), expression.get_attr("NFTA_EXPR_DATA")
        of_set = data.get_attr("NFTA_DYNSET_SET_NAME") or data.get_attr("NFTA_LOOKUP_SET")
        immediate = data.get_attr("NFTA_IMMEDIATE_DATA")
        verdict = immediate and immediate.get_attr("NFTA_DATA_VERDICT")
        code = verdict.get_attr("NFTA_VERDICT_CODE") if verdict else ""
        said.append(" ".join(filter(None, (name, of_set, code and str(code)))))
    return ", ".join(said)


def test_the_messages_are_what_pyroute2_understands() -> None:
    messages = nf_tables.creation(TABLE)
    assert [one.get_attr("NFTA_TABLE_NAME") for one in of_kind(messages, nf_tables.NEW_TABLE)] == [
        "pifd-bond0",
        "pifd-bond0",
    ]
    assert [
        (one.get_attr("NFTA_SET_NAME"), one.get_attr("NFTA_SET_KEY_LEN"))
        for one in of_kind(messages, nf_tables.NEW_SET)
    ] == [("tagged", 12), ("untagged", 6)]
    hooks = [
        (one.get_attr("NFTA_CHAIN_NAME"), one.get_attr("NFTA_CHAIN_HOOK"))
        for one in of_kind(messages, nf_tables.NEW_CHAIN)
    ]
    assert [
        (name, hook.get_attr("NFTA_HOOK_HOOKNUM"), hook.get_attr("NFTA_HOOK_DEV")) for name, hook in hooks
    ] == [("out", 1, "bond0"), ("in", 0, "bond0"), ("in-eth1", 0, "eth1"), ("out-eth1", 1, "eth1")]
    drop, accept = "immediate NF_DROP", "immediate NF_ACCEPT"
    tagged, key = "payload, cmp", "payload, payload, bitwise"
    rules = of_kind([one for one in messages if b"fwd\0" not in one], nf_tables.NEW_RULE)
    assert [(one.get_attr("NFTA_RULE_CHAIN"), words(one)) for one in rules] == [
        ("out", f"{tagged}, {key}, dynset tagged, {accept}"),
        ("out", "payload, dynset untagged"),
        ("in", f"{tagged}, {key}, lookup tagged, {drop}"),
        ("in", f"{tagged}, {accept}"),
        ("in", f"payload, lookup untagged, {drop}"),
        ("in-eth1", f"payload, cmp, {accept}"),
        ("in-eth1", f"meta, cmp, {drop}"),
        ("in-eth1", f"meta, cmp, {drop}"),
    ]
    reports = listed(messages)["pifd-bond0"].chains["out-eth1"][1]  # pyroute2's class for fwd does not work
    assert [[name for name, _ in rule.expressions] for rule in reports] == [
        ["meta", "cmp", "immediate", "fwd"],
        *[["meta", "cmp", "payload", "cmp", "immediate", "fwd"]] * 3,
    ]


@pytest.mark.parametrize(
    "rules",
    [
        RULES,
        BondFilter(("eth0", "eth1", "eth2"), primary="eth2"),
        BondFilter(("eth1",), primary="eth1"),
        BondFilter(),
    ],
)
def test_rules_that_are_listed_as_they_were_sent_are_whole(rules: BondFilter) -> None:
    messages = nf_tables.creation(table_of("bond0", rules, INDICES.__getitem__))
    found = filter_in("bond0", bonds_in(listed(messages))["bond0"], lambda name: INDICES.get(name, 0))
    assert (found, found.primary) == (rules, rules.primary)


def test_rules_of_which_one_is_missing_or_otherwise_or_one_too_many_are_not_whole() -> None:
    messages = nf_tables.creation(TABLE)
    rules = [message for message in messages if kind(message) == nf_tables.NEW_RULE]
    for number in range(len(rules)):
        others = [message for message in messages if message is not rules[number]]
        assert not seen(others).whole
        assert not seen([*messages, rules[number]]).whole
    assert not seen(messages, {**INDICES, "eth0": 9}).whole  # another device has the name now
    for table_without in (nf_tables.NEW_CHAIN, nf_tables.NEW_SET):
        first = next(message for message in messages if kind(message) == table_without)
        assert not seen([message for message in messages if message is not first]).whole


def seen(messages: Sequence[bytes], indices: dict[str, int] = INDICES) -> BondFilter:
    return filter_in("bond0", listed(messages)["pifd-bond0"], lambda name: indices.get(name, 0))


def test_an_attribute_that_a_later_kernel_adds_is_no_difference() -> None:
    table = listed(nf_tables.creation(TABLE))["pifd-bond0"]
    for _, rules in table.chains.values():
        rules[:] = [
            replace(
                rule, expressions=tuple((n, (*parts, (77, U32.pack(1)))) for n, parts in rule.expressions)
            )
            for rule in rules
        ]
    assert nf_tables.is_as_sent(TABLE, table)


def test_an_update_keeps_what_is_in_the_sets_and_the_chains_that_stay() -> None:
    before = listed(nf_tables.creation(TABLE))["pifd-bond0"]
    after = table_of("bond0", BondFilter(("eth0", "eth1"), primary="eth1"), INDICES.__getitem__)
    kinds = [kind(message) for message in nf_tables.update(after, before)]
    deleted, made = nf_tables.DEL_CHAIN, nf_tables.NEW_CHAIN
    assert kinds[:5] == [nf_tables.DEL_RULE, deleted, deleted, made, made]
    assert set(kinds[5:]) == {nf_tables.NEW_RULE}


def test_a_table_without_pifds_comment_is_somebody_elses() -> None:
    assert bonds_in(listed(nf_tables.creation(replace(TABLE, comment="")))) == {}


def test_the_primary_port_stays_while_it_has_carrier() -> None:
    found = BondFilter(("eth0", "eth1"), primary="eth1")
    assert filter_for(in_order(found, found.ports), {"eth0", "eth1"}).primary == "eth1"
    assert filter_for(in_order(found, found.ports), {"eth0"}).primary == "eth0"
    assert filter_for(in_order(found, found.ports), ()).primary == "eth1"
    assert filter_for((), ()) == BondFilter()

"""The setters of XenAPI's fields that have one value here."""

from collections.abc import Callable
from typing import Any

import pytest

from agent.errors import HandleInvalid, InvalidValue
from agent.model.draft import Plan
from agent.model.records import VIF
from agent.rules import constant_fields as rules
from tests.worlds.uppers import UNKNOWN, only, refused, with_VIF, with_vm
from tests.worlds.world import host, network_of, taken_over

MODEL, OWNER = with_vm(taken_over(host()))
HOME = network_of(MODEL, "xenbr1").ref
MODEL = with_VIF(MODEL, OWNER, HOME)
PORT = only(MODEL, VIF).ref

Rule = Callable[..., Plan]
LOCKED = "disabled: frames of VMs are not filtered"
NO_LOCKING, NO_NBD = "frames of VMs are not filtered", "network block devices are not known here"


@pytest.mark.parametrize(
    ("rule", "ref", "value"),
    [
        (rules.set_default_locking_mode, HOME, "unlocked"),
        (rules.set_purpose, HOME, ()),
        (rules.remove_purpose, HOME, "nbd"),
        (rules.set_locking_mode, PORT, "network_default"),
        (rules.set_ipv4_allowed, PORT, ()),
        (rules.set_ipv6_allowed, PORT, ()),
        (rules.remove_allowed, PORT, "192.0.2.1"),
    ],
)
def test_the_value_that_is_there_changes_nothing(rule: Rule, ref: str, value: Any) -> None:
    assert rule(MODEL, ref, value).after == MODEL


@pytest.mark.parametrize(
    ("rule", "ref", "value", "parameters"),
    [
        (
            rules.set_default_locking_mode,
            HOME,
            "disabled",
            ("default_locking_mode", LOCKED),
        ),
        (rules.set_default_locking_mode, HOME, "locked", ("default_locking_mode", "locked")),
        (rules.add_purpose, HOME, "nbd", ("purpose", f"nbd: {NO_NBD}")),
        (rules.add_purpose, HOME, "tea", ("purpose", "tea")),
        (rules.set_purpose, HOME, ("insecure_nbd",), ("purpose", f"insecure_nbd: {NO_NBD}")),
        (rules.remove_purpose, HOME, "tea", ("purpose", "tea")),
        (rules.set_locking_mode, PORT, "locked", ("locking_mode", f"locked: {NO_LOCKING}")),
        (rules.set_locking_mode, PORT, "shut", ("locking_mode", "shut")),
        (rules.set_ipv4_allowed, PORT, ("192.0.2.1",), ("ipv4_allowed", f"192.0.2.1: {NO_LOCKING}")),
        (rules.add_ipv4_allowed, PORT, "192.0.2.0/24", ("ipv4_allowed", f"192.0.2.0/24: {NO_LOCKING}")),
        (rules.set_ipv6_allowed, PORT, ("2001:db8::1",), ("ipv6_allowed", f"2001:db8::1: {NO_LOCKING}")),
        (rules.add_ipv6_allowed, PORT, "2001:db8::1", ("ipv6_allowed", f"2001:db8::1: {NO_LOCKING}")),
    ],
)
def test_any_other_value_is_refused(rule: Rule, ref: str, value: Any, parameters: tuple[str, str]) -> None:
    assert refused(rule, MODEL, ref, value) == (InvalidValue, parameters)


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (rules.set_default_locking_mode, "network"),
        (rules.add_purpose, "network"),
        (rules.remove_purpose, "network"),
        (rules.set_locking_mode, "VIF"),
        (rules.set_ipv4_allowed, "VIF"),
        (rules.set_ipv6_allowed, "VIF"),
        (rules.remove_allowed, "VIF"),
    ],
)
def test_the_object_is_looked_for_first(rule: Rule, kind: str) -> None:
    assert refused(rule, MODEL, UNKNOWN, ["junk"]) == (HandleInvalid, (kind, UNKNOWN))

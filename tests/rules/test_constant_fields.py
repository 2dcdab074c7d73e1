"""The setters of XenAPI's fields that have one value here."""

from collections.abc import Callable
from typing import Any

import pytest

from agent.errors import HandleInvalid, InvalidValue
from agent.model.draft import Plan
from agent.model.records import VIF
from agent.rules.constant_fields import rules
from tests.worlds.uppers import UNKNOWN, only, refused, with_VIF, with_vm
from tests.worlds.world import host, network_of, taken_over

MODEL, OWNER = with_vm(taken_over(host()))
HOME = network_of(MODEL, "xenbr1").ref
MODEL = with_VIF(MODEL, OWNER, HOME)
PORT = only(MODEL, VIF).ref

RULES = rules()
Rule = Callable[..., Plan]
LOCKED = "disabled: frames of VMs are not filtered"
UNTAGGED, NO_QOS = "a VIF carries untagged frames, its network's", "VIFs have no limits of bandwidth"
NO_LOCKING, NO_NBD = "frames of VMs are not filtered", "network block devices are not known here"


@pytest.mark.parametrize(
    ("rule", "ref", "value"),
    [
        (RULES["network.set_default_locking_mode"], HOME, "unlocked"),
        (RULES["network.set_purpose"], HOME, ()),
        (RULES["network.remove_purpose"], HOME, "nbd"),
        (RULES["VIF.set_locking_mode"], PORT, "network_default"),
        (RULES["VIF.set_ipv4_allowed"], PORT, ()),
        (RULES["VIF.set_ipv6_allowed"], PORT, ()),
        (RULES["VIF.remove_ipv4_allowed"], PORT, "192.0.2.1"),
        (RULES["VIF.set_trunks"], PORT, ()),
        (RULES["VIF.set_trunks"], PORT, []),
        (RULES["VIF.set_qos_algorithm_type"], PORT, ""),
        (RULES["VIF.set_qos_algorithm_params"], PORT, {}),
        (RULES["VIF.remove_from_qos_algorithm_params"], PORT, "kbps"),
    ],
)
def test_the_value_that_is_there_changes_nothing(rule: Rule, ref: str, value: Any) -> None:
    assert rule(MODEL, ref, value).after == MODEL


@pytest.mark.parametrize(
    ("rule", "ref", "value", "parameters"),
    [
        (
            RULES["network.set_default_locking_mode"],
            HOME,
            "disabled",
            ("default_locking_mode", LOCKED),
        ),
        (RULES["network.set_default_locking_mode"], HOME, "locked", ("default_locking_mode", "locked")),
        (RULES["network.add_purpose"], HOME, "nbd", ("purpose", f"nbd: {NO_NBD}")),
        (RULES["network.add_purpose"], HOME, "tea", ("purpose", "tea")),
        (RULES["network.set_purpose"], HOME, ("insecure_nbd",), ("purpose", f"insecure_nbd: {NO_NBD}")),
        (RULES["network.remove_purpose"], HOME, "tea", ("purpose", "tea")),
        (RULES["VIF.set_locking_mode"], PORT, "locked", ("locking_mode", f"locked: {NO_LOCKING}")),
        (RULES["VIF.set_locking_mode"], PORT, "shut", ("locking_mode", "shut")),
        (RULES["VIF.set_ipv4_allowed"], PORT, ("192.0.2.1",), ("ipv4_allowed", f"192.0.2.1: {NO_LOCKING}")),
        (
            RULES["VIF.add_ipv4_allowed"],
            PORT,
            "192.0.2.0/24",
            ("ipv4_allowed", f"192.0.2.0/24: {NO_LOCKING}"),
        ),
        (
            RULES["VIF.set_ipv6_allowed"],
            PORT,
            ("2001:db8::1",),
            ("ipv6_allowed", f"2001:db8::1: {NO_LOCKING}"),
        ),
        (RULES["VIF.add_ipv6_allowed"], PORT, "2001:db8::1", ("ipv6_allowed", f"2001:db8::1: {NO_LOCKING}")),
        (RULES["VIF.set_trunks"], PORT, (42,), ("trunks", f"42: {UNTAGGED}")),
        (RULES["VIF.add_trunks"], PORT, 42, ("trunks", f"42: {UNTAGGED}")),
        (RULES["VIF.set_qos_algorithm_type"], PORT, "fast", ("qos_algorithm_type", f"fast: {NO_QOS}")),
        (RULES["VIF.set_qos_algorithm_params"], PORT, {"k": "1"}, ("qos_algorithm_params", f"k: {NO_QOS}")),
    ],
)
def test_any_other_value_is_refused(rule: Rule, ref: str, value: Any, parameters: tuple[str, str]) -> None:
    assert refused(rule, MODEL, ref, value) == (InvalidValue, parameters)


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (RULES["network.set_default_locking_mode"], "network"),
        (RULES["network.add_purpose"], "network"),
        (RULES["network.remove_purpose"], "network"),
        (RULES["VIF.set_locking_mode"], "VIF"),
        (RULES["VIF.set_ipv4_allowed"], "VIF"),
        (RULES["VIF.set_ipv6_allowed"], "VIF"),
        (RULES["VIF.remove_ipv4_allowed"], "VIF"),
    ],
)
def test_the_object_is_looked_for_first(rule: Rule, kind: str) -> None:
    assert refused(rule, MODEL, UNKNOWN, ["junk"]) == (HandleInvalid, (kind, UNKNOWN))

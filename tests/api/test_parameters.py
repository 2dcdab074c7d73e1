"""What a constructor takes, for a class that has fields without a default."""

from typing import Any

import pytest

from agent.api.parameters import constructor
from agent.errors import Failure
from agent.record import Bond
from tests.api.world import NOWHERE


@pytest.mark.parametrize(
    ("record", "error"),
    [
        ({}, "FIELD_TYPE_ERROR[master, is missing]"),
        ({"master": "zz"}, "HANDLE_INVALID[PIF, zz]"),
        ({"master": 5}, "FIELD_TYPE_ERROR[master, expected a reference, got 5]"),
        (
            {"master": NOWHERE, "primary_slave": NOWHERE},
            "FIELD_TYPE_ERROR[primary_slave, is not for a client to give to Bond]",
        ),
        (
            {"master": NOWHERE, "other_config": {"k": None}},
            "FIELD_TYPE_ERROR[other_config, a value: expected a string, got null]",
        ),
    ],
)
def test_a_record_is_checked_field_by_field(record: Any, error: str) -> None:
    with pytest.raises(Failure) as caught:
        constructor(Bond)(record)
    assert str(caught.value) == error


def test_a_record_holds_what_was_given_and_no_more() -> None:
    assert constructor(Bond)({"master": NOWHERE}) == {"master": NOWHERE}

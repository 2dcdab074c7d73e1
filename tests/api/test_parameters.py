"""What a parameter takes; what a constructor takes, for a class that has fields without a default."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agent.api.encodings.values import Value
from agent.api.records.parameters import constructor, typed
from agent.errors import Failure
from agent.model.records import Bond
from tests.api.world import NOWHERE


@pytest.mark.parametrize(
    ("record", "error"),
    [
        ({}, "FIELD_TYPE_ERROR[master, is missing]"),
        ({"master": "zz"}, "HANDLE_INVALID[PIF, zz]"),
        ({"master": 5}, "FIELD_TYPE_ERROR[master, expected a reference, got 5]"),
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
    given: Value = {"master": NOWHERE, "uuid": "x", "slaves": 5, "links_up": None, "colour": "red"}
    assert constructor(Bond)(given) == {"master": NOWHERE}


@pytest.mark.parametrize(
    ("annotation", "given", "value"),
    [
        (int, "-9223372036854775808", -(2**63)),
        (int, 5, 5),
        (str, "5", "5"),
        (float, 5, 5.0),
        (float, 0.5, 0.5),
        (datetime, "20260821T10:00:00Z", datetime(2026, 8, 21, 10, tzinfo=UTC)),
        (datetime, datetime(2026, 8, 21, tzinfo=UTC), datetime(2026, 8, 21, tzinfo=UTC)),
    ],
)
def test_a_value_is_taken_as_either_encoding_has_it(annotation: Any, given: Any, value: Any) -> None:
    found = typed("p", annotation)(given)
    assert (found, type(found)) == (value, annotation)


@pytest.mark.parametrize(
    ("annotation", "given", "text"),
    [
        (int, "9223372036854775808", 'expected an integer, got "9223372036854775808"'),
        (int, "1_000", 'expected an integer, got "1_000"'),
        (int, "", 'expected an integer, got ""'),
        (int, True, "expected an integer, got true"),
        (int, 5.0, "expected an integer, got 5.0"),
        (str, 5, "expected a string, got 5"),
        (bool, "true", 'expected a boolean, got "true"'),
        (float, "0.5", 'expected a number, got "0.5"'),
        (float, True, "expected a number, got true"),
        (datetime, "today", 'expected a date, written 20260821T10:00:00Z, got "today"'),
        (str, datetime(2026, 8, 21, tzinfo=UTC), 'expected a string, got "2026-08-21 00:00:00+00:00"'),
    ],
)
def test_a_value_of_another_type_is_refused(annotation: Any, given: Any, text: str) -> None:
    with pytest.raises(Failure) as caught:
        typed("p", annotation)(given)
    assert str(caught.value) == f"FIELD_TYPE_ERROR[p, {text}]"

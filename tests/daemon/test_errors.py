"""The failures: what they carry back to a caller."""

import pytest

from agent.errors import LONGEST, InvalidValue, PIFUnmanaged


def test_a_failure_takes_one_parameter_for_each_name() -> None:
    assert str(PIFUnmanaged("eth0")) == "PIF_UNMANAGED[eth0]"
    with pytest.raises(TypeError):
        PIFUnmanaged("eth0", "eth1")


def test_a_parameter_that_is_too_long_keeps_its_beginning_and_its_end() -> None:
    long = InvalidValue("mtu", f"{'9' * 10**6}: no MTU that a device can have").parameters[1]
    assert len(long) == LONGEST + 1
    assert long.startswith("999")
    assert long.endswith("9: no MTU that a device can have")

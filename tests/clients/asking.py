"""Asking for what is refused: any parameters for a method, and the error that comes back."""

from collections.abc import Callable
from typing import Any

import pytest
import XenAPI

from agent.api.calls.methods import Method
from tests.clients.refusals import NOWHERE

SOMETHING = {"string": "", "int": 1, "bool": True, "float": 0.0}


def something(type_: str) -> Any:
    """Any value of a type; a reference leads nowhere."""
    if type_.endswith(" set"):
        return []
    return {} if type_.endswith(("map", "record")) else SOMETHING.get(type_, NOWHERE)


def of_one_object(method: Method) -> bool:
    """Whether a method is an object's, which is its first parameter."""
    return bool(method.parameters) and method.parameters[0].type.endswith(" ref")


def details(call: Callable[..., Any], method: str, *params: Any) -> list[str]:
    """What a call, by a voice or by its `bare`, is refused with."""
    with pytest.raises(XenAPI.Failure) as caught:
        call(method, *params)
    return list(caught.value.details)

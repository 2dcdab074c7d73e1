"""Shapes: what an answer has to look like before it is used."""

from typing import Any


def fits(value: Any, shape: Any) -> bool:
    """Whether a value has a shape: a type, `[shape]` for a list, `{key: shape}` for at least these keys."""
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(item, shape[0]) for item in value)
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(key in value and fits(value[key], shape[key]) for key in shape)
    # In Python True is an int, but an MTU is not.
    return isinstance(value, shape) and not (shape is int and isinstance(value, bool))

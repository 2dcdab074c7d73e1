"""Failures: XenAPI's error codes as xe prints them, with the code itself at the end."""

from itertools import zip_longest

from agent.cli.objects import Objects
from agent.cli.refusal import Failed, Refusal
from agent.cli.value import PREFIX


def refusal(failed: Failed, objects: Objects) -> Refusal:
    """What a person reads: the documented sentence, the parameters by name, the code."""
    from agent.errors import by_code

    kind = by_code(failed.code)
    parameters = [resolved(parameter, objects) for parameter in failed.parameters]
    if kind is None:
        return Refusal(f"Error code: {failed.code}", f"Error parameters: {', '.join(parameters)}")
    pairs = zip_longest(kind.names, parameters)
    lines = [f"{name or '<extra>'}: {'<unknown>' if value is None else value}" for name, value in pairs]
    return Refusal(" ".join((kind.__doc__ or failed.code).split()), *lines, f"code: {failed.code}")


def resolved(parameter: str, objects: Objects) -> str:
    """A reference as `uuid (name)`, if its object is there and has one; other texts as they are.

    When asking fails, the first failure is still the one to tell.
    """
    try:
        told = objects.told(parameter) if parameter.startswith(PREFIX) else ""
    except (Failed, Refusal):
        told = ""
    return told or parameter

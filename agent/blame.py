"""Which PIF a failure of the kernel's is about, and the Failure that its caller gets."""

from collections.abc import Sequence

from agent.draft import Plan, changes
from agent.errors import Failure, InternalError, PIFConfigurationError
from agent.kernel.desired import attached, bridge_of
from agent.kernel.steps import Refused, names_in
from agent.model import PIF, Model


def failure(plan: Plan, cause: BaseException) -> Failure:
    """PIF_CONFIGURATION_ERROR with the kernel's words, or what the cause is already."""
    if isinstance(cause, Failure):
        return cause
    named = blamed(plan.before, cause) if isinstance(cause, Refused) else ()
    pif = next(iter([*named, *touched(plan)]), None)
    text = str(cause) or type(cause).__name__
    return PIFConfigurationError(pif.ref, text) if pif else InternalError(text)


def blamed(model: Model, cause: BaseException) -> Sequence[PIF]:
    """The PIFs whose devices the refused step names; where there is no step, all attached but management."""
    if not isinstance(cause, Refused):
        return [pif for pif in attached(model) if not pif.management]
    names = names_in(cause.step)
    return [pif for pif in model.all(PIF) if names & {pif.device, bridge_of(model, pif)}]


def touched(plan: Plan) -> list[PIF]:
    """The PIFs that a plan changes and that are there before it, so that a caller can look at them."""
    changed = [before for before, _ in changes(plan).changed if isinstance(before, PIF)]
    return [*changed, *(pif for pif in changes(plan).removed if isinstance(pif, PIF))]

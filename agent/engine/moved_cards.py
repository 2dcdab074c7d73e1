"""Whether a card may be called otherwise than its PIF says: a look that is cheap, before every call."""

from agent.kernel.state import KernelState
from agent.model.model import Model
from agent.model.records import PIF


def has_moved(model: Model, actual: KernelState) -> bool:
    """Whether a PIF's NIC is not there, is another one, or is known by more than the PIF knows."""
    return any(_is_not(pif, actual) for pif in model.by(PIF, "physical", True))


def _is_not(pif: PIF, actual: KernelState) -> bool:
    link = actual.links.get(pif.device)
    return link is None or (link.permanent_MAC, link.card) != (pif.permanent_MAC, pif.card)

"""foreseen(): the steps of a plan, or the refusal that can be foreseen, before anything is touched.

What a plan brings about anew must be possible.  What is wrong already, and was before, holds nothing up.
"""

from agent.blame import failure, touched
from agent.draft import Plan
from agent.errors import PIFConfigurationError
from agent.interface_reconfigure import plan as plan_steps
from agent.kernel.desired import crowded_out, desired, given_nics, needed_nics, wanted_nameservers
from agent.kernel.state import KernelState
from agent.kernel.steps import Refused, SetResolver, Step
from agent.model import PIF


def foreseen(plan: Plan, actual: KernelState) -> tuple[Step, ...]:
    """The steps; a Failure where they, or what they are to lead to, can't be had."""
    refuse_missing_nics(plan, actual)
    try:
        refuse_rival_routes(plan, actual)
        refuse_unwritable_resolver(plan, actual)
        return plan_steps(actual, desired(plan.after, actual, given_nics(plan.before)))
    except Refused as refused:
        raise failure(plan, refused) from refused


def refuse_missing_nics(plan: Plan, actual: KernelState) -> None:
    """A NIC that the plan needs has to be there."""
    for _, device in sorted(needed_nics(plan.after) - needed_nics(plan.before)):
        if device not in actual.links:
            pif = next(pif for pif in plan.after.all(PIF) if pif.device == device and pif.physical)
            raise PIFConfigurationError(pif.ref, f"{device} is not there")


def refuse_rival_routes(plan: Plan, actual: KernelState) -> None:
    """Of two routes to one destination only one can be had; somebody else's is not pifd's to replace."""
    for route in sorted(crowded_out(plan.after, actual) - crowded_out(plan.before, actual)):
        reason = f"there is a route to {route.destination} already, and it is not this one"
        pif = next(iter(touched(plan)), None)
        raise PIFConfigurationError(pif.ref if pif else "", reason)


def refuse_unwritable_resolver(plan: Plan, actual: KernelState) -> None:
    """Name servers can't be set where another program writes resolv.conf."""
    servers = wanted_nameservers(plan.after)
    if actual.resolver is None and servers and servers != wanted_nameservers(plan.before):
        raise Refused(SetResolver(""), "resolv.conf is a symbolic link: another program writes it")

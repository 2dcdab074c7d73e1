"""What a rule decides, given the model and what the host has."""

from collections.abc import Callable, Sequence

from agent.desired.nics import facts_of
from agent.engine.committed import CommittedModel
from agent.engine.forecast import AtWorkOn
from agent.engine.kernel import Kernel
from agent.engine.off_loop import off_loop
from agent.kernel.state import KernelState
from agent.model.draft import Plan
from agent.model.facts import Bonding, Facts, NotProbed, with_configurers
from agent.model.model import Model
from agent.model.records import PIF, BondMode

Decide = Callable[[Model, Facts], Plan]
"""A rule: what a call changes, given the model and what the host has."""


class Decisions:
    """nics: shell patterns of the NICs' names.  at_work_on: who configures a NIC while the host runs.
    default_mode: of a bond for which nobody names one."""

    def __init__(
        self,
        kernel: Kernel,
        committed: CommittedModel,
        nics: Sequence[str],
        at_work_on: AtWorkOn,
        default_mode: BondMode,
    ) -> None:
        self._kernel, self._committed = kernel, committed
        self._nics, self._at_work_on, self._default_mode = nics, at_work_on, default_mode
        self._bonding: Bonding | None = None

    async def plan(self, decide: Decide, actual: KernelState) -> Plan:
        """What a rule decides; the first that asks what bonding can do has the kernel asked."""
        try:
            return await off_loop(actual, self._plan, decide, actual)
        except NotProbed:
            self._bonding = Bonding(await self._kernel.missing_in_bonding(), self._default_mode)
            return await off_loop(actual, self._plan, decide, actual)

    def _plan(self, decide: Decide, actual: KernelState) -> Plan:
        return decide(self._committed.model, self.facts(self._committed.here, actual))

    def facts(self, known: Model, actual: KernelState) -> Facts:
        """Who else configures a NIC is asked only for those that a call may find."""
        nics = {pif.device for pif in known.by(PIF, "physical", True)}
        return with_configurers(facts_of(actual, self._nics, self._bonding), self._at_work_on, nics)

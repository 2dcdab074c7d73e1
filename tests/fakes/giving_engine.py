"""GivingEngine, the engine of a world, whose kernel is told what each change gives to pifd."""

from collections.abc import Callable
from typing import Any

from agent.engine.decisions import Decide
from agent.engine.engine import Engine
from agent.engine.progress import UNWATCHED, Progress
from agent.model.draft import Plan, Result
from agent.model.facts import Facts
from agent.model.model import Model


class GivingEngine(Engine):
    """give: is told the models before and after a change, once it is decided."""

    def __init__(self, give: Callable[[Model, Model], None], *doors: Any, plug_spares: bool = False) -> None:
        super().__init__(*doors, plug_spares=plug_spares)
        self._give = give

    async def change(self, decide: Decide, progress: Progress = UNWATCHED) -> Result:
        """Carry out what a rule decides, with the devices that it names given."""

        def decide_and_give(model: Model, facts: Facts) -> Plan:
            plan = decide(model, facts)
            self._give(plan.before, plan.after)
            return plan

        return await super().change(decide_and_give, progress)

"""Table: an immutable mapping of which a changed copy costs little."""

from agent.table.table import Table

__all__ = ["Table"]

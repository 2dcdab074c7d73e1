"""Records: the fields of XenAPI's objects (agent.schema), from the model; and what parameters may hold."""

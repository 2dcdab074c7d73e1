"""From the actual kernel state to the wanted one: the ordered steps, decided without I/O."""

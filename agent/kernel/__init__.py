"""The kernel as values: its state, the steps that change it, and what it does with each."""

"""Calls that nobody waits for: how far they are, and how they ended."""

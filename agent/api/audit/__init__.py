"""The audit log: who has changed what, when, and how it ended."""

"""One change at a time: check, ask VMs, bring the kernel there, compare, commit, or undo."""

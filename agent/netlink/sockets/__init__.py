"""The sockets: one that asks and is answered, and one on which the kernel tells of what changes."""

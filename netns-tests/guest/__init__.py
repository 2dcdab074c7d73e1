"""A kernel with bonding for any machine: its own where that will do, otherwise User Mode Linux."""

"""XenAPI's fields on the wire: where each comes from, its type, and who may write it."""

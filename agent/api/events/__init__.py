"""Events: what has changed since a client looked last, and waiting for it (XenAPI, class event)."""

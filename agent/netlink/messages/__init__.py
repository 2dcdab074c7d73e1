"""Netlink's messages about links, addresses and routes: bytes to values, and values to bytes."""

"""A pool of hosts: what they share is in etcd, and each host's network comes up without it."""

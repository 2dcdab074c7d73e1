"""pifd, the host networking agent for hypervisor hosts."""

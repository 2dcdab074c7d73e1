"""What is only looked at: the topology, PIF metrics and the state of tunnels."""

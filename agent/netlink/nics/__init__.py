"""What a NIC says of itself: ethtool, its features, its place on the PCI bus, and who else uses it."""

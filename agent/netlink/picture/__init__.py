"""The picture of the kernel: read whole once, and from then on kept true by its events."""

"""pifctl, the command line of pifd."""

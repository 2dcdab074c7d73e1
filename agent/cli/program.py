"""The program: the name that it was called by, its own or xe's."""

import sys

OWN = "pifctl"
XE = "xe"


def name() -> str:
    """xe for whoever typed xe, else pifctl: what help and errors tell to type next."""
    return XE if sys.argv[0].rpartition("/")[2] == XE else OWN


def usage(command: str = "") -> str:
    """Where to read on, about a command or in general."""
    return f"For usage run: '{name()} help{command and ' ' + command}'"

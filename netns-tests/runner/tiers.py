"""Says on which kernels what ran, from the notes of each tier; exit status 1 if a tier has left none.

As a program: tiers.py NOTES TIER…
"""

import sys
from collections.abc import Sequence
from pathlib import Path

ONE_KERNEL = "All of it ran on one kernel."


def report(notes: str, tiers: Sequence[str]) -> tuple[str, int]:
    """The text, and the exit status."""
    ran = [line.split("\t") for line in notes.splitlines()]
    kernels = list(dict.fromkeys(kernel for _, kernel, _ in ran))
    lines = ["Tests on a kernel:"]
    for kernel in kernels:
        lines.append(f"  {kernel}")
        lines += [f"    {name:<16} {what}" for name, where, what in ran if where == kernel]
    if len(kernels) == 1:
        lines.append(f"  {ONE_KERNEL}")
    missing = [tier for tier in tiers if tier not in {name for name, _, _ in ran}]
    lines += [f"  NOT RUN: {tier}" for tier in missing]
    return "\n".join(lines), 1 if missing else 0


def main() -> int:
    path = Path(sys.argv[1])
    text, status = report(path.read_text() if path.exists() else "", sys.argv[2:])
    print(text)
    return status


if __name__ == "__main__":
    sys.exit(main())

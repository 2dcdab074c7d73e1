"""pifctl as the tests call it: the real program's own function, or the program itself."""

import subprocess
import sys
from pathlib import Path

from host.daemon import Home

from agent.cli.__main__ import Outcome, outcome_of
from agent.cli.terminal import Screen

SCREEN = Screen(width=100, has_boxes=True, has_colour=False)


def pifctl(home: Home, *words: str) -> Outcome:
    """What a command line comes to, in this process: no seconds go by for imports."""
    return outcome_of(words, {"PIFD_SOCKET": str(home.socket)}, SCREEN)


def output(home: Home, *words: str) -> str:
    """What a command line that must succeed prints."""
    outcome = pifctl(home, *words)
    assert (outcome.status, outcome.error) == (0, ""), outcome.error
    return outcome.output.strip()


def shown(home: Home, *words: str) -> str:
    """What the installed program prints; for a person to see, so with its command line above."""
    program = Path(sys.executable).with_name("pifctl")
    environment = {"PIFD_SOCKET": str(home.socket), "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    done = subprocess.run([program, *words], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return f"$ pifctl {' '.join(words)}\n{done.stdout}"

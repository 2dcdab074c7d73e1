"""What README and docs print is what happens: their sessions run in the world that README makes by hand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from host.console import SESSION_GOES_HERE, Command, blocks, is_printed, session
from network.patience import patience

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCUMENTS = [path for path in (README, *sorted((ROOT / "docs").glob("*.md"))) if session(path.read_text())]

DEMO = ROOT / "netns-tests" / "demo.py"
FIGURES = re.compile(r"  (in all|create|destroy) ")

MARK = "--- the next command ---"
OWN_WORLD = "mount -t tmpfs tmpfs /run/netns && hostname guest"
"""Names of namespaces and of the host that nobody else has."""


def run(script: str, directory: Path) -> str:
    """What a script prints, errors among it, in a folder like the repository."""
    (directory / ".venv").symlink_to(ROOT / ".venv")
    printed = directory / "printed"
    with printed.open("w") as output:
        shell = subprocess.Popen(
            ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "bash", "-ec", script],
            cwd=directory,
            env={name: value for name, value in os.environ.items() if name != "COLUMNS"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            status = shell.wait(patience(120))
        finally:
            shell.kill()  # and all that it has started, where something went wrong on the way
    assert status == 0, printed.read_text()
    return printed.read_text()


def script_of(commands: list[Command]) -> str:
    """README's world, the commands in it, each after a mark, and the world's end."""
    (world,) = [block for block in blocks(README.read_text(), "sh") if SESSION_GOES_HERE in block]
    before, after = world.split(SESSION_GOES_HERE)
    marked = "".join(f"echo '{MARK}'\n{command.words}\n" for command in commands)
    return (
        f"mkdir -p /run/netns\n{OWN_WORLD}\n{before}\n"
        f"set +e\n{marked}echo '{MARK}'\ncat try/log\necho '{MARK}'\nset -e\n{after}"
    )


def steps_of(dry_run: str) -> list[str]:
    """The numbered steps of a dry run."""
    return re.findall(r"^ +\d+\. (.*)$", dry_run, re.MULTILINE)


def steps_done(log: str) -> list[str]:
    """What pifd's log says that it did to the kernel."""
    return re.findall(r" INFO pifd\.kernel: (.*)$", log, re.MULTILINE)


def tails(steps: list[str]) -> list[list[str]]:
    return [steps[first:] for first in range(len(steps))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_each_command_prints_what_the_document_says(document: Path, tmp_path: Path) -> None:
    commands = session(document.read_text())
    _, *printed, log, _ = run(script_of(commands), tmp_path).split(f"{MARK}\n")
    for command, output in zip(commands, printed, strict=True):
        if not is_printed(command.output, output):
            assert f"$ {command.words}\n{output}" == f"$ {command.words}\n{command.output}"
        if "--dry-run" in command.words and (steps := steps_of(output)):
            assert steps in [done[: len(steps)] for done in tails(steps_done(log))]


def test_the_drawings_and_the_figures_of_readme_are_the_demos() -> None:
    """Blocks without a language; of the figures, the numbers are each time others."""
    demo = subprocess.run([sys.executable, DEMO], stdout=subprocess.PIPE, text=True, timeout=patience(120))
    assert demo.returncode == 0, demo.stdout
    shown = [without_figures(line) for line in demo.stdout.splitlines()]
    for block in blocks(README.read_text(), ""):
        lines = [without_figures(line) for line in block.splitlines()]
        assert lines in [rest[: len(lines)] for rest in tails(shown)]


def without_figures(line: str) -> str:
    return re.sub(r" +[\d.]+", " <n>", line) if FIGURES.match(line) else line


def test_readme_has_a_session() -> None:
    assert README in DOCUMENTS

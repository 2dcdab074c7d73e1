"""What only an administrator can give is asked for in one sentence, and nothing else is said."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FEW = ["make", "sh", "bash", "dirname", "readlink", "git", "python3", "id"]


def run(*command: str, path: Path) -> tuple[int, str]:
    """A command with no other programs than those in a folder: its status, and all that it said."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    done = subprocess.run(
        command, cwd=ROOT, env=environment | {"PATH": str(path)}, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A folder with few programs."""
    for name in FEW:
        # itself, where python3 is a wrapper that needs other programs
        found = sys.executable if name == "python3" else shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(Path(found).resolve())
    return tmp_path


def replace(program: Path, script: str) -> None:
    program.unlink()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


COMMANDS = pytest.mark.parametrize(
    "command", [("make", "demo"), ("make", "test"), ("netns-tests/in-kernel", "true")], ids=" ".join
)


@COMMANDS
def test_without_python(command: tuple[str, ...], few: Path) -> None:
    (few / "python3").unlink()
    status, said = run(*command, path=few)
    assert status != 0
    assert said == "This needs python3, which is not installed: apt-get install python3.\n"


@COMMANDS
def test_with_an_old_python(command: tuple[str, ...], few: Path) -> None:
    replace(few / "python3", 'if [ "$1" = --version ]; then echo Python 3.9.2; else exit 1; fi')
    status, said = run(*command, path=few)
    assert status != 0
    assert said == "This needs Python 3.11 or newer; python3 is Python 3.9.2.\n"


@COMMANDS
def test_without_root(command: tuple[str, ...], few: Path) -> None:
    replace(few / "id", "echo 1000")
    status, said = run(*command, path=few)
    assert status != 0
    assert said == "This needs root: run it as root, or with sudo.\n"


def test_what_needs_none_of_it_runs_without(few: Path) -> None:
    for name in ("sed", "expand"):
        (few / name).symlink_to(shutil.which(name) or "")
    (few / "python3").unlink()
    replace(few / "id", "echo 1000")
    status, said = run("make", "help", path=few)
    assert status == 0
    assert "make demo" in said

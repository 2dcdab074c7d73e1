"""in-kernel passes on what its command prints, writes and exits with; wherever the kernel is from."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IN_KERNEL = ROOT / "netns-tests" / "in-kernel"


def in_kernel(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([IN_KERNEL, *arguments], cwd=cwd, capture_output=True, text=True, timeout=600)


@pytest.mark.parametrize("choice", [[], ["--with=newest"], ["--with=distribution"]], ids=str)
def test_output_status_and_files_are_the_commands(choice: list[str], tmp_path: Path) -> None:
    done = in_kernel(*choice, "sh", "-c", "echo out; echo err >&2; pwd >here; exit 3", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stdout == "out\n"
    *_, which, error = done.stderr.splitlines()
    assert which.startswith("in-kernel: Linux ")
    assert error == "err"
    assert (tmp_path / "here").read_text() == f"{tmp_path}\n"


def test_a_command_that_does_not_exist() -> None:
    done = in_kernel("no-such-command")
    assert done.returncode == 127
    assert "no-such-command" in done.stderr


def test_which_tries_the_kernel_and_says_which_it_is_and_why() -> None:
    done = in_kernel("--which")
    assert done.returncode == 0
    kernel, why, *_ = done.stdout.splitlines()
    assert kernel.startswith("in-kernel: Linux ")
    assert why.startswith("because ")


def test_where_there_is_bonding_the_kernel_is_the_one_that_runs() -> None:
    done = in_kernel("--timeout=300", IN_KERNEL, "--which")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].endswith(" (this machine's own)")
    assert done.stdout.splitlines()[1] == "because it works, and needs no guest"


def test_a_command_that_does_not_end_is_ended() -> None:
    done = in_kernel("--timeout=6", "sleep", "600")
    assert done.returncode == 124

"""in-kernel passes on what its command prints, writes and exits with; wherever the kernel is from."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IN_KERNEL = ROOT / "netns-tests" / "in-kernel"


def in_kernel(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([IN_KERNEL, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)


def test_output_status_and_files_are_the_commands(tmp_path: Path) -> None:
    done = in_kernel("sh", "-c", "echo out; echo err >&2; pwd >here; exit 3", cwd=tmp_path)
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

"""An older User Mode Linux is helped where the processor's registers do not fit into its buffer."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from guest import debian, xsave

OF_X86_64 = pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86_64 has these registers")


@pytest.mark.parametrize(
    ("release", "area", "needed"),
    [
        ("6.1.176", 11008, True),
        ("6.12.48", 11008, True),
        ("6.12.48", 2697, True),
        ("6.1.176", 2696, False),
        ("6.1.176", 0, False),
        ("6.13.0", 11008, False),
        ("7.2.7", 11008, False),
        ("7.2", 11008, False),
    ],
)
def test_the_preload_is_for_old_releases_on_processors_with_large_registers(
    release: str, area: int, needed: bool
) -> None:
    assert xsave.needs_preload(release, area) == needed


@OF_X86_64
def test_the_size_is_that_of_the_running_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IN_KERNEL_XSAVE_AREA", raising=False)
    # the legacy area and the header are always there, and the kernel gives whole words
    assert xsave.area() >= 512 + 64
    assert xsave.area() % 8 == 0


SET_A_PART = """
import ctypes
from guest import xsave
with xsave.stopped_child() as child:
    part = ctypes.create_string_buffer(xsave.area() - 64)
    assert xsave.registers(xsave.GETREGSET, child, part)
    print(xsave.registers(xsave.SETREGSET, child, part) > 0)
"""


def sets_a_part(preload: str) -> bool:
    """Whether a process that knows of a part of the registers can set them."""
    path = str(Path(xsave.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", SET_A_PART],
        env=os.environ | {"PYTHONPATH": path, "LD_PRELOAD": preload},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout == "True\n"


@OF_X86_64
def test_with_the_library_a_part_of_the_registers_can_be_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not sets_a_part("")
    monkeypatch.setattr(debian, "CACHE", tmp_path / "cache")
    library = xsave.library()
    made = library.stat()
    assert sets_a_part(str(library))
    assert xsave.library().stat() == made

"""An older User Mode Linux is helped where the processor's registers do not fit into its buffer."""

import ctypes
from pathlib import Path

import pytest
from guest import debian, xsave


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


def test_the_size_is_that_of_the_running_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IN_KERNEL_XSAVE_AREA", raising=False)
    # the legacy area and the header are always there, and the kernel gives whole words
    assert xsave.area() >= 512 + 64
    assert xsave.area() % 8 == 0


def test_the_library_is_compiled_once_and_takes_the_place_of_ptrace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "CACHE", tmp_path / "cache")
    library = xsave.library()
    made = library.stat()
    assert xsave.library().stat() == made
    assert ctypes.CDLL(str(library)).ptrace.__name__ == "ptrace"

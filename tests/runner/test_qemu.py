"""A guest of qemu's is started with KVM only where a kernel has come up with it."""

import os
from pathlib import Path

import pytest
from guest import debian, initramfs, qemu

PROCESSOR = qemu.PROCESSORS["x86_64"]


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> qemu.Parts:
    """A machine with /dev/kvm and with a qemu that does as it is told."""
    monkeypatch.setattr(debian, "CACHE", tmp_path)
    monkeypatch.setattr(qemu, "KVM", tmp_path / "kvm-device")
    (tmp_path / "kvm-device").touch()
    monkeypatch.setattr(qemu, "TRIAL_LIMIT", 1.0)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "bin").mkdir()
    return qemu.Parts(PROCESSOR, "1G", tmp_path / "vmlinuz-6.1.0-9", tmp_path / "modules", tmp_path / "first")


def behave(parts: qemu.Parts, script: str) -> None:
    program = debian.CACHE / "bin" / parts.processor.program
    program.write_text(f'#!/bin/sh\necho "$*" >>"{debian.CACHE}/calls"\n{script}\n')
    program.chmod(0o755)


def calls() -> list[str]:
    return (debian.CACHE / "calls").read_text().splitlines()


def test_kvm_is_used_where_a_kernel_comes_up_with_it(parts: qemu.Parts) -> None:
    behave(parts, "exit 0")
    assert qemu.why_no_kvm(parts) is None
    (call,) = calls()
    assert "-accel kvm" in call
    assert "TRIAL=1" in call


def test_kvm_that_hangs_is_left_after_a_while(parts: qemu.Parts) -> None:
    behave(parts, "exec sleep 60")
    reason = qemu.why_no_kvm(parts)
    assert reason == f"a kernel with {qemu.KVM} did not start in 1 s"


def test_kvm_that_fails_tells_why(parts: qemu.Parts) -> None:
    behave(parts, 'echo "Could not access KVM kernel module: Permission denied" >&2; exit 1')
    assert qemu.why_no_kvm(parts) == (
        f"a kernel with {qemu.KVM} did not start: Could not access KVM kernel module: Permission denied"
    )


@pytest.mark.parametrize("script", ["exit 0", "exit 1"])
def test_kvm_is_tried_once_in_the_life_of_a_machine(parts: qemu.Parts, script: str) -> None:
    behave(parts, script)
    first = qemu.why_no_kvm(parts)
    assert qemu.why_no_kvm(parts) == first
    assert len(calls()) == 1
    (debian.CACHE / "kvm").write_text("an earlier life\n")
    assert qemu.why_no_kvm(parts) == first
    assert len(calls()) == 2


def test_without_kvm_nothing_is_tried(parts: qemu.Parts) -> None:
    qemu.KVM.unlink()
    assert qemu.why_no_kvm(parts) == f"{qemu.KVM} can't be used"
    assert not (debian.CACHE / "calls").exists()


def test_the_first_file_system_is_a_cpio_archive_of_the_kind_that_kernels_unpack() -> None:
    """As `echo -n '#!' >sh; echo sh | cpio -o -H newc -R 0:0` writes it, but for inode and time."""
    assert initramfs.entry("sh", 0o100755, b"#!") == (
        b"070701"
        b"00000000000081ED00000000000000000000000100000000000000020000000000000000000000000000000000000003"
        b"00000000"
        b"sh\0\0\0\0#!\0\0"
    )

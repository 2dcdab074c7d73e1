"""The processor's extended registers, which an older User Mode Linux can't set where they are large."""

import ctypes
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from guest import debian
from guest.kernel import NoKernelError

BUFFER = 2696
"""Bytes that User Mode Linux has for them, before the release that asks the processor."""
MENDED = (6, 13)

SOURCE = Path(__file__).with_name("xsave.c")
COMPILERS = ("cc", "gcc", "tcc", "clang")

TRACEME, GETREGSET, SETREGSET, X86_XSTATE = 0, 0x4204, 0x4205, 0x202

ptrace = ctypes.CDLL(None, use_errno=True).ptrace
ptrace.argtypes, ptrace.restype = [ctypes.c_ulong] * 4, ctypes.c_long


class IOVec(ctypes.Structure):
    """The kernel's struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def needs_preload(release: str, area: int) -> bool:
    """Whether User Mode Linux of this release dies on a processor with so many bytes of registers."""
    major, minor = release.split(".")[:2]
    return (int(major), int(minor)) < MENDED and area > BUFFER


def area() -> int:
    """Bytes that this machine's kernel wants to be given; as IN_KERNEL_XSAVE_AREA has it, for a trial."""
    if forced := os.environ.get("IN_KERNEL_XSAVE_AREA"):
        return int(forced)
    if platform.machine() != "x86_64":
        return 0
    with stopped_child() as child:
        buffer = ctypes.create_string_buffer(65536)
        return registers(GETREGSET, child, buffer)


@contextmanager
def stopped_child() -> Iterator[int]:
    """A process that can be traced."""
    child = os.fork()
    if child == 0:
        ptrace(TRACEME, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    os.waitpid(child, 0)
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def registers(request: int, child: int, buffer: "ctypes.Array[ctypes.c_char]") -> int:
    """Get or set a process's extended registers; how many bytes of them, 0 if the kernel does not do it."""
    vector = IOVec(ctypes.addressof(buffer), len(buffer))
    done = ptrace(request, child, X86_XSTATE, ctypes.addressof(vector)) == 0
    return int(vector.length) if done else 0


def library() -> Path:
    """The library to preload, compiled once."""
    made = debian.CACHE / f"xsave-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]}.so"
    if made.exists():
        return made
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if not compiler:
        compiler = str(debian.kept("tcc", ["tcc"]) / "usr/bin/tcc")
    debian.CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=debian.CACHE, prefix=".new-") as scratch:
        new = Path(scratch, made.name)
        done = subprocess.run(
            [compiler, "-shared", "-fPIC", "-nostdlib", "-o", new, SOURCE], capture_output=True, text=True
        )
        if done.returncode != 0:
            raise NoKernelError(f"{compiler} could not compile {SOURCE}: {done.stderr.strip()}")
        new.rename(made)
    return made

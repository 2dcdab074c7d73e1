"""A first file system for a kernel whose drivers are modules, with this machine's own mount and modprobe."""

import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from guest import debian

SCRIPT = Path(__file__).with_name("initramfs.sh")
PROGRAMS = ("sh", "mount", "umount", "modprobe", "switch_root")
MODULES = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p")
FOLDERS = ("bin", "dev", "proc", "root")


def made(base: Path, release: str) -> bytes:
    """The archive that a kernel of this release unpacks; its modules lie in base/lib/modules."""
    files = {Path("init"): SCRIPT, **dict(programs()), **dict(modules(base, release))}
    folders = sorted({*map(Path, FOLDERS), *(parent for file in files for parent in file.parents)} - {Path()})
    entries = [entry(str(folder), stat.S_IFDIR | 0o755) for folder in folders]
    entries += [entry(str(name), stat.S_IFREG | 0o755, file.read_bytes()) for name, file in files.items()]
    return b"".join([*entries, entry("TRAILER!!!", 0)])


def programs() -> Iterator[tuple[Path, Path]]:
    """Where each program and each library goes, and where it is."""
    for name in PROGRAMS:
        found = shutil.which(name)
        if not found:
            raise debian.FetchError(f"{name} is not installed, which the first file system needs")
        yield Path("bin", name), Path(found)
        for library in re.findall(r"(/\S+) \(0x", debian.command("ldd", found, limit=30)):
            yield Path(library).relative_to("/"), Path(library)


def modules(base: Path, release: str) -> Iterator[tuple[Path, Path]]:
    """The modules that reach the root, what they need, and the lists by which modprobe finds them."""
    lists = base / "lib/modules" / release
    for file in lists.glob("modules.*"):
        yield Path("lib/modules", release, file.name), file
    needed = debian.command(
        *("modprobe", "--dirname", str(base), "--set-version", release, "--show-depends", "--all", *MODULES),
        limit=30,
    )
    for name in re.findall(r"^insmod (\S+)", needed, re.MULTILINE):
        yield Path("lib/modules", release, Path(name).relative_to(lists)), Path(name)


def entry(name: str, mode: int, content: bytes = b"") -> bytes:
    """A file of a cpio archive in the format "newc"."""
    fields = [0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return padded(header) + padded(content)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)

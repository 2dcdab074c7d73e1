"""Debian packages, unpacked in a folder of ours outside the repository: fetched once, nothing installed.

apt-get runs with lists and a cache of its own, so that this machine's configuration, package lists and
installed packages stay as they are. It is apt that checks the signatures.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from guest.kernel import NoKernelError

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "pifd"
ARCHIVE = "http://deb.debian.org/debian"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

LISTS_LIMIT = 180.0
PACKAGES_LIMIT = 600.0
"""Seconds for apt-get to have the lists, and the packages."""
SILENCE = 15
"""Seconds after which a mirror that sends nothing is left."""
NO_RETRY = 300
"""Seconds in which a failure is remembered, so that the next run need not wait for it again."""

MANIFEST = "manifest.json"

Finish = Callable[[Path, Path], None]
"""What else has to be done to the unpacked packages: where they are, and where they will be."""


class FetchError(Exception):
    """The packages could not be fetched or unpacked: the text says why."""


def kept(
    name: str,
    packages: Sequence[str],
    *,
    suite: str | None = None,
    needs: str | None = None,
    finish: Finish | None = None,
) -> Path:
    """The folder with these packages of the machine's own sources, or of another Debian suite.

    needs: what they depend on is fetched as well where its name begins with a match of this expression.
    """
    folder = CACHE / name
    if is_whole(folder):
        return folder
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        with lock(CACHE / f"{name}.lock"):
            if not is_whole(folder):
                with remembered(CACHE / f"{name}.failed"):
                    fetch_into(folder, packages, suite, needs, finish)
    except FetchError as error:
        raise NoKernelError(f"{' and '.join(packages)} could not be fetched: {error}") from None
    except OSError as error:
        raise NoKernelError(f"{folder} can't be made: {error}") from None
    return folder


def versions(folder: Path) -> dict[str, str]:
    """The versions of the packages in a folder."""
    found: dict[str, str] = json.loads((folder / MANIFEST).read_text())["versions"]
    return found


def is_whole(folder: Path) -> bool:
    """Whether everything that was unpacked is there, in its full size."""
    try:
        sizes = json.loads((folder / MANIFEST).read_text())["sizes"]
        return all((folder / path).lstat().st_size == size for path, size in sizes.items())
    except (OSError, ValueError, KeyError):
        return False


def fetch_into(
    folder: Path, packages: Sequence[str], suite: str | None, needs: str | None, finish: Finish | None
) -> None:
    """Fetch and unpack beside the folder, then put all of it in place at once."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise FetchError("there is no apt-get here")
    if suite and not KEYRING.exists():
        raise FetchError("Debian's keys are missing: apt-get install debian-archive-keyring")
    say(f"fetching {' and '.join(packages)} from {suite or 'the distribution'}, once, into {folder}")
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".new-") as scratch:
        new = Path(scratch, "new")
        new.mkdir()
        found = {}
        for package in download(Path(scratch), packages, suite, needs):
            command("dpkg-deb", "-x", str(package), str(new), limit=PACKAGES_LIMIT)
            name, version, _ = package.name.split("_")
            found[name] = version.replace("%3a", ":")
        if finish:
            finish(new, folder)
        sizes = {str(path.relative_to(new)): path.lstat().st_size for path in files_below(new)}
        (new / MANIFEST).write_text(json.dumps({"versions": found, "sizes": sizes}))
        if folder.exists():
            folder.rename(Path(scratch, "old"))
        new.rename(folder)


def files_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_symlink() or path.is_file())


def download(scratch: Path, packages: Sequence[str], suite: str | None, needs: str | None) -> list[Path]:
    """The package files, verified by apt."""
    for name in ("lists/partial", "archives/partial"):
        (scratch / name).mkdir(parents=True)
    (scratch / "status").touch()
    environment = os.environ | {"APT_CONFIG": str(write_configuration(scratch, suite)), "LC_ALL": "C.UTF-8"}
    updated = subprocess_of(["apt-get", "update"], LISTS_LIMIT, scratch, environment)
    try:
        if needs:
            packages = [*packages, *needed(packages, needs, environment)]
        command("apt-get", "download", *packages, limit=PACKAGES_LIMIT, cwd=scratch, env=environment)
    except FetchError as error:
        # one of the machine's sources may fail that has nothing to do with these packages
        raise FetchError(last_complaint(updated) or str(error)) from None
    return sorted(scratch.glob("*.deb"))


def needed(packages: Sequence[str], names: str, environment: dict[str, str]) -> list[str]:
    """What the packages depend on, directly or not, with names that begin so."""
    others = [
        f"--no-{relation}" for relation in ("recommends", "suggests", "conflicts", "breaks", "replaces")
    ]
    tree = command("apt-cache", "depends", "--recurse", *others, *packages, limit=SILENCE, env=environment)
    return [name for name in tree.splitlines() if re.match(names, name) and name not in packages]


def write_configuration(scratch: Path, suite: str | None) -> Path:
    """apt's configuration: of the machine's own only how to reach archives (proxies and the like)."""
    acquire = command("apt-config", "dump", "Acquire", limit=SILENCE)
    lines = [
        acquire,
        *(f'Acquire::{scheme}::Timeout "{SILENCE}";' for scheme in ("http", "https")),
        'Acquire::Retries "1";',
        'Acquire::Languages "none";',
        'APT::Sandbox::User "root";',
        'Dir::Etc::Main "/dev/null";',
        'Dir::Etc::Parts "/dev/null";',
        f'Dir::State "{scratch}";',
        f'Dir::State::Status "{scratch}/status";',
        f'Dir::Cache "{scratch}";',
    ]
    if suite:
        (scratch / "sources.list").write_text(f"deb [signed-by={KEYRING}] {archive()} {suite} main\n")
        lines += [
            f'Dir::Etc::SourceList "{scratch}/sources.list";',
            'Dir::Etc::SourceParts "/dev/null";',
            'Dir::Etc::Preferences "/dev/null";',
            'Dir::Etc::PreferencesParts "/dev/null";',
        ]
    configuration = scratch / "apt.conf"
    configuration.write_text("\n".join(lines) + "\n")
    return configuration


def archive() -> str:
    """The Debian archive that this machine uses, or the one of the world."""
    try:
        targets = command(
            *("apt-get", "indextargets", "--format", "$(REPO_URI)"),
            *("Created-By: Packages", "Origin: Debian", "Label: Debian", "Component: main"),
            limit=SILENCE,
        )
    except FetchError:
        return ARCHIVE
    return next(iter(targets.split()), ARCHIVE)


def command(*words: str, limit: float, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """What a command prints; a failure is raised with the last of what it complained of."""
    done = subprocess_of(list(words), limit, cwd, env)
    if done.returncode != 0:
        raise FetchError(last_complaint(done) or f"{words[0]} ended with status {done.returncode}")
    return done.stdout


def subprocess_of(
    words: list[str], limit: float, cwd: Path | None, env: dict[str, str] | None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            words, cwd=cwd, env=env, timeout=limit, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
    except subprocess.TimeoutExpired:
        raise FetchError(f"{words[0]} was not done after {limit:g} s") from None
    except OSError as error:
        raise FetchError(f"{words[0]} can't be started: {error}") from None


def last_complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The first of what apt or dpkg could not do, in one line."""
    complaints = [line for line in done.stderr.splitlines() if line.startswith(("E: ", "W: Failed", "dpkg"))]
    return complaints[0].removeprefix("E: ").removeprefix("W: ") if complaints else ""


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """One process at a time fetches a folder; the others wait, and then find it there."""
    end = time.monotonic() + LISTS_LIMIT + PACKAGES_LIMIT
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise FetchError(f"another process holds {path}") from None
                time.sleep(0.2)
        yield


@contextmanager
def remembered(note: Path) -> Iterator[None]:
    """What has just failed is not tried again by the next process, which need not wait for it."""
    with suppress(OSError):
        if 0 <= time.time() - note.stat().st_mtime < NO_RETRY:
            raise FetchError(note.read_text())
    try:
        yield
    except FetchError as error:
        note.write_text(f"{error} (at {time.strftime('%H:%M')}; tried again {NO_RETRY // 60} minutes later)")
        raise
    note.unlink(missing_ok=True)


def say(sentence: str) -> None:
    print(f"in-kernel: {sentence}", file=sys.stderr, flush=True)

"""Packages are fetched once, by one process, and whole or not at all; a failure is said, and never a hang."""

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest
from guest import debian
from guest.kernel import NoKernelError

# An apt-get that has one package. It insists on a configuration that leaves the machine's alone.
APT_GET = """\
#!/bin/sh
echo "$1" >>"{log}"
case $1 in
indextargets) exit 0 ;;
esac
grep -q '^Dir::Etc::Parts "/dev/null";' "$APT_CONFIG" || exit 99
grep -q '^Dir::State "{cache}/' "$APT_CONFIG" || exit 99
grep -q '^Dir::Cache "{cache}/' "$APT_CONFIG" || exit 99
{behaviour}
[ "$1" = download ] && cp "{package}" .
exit 0
"""

OFFLINE = """\
case $1 in
update) echo "W: Failed to fetch http://deb.debian.org/: Could not resolve 'deb.debian.org'" >&2; exit 0 ;;
download) echo "E: Unable to locate package" >&2; exit 100 ;;
esac"""


class Apt:
    """The apt-get of a test: what it was called for, and how it behaves."""

    def __init__(self, folder: Path, package: Path) -> None:
        self.folder, self.package, self.log = folder, package, folder / "log"
        self.behave("")

    def behave(self, behaviour: str) -> None:
        script = self.folder / "apt-get"
        script.write_text(
            APT_GET.format(log=self.log, cache=debian.CACHE, behaviour=behaviour, package=self.package)
        )
        script.chmod(0o755)

    def calls(self) -> list[str]:
        return self.log.read_text().split()


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Debian package with one file."""
    tree = tmp_path_factory.mktemp("tree")
    (tree / "DEBIAN").mkdir(mode=0o755)
    (tree / "DEBIAN/control").write_text(
        "Package: a-kernel\nVersion: 1:2.0\nArchitecture: all\nMaintainer: x <x@example>\nDescription: x\n"
    )
    (tree / "usr/bin").mkdir(parents=True)
    (tree / "usr/bin/kernel").write_text("the whole kernel")
    file = tmp_path_factory.mktemp("archive") / "a-kernel_1%3a2.0_all.deb"
    subprocess.run(["dpkg-deb", "--build", tree, file], check=True, capture_output=True)
    return file


@pytest.fixture
def apt(tmp_path: Path, package: Path, monkeypatch: pytest.MonkeyPatch) -> Apt:
    monkeypatch.setattr(debian, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(debian, "KEYRING", tmp_path)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return Apt(tmp_path / "bin", package)


def fetch() -> Path:
    return debian.kept("a-kernel", ["a-kernel"], suite="unstable")


def test_a_package_is_fetched_once_and_kept(apt: Apt) -> None:
    folder = fetch()
    assert (folder / "usr/bin/kernel").read_text() == "the whole kernel"
    assert debian.versions(folder) == {"a-kernel": "1:2.0"}
    assert apt.calls() == ["indextargets", "update", "download"]
    assert fetch() == folder
    assert apt.calls() == ["indextargets", "update", "download"]


def test_nothing_but_the_package_and_its_lock_is_left(apt: Apt) -> None:
    fetch()
    assert {path.name for path in debian.CACHE.iterdir()} == {"a-kernel", "a-kernel.lock"}


@pytest.mark.parametrize("damage", ["truncate", "remove", "manifest"])
def test_what_is_no_longer_whole_is_fetched_again(apt: Apt, damage: str) -> None:
    kernel = fetch() / "usr/bin/kernel"
    match damage:
        case "truncate":
            kernel.write_text("the who")
        case "remove":
            kernel.unlink()
        case _:
            (fetch() / debian.MANIFEST).write_text(json.dumps({"sizes": {}})[:-3])
    assert (fetch() / "usr/bin/kernel").read_text() == "the whole kernel"
    assert apt.calls().count("download") == 2


def test_without_a_network_the_reason_is_the_one_of_apt(apt: Apt) -> None:
    apt.behave(OFFLINE)
    with pytest.raises(NoKernelError, match=r"a-kernel could not be fetched: .*Could not resolve"):
        fetch()
    assert not (debian.CACHE / "a-kernel").exists()


def test_a_failure_is_not_tried_again_at_once_but_a_while_later(
    apt: Apt, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt.behave(OFFLINE)
    for _ in range(2):
        with pytest.raises(NoKernelError, match="Could not resolve"):
            fetch()
    assert apt.calls().count("update") == 1
    apt.behave("")
    monkeypatch.setattr(debian, "NO_RETRY", 0)
    assert (fetch() / "usr/bin/kernel").exists()


def test_a_mirror_that_never_ends_is_left(apt: Apt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "LISTS_LIMIT", 0.5)
    apt.behave("exec sleep 60")
    with pytest.raises(NoKernelError, match="apt-get was not done after"):
        fetch()


def test_a_package_that_came_truncated_is_not_kept(apt: Apt) -> None:
    apt.behave(f'[ "$1" = download ] && head -c 100 "{apt.package}" >"{apt.package.name}" && exit 0')
    with pytest.raises(NoKernelError, match="a-kernel could not be fetched: dpkg-deb"):
        fetch()
    assert not (debian.CACHE / "a-kernel").exists()


def test_of_many_that_fetch_at_once_one_does_and_all_have_it(apt: Apt) -> None:
    apt.behave("sleep 0.2")
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append((fetch() / "usr/bin/kernel").read_text()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == ["the whole kernel"] * 8
    assert apt.calls().count("download") == 1


def test_a_cache_that_cannot_be_written_is_a_reason(apt: Apt) -> None:
    debian.CACHE.write_text("a file in its place")
    with pytest.raises(NoKernelError, match="can't be made"):
        fetch()


def test_without_apt_there_is_a_sentence(apt: Apt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(debian.CACHE))
    with pytest.raises(NoKernelError, match="there is no apt-get here"):
        fetch()

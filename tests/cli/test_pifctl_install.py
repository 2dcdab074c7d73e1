"""Installing pifctl by the name xe: it takes no other xe's place."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def install(place: Path, path: str = "/usr/bin:/bin", target: str = "install-xe") -> tuple[int, str]:
    """What a target of make comes to, with a prefix of its own, where no version can be built."""
    command = [
        "make",
        "--silent",
        "--no-print-directory",
        target,
        f"PREFIX={place}",
        f"UNITDIR={place}/units",
    ]
    command += ["PYTHON=false", "PREPARE=true"]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": path, "MAKEFLAGS": "", "MAKELEVEL": ""},  # the tests run in a make, too
        capture_output=True,
        timeout=20,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stderr.partition("make:")[0]


def program(place: Path) -> Path:
    """A program of the name xe that somebody else has put there."""
    place.mkdir(parents=True)
    (place / "xe").write_text("#!/bin/sh\n")
    (place / "xe").chmod(0o755)
    return place / "xe"


def test_xe_becomes_a_link_to_pifctl_and_stays_one(tmp_path: Path) -> None:
    assert install(tmp_path) == (0, "")
    assert (tmp_path / "bin/xe").readlink() == Path("../lib/pifd/bin/pifctl")
    assert install(tmp_path) == (0, "")


def test_an_xe_in_its_place_stays(tmp_path: Path) -> None:
    other = program(tmp_path / "bin")
    assert install(tmp_path) == (2, f"{other} is there already, and is not pifctl\n")
    assert other.read_text() == "#!/bin/sh\n"


def test_an_xe_elsewhere_on_the_way_is_enough_to_refuse(tmp_path: Path) -> None:
    other = program(tmp_path / "elsewhere")
    told = install(tmp_path / "prefix", f"{other.parent}:/usr/bin:/bin")
    assert told == (2, f"there is another xe already: {other}\n")
    assert not (tmp_path / "prefix").exists()


def installed(place: Path) -> list[str]:
    """What there is below a prefix."""
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if not path.is_dir())


def test_an_upgrade_that_fails_leaves_the_old_version_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "lib/pifd-1/bin").mkdir(parents=True)
    (tmp_path / "lib/pifd-1/bin/pifd").write_text("")
    (tmp_path / "lib/pifd").symlink_to("pifd-1")
    before = installed(tmp_path)
    assert install(tmp_path, target="install")[0] != 0
    assert (installed(tmp_path), (tmp_path / "lib/pifd").readlink()) == (before, Path("pifd-1"))


def test_uninstall_takes_away_what_install_has_put_there_and_nothing_else(tmp_path: Path) -> None:
    for name in ("lib/pifd-1/bin/pifd", "units/pifd.service", "lib/sysusers.d/pifd.conf", "bin/mine"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "lib/pifd").symlink_to("pifd-1")
    (tmp_path / "bin/pifctl").symlink_to("../lib/pifd/bin/pifctl")
    assert install(tmp_path)[0] == 0
    assert install(tmp_path, target="uninstall") == (0, "")
    assert installed(tmp_path) == ["bin/mine"]

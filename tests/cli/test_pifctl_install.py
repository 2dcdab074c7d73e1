"""Installing pifctl by the name xe: it takes no other xe's place."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def install(place: Path, path: str = "/usr/bin:/bin") -> tuple[int, str]:
    """What `make install-xe` comes to, with a prefix of its own."""
    command = ["make", "--silent", "--no-print-directory", "install-xe", f"PREFIX={place}"]
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

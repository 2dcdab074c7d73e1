"""Settings: defaults, the file, the environment, the command line; mistakes are told with their place."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent import settings
from agent.__main__ import main
from agent.settings import Settings, SettingsError, check_script, read_settings


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that is read when none is named; it is not there yet."""
    default = tmp_path / "pifd.toml"
    monkeypatch.setattr(settings, "DEFAULT_FILE", default)
    return default


def refusal(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings(arguments, environment or {})
    return str(caught.value)


def test_nothing_said_means_the_defaults() -> None:
    assert read_settings([], {"PATH": "/bin"}) == Settings()


def test_the_defaults_are_where_a_daemons_things_are() -> None:
    found = Settings()
    assert (found.hotplug_script, found.hotplug_timeout) == (None, 30)
    assert (found.state_dir, found.socket, found.resolv_conf, found.nics, found.carrier_wait) == (
        Path("/var/lib/pifd"), Path("/run/pifd/xapi"), Path("/etc/resolv.conf"), (), 10,
    )  # fmt: skip
    assert (found.operators, found.readers) == ("pifd", "")
    assert found.audit_log == Path("/var/log/pifd/audit.log")


def test_the_file_is_read(file: Path) -> None:
    file.write_text('nics = ["eth*"]\ncarrier_wait = 3.5\nlog_level = "debug"\n')
    assert read_settings([], {}) == Settings(nics=("eth*",), carrier_wait=3.5, log_level="debug")


def test_the_environment_overrides_the_file_and_the_command_line_the_environment(file: Path) -> None:
    file.write_text('socket = "/file"\nstate_dir = "/file"\nlog_level = "error"\n')
    found = read_settings(["--socket", "/line"], {"PIFD_SOCKET": "/env", "PIFD_STATE_DIR": "/env"})
    assert found == Settings(socket=Path("/line"), state_dir=Path("/env"), log_level="error")


@pytest.mark.parametrize("arguments", [["--nics", "eth*,ens*"], ["--nics=eth*,ens*,"]])
def test_a_list_is_written_with_commas(arguments: list[str]) -> None:
    assert read_settings(arguments, {}) == read_settings([], {"PIFD_NICS": "eth*,ens*"})
    assert read_settings(arguments, {}).nics == ("eth*", "ens*")


@pytest.mark.parametrize("way", ["command line", "environment"])
def test_another_file_can_be_named(tmp_path: Path, way: str) -> None:
    other = tmp_path / "other.toml"
    other.write_text("carrier_wait = 1")
    told: tuple[list[str], dict[str, str]] = ([], {"PIFD_CONFIG": str(other)})
    if way == "command line":
        told = (["--config", str(other)], {"PIFD_CONFIG": "/nowhere"})
    assert read_settings(*told).carrier_wait == 1


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    assert refusal("--config", str(missing)) == f"{missing}: no such file"


def test_a_file_that_is_no_TOML_is_refused(file: Path) -> None:
    file.write_text("nics: eth*")
    assert refusal().startswith(f"{file}: Expected '='")


def test_a_file_that_is_no_text_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    assert refusal().startswith(f"{file}: 'utf-8' codec can't decode")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert refusal("--config", str(tmp_path)).startswith(f"{tmp_path}: ")


def test_an_unknown_setting_is_refused_with_its_place(file: Path) -> None:
    assert (
        refusal(environment={"PIFD_NICKS": "x"})
        == "the environment: nicks: there is no such setting: did you mean nics?"
    )
    file.write_text("carrier_wait = 1\n\nnicks = 1\n")
    assert refusal() == f"{file}:3: nicks: there is no such setting: did you mean nics?"
    file.write_text("[section]\nwhatever = 1\n")
    assert refusal() == f"{file}:1: section: there is no such setting"


def test_a_wrong_value_in_the_file_is_told_with_its_line(file: Path) -> None:
    file.write_text("# carrier_wait = 1\nnics = []\n'carrier_wait'   =   -1\n")
    assert refusal() == f"{file}:3: carrier_wait: Input should be greater than or equal to 0"
    file.write_text("nics = 5\nplug_spares = 'maybe'\npool_lease = 3.5\nsocket = []\n")
    assert refusal().splitlines() == [
        f"{file}:4: socket: Input should be a path, as a text",
        f"{file}:1: nics: Input should be a list of texts",
        f"{file}:3: pool_lease: Input should be a whole number",
        f"{file}:2: plug_spares: Input should be true or false",
    ]


def test_all_wrong_settings_of_a_file_are_told_a_line_for_each(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text('carrier_wait = "soon"\nlog_level = "info"\nnicks = "x"\n')
    monkeypatch.setattr(sys, "argv", ["pifd"])
    assert main() == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(": Input")[0] for line in lines] == [
        f"pifd: {file}:1: carrier_wait",
        f"pifd: {file}:3: nicks: there is no such setting: did you mean nics?",
    ]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("carrier-wait", "-1"),
        ("carrier-wait", "301"),
        ("carrier-wait", "soon"),
        ("log-level", "loud"),
        ("hotplug-timeout", "0"),
        ("hotplug-timeout", "601"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_name(setting: str, value: str) -> None:
    assert refusal(f"--{setting}", value).startswith(
        f"the command line: {setting.replace('-', '_')}: Input should be"
    )


def test_a_wrong_value_is_told_even_when_another_place_overrides_it() -> None:
    said = refusal("--carrier-wait", "1", environment={"PIFD_CARRIER_WAIT": "x"})
    assert said.startswith("the environment: carrier_wait: ")


def test_the_hotplug_script_is_named_by_an_absolute_path(file: Path) -> None:
    file.write_text('hotplug_script = "/etc/xen/vif"\nhotplug_timeout = 5\n')
    found = read_settings([], {})
    assert (found.hotplug_script, found.hotplug_timeout) == (Path("/etc/xen/vif"), 5)
    said = refusal("--hotplug-script", "scripts/vif")
    assert said == "the command line: hotplug_script: not an absolute path"


def test_a_hotplug_script_that_cannot_be_run_ends_pifd_with_its_place(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "vif"
    file.write_text(f'nics = []\nhotplug_script = "{script}"\n')
    monkeypatch.setattr(sys, "argv", ["pifd"])
    assert main() == 2
    assert capsys.readouterr().err == f"pifd: {file}:2: hotplug_script: {script}: there is no such file\n"
    script.write_text("#!/bin/sh\n")
    assert main() == 2
    assert "it is not executable" in capsys.readouterr().err
    script.chmod(0o755)
    check_script([], {})
    monkeypatch.setattr(sys, "argv", ["pifd", "--hotplug-script", str(tmp_path)])
    assert main() == 2
    told = f"pifd: the command line: hotplug_script: {tmp_path}: it is no file\n"
    assert capsys.readouterr().err == told


def test_the_audit_log_is_named_by_an_absolute_path_or_left_out(file: Path) -> None:
    assert read_settings(["--audit-log", "/srv/audit"], {}).audit_log == Path("/srv/audit")
    assert read_settings(["--audit-log", ""], {}).audit_log is None
    assert read_settings([], {"PIFD_AUDIT_LOG": ""}).audit_log is None
    file.write_text('audit_log = ""')
    assert read_settings([], {}).audit_log is None
    said = refusal("--audit-log", "audit.log")
    assert said == "the command line: audit_log: not an absolute path"


def test_an_unknown_option_ends_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_settings(["--nicks"], {})
    assert "unrecognized arguments: --nicks" in capsys.readouterr().err


def test_settings_that_cannot_be_used_end_pifd_with_a_status_of_their_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """systemd does not start it again then: RestartPreventExitStatus."""
    monkeypatch.setattr(sys, "argv", ["pifd", "--carrier-wait", "soon"])
    assert main() == 2
    assert capsys.readouterr().err.startswith("pifd: ")
    assert "RestartPreventExitStatus=2" in (Path(__file__).parents[2] / "systemd/pifd.service").read_text()

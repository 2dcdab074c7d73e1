"""Settings: where things are and how long to wait; from the TOML file, the environment, the command line."""

import os
import re
import tomllib
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

DEFAULT_FILE = Path("/etc/pifd/pifd.toml")
PREFIX = "PIFD_"
PLAIN = {
    "tuple_type": "Input should be a list of texts",
    "string_type": "Input should be a text",
    "path_type": "Input should be a path, as a text",
    "bool_parsing": "Input should be true or false",
    "bool_type": "Input should be true or false",
    "int_parsing": "Input should be a whole number",
    "int_from_float": "Input should be a whole number",
    "int_type": "Input should be a whole number",
    "float_parsing": "Input should be a number",
    "float_type": "Input should be a number",
    "string_too_short": "Input should not be empty",
}
"""What pydantic has against a value, in words for people; its own are about Python."""
CHECK = "check"
"""The one word of the command line that is no setting."""


class SettingsError(Exception):
    """A setting is unknown or has no usable value; the text names it and where it stands."""


def split(value: object) -> object:
    """A list written as `a,b`, as the environment and the command line have it."""
    return tuple(part for part in value.split(",") if part) if isinstance(value, str) else value


def absolute(path: Path) -> Path:
    """A path that means the same wherever the daemon is started."""
    if not path.is_absolute():
        raise ValueError("not an absolute path")
    return path


def none_if_empty(value: object) -> object:
    """A path that is left out in words, as only an empty text can."""
    return None if value == "" else value


AbsolutePath = Annotated[Path, AfterValidator(absolute)]


def endpoints(values: tuple[str, ...]) -> tuple[str, ...]:
    """Each is `host:port`, an IPv6 address in brackets."""
    for value in values:
        host, _, port = value.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536 or "//" in host:
            raise ValueError(f"{value} is not host:port")
    return values


class Settings(BaseModel):
    """What the daemon is told.

    nics: shell patterns of the devices that count as NICs; none means those with hardware behind them.
    carrier_wait: seconds to wait for a link that is coming up before traffic moves to it.
    hotplug_script: asks VMs to give up and take VIFs (docs/hotplug.md); none means that they are not asked.
    default_bond_mode: active-backup takes its place where this host can't do it, which is said then.
    operators, readers: names of groups, "" for none (docs/access.md).
    audit_log: None, in words "", means the daemon's own log.
    pool_endpoints: none means that this host is in no pool (docs/pools.md).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    state_dir: Path = Field(Path("/var/lib/pifd"), description="where the store is")
    socket: Path = Field(Path("/run/pifd/xapi"), description="the Unix socket of the API")
    nics: Annotated[tuple[str, ...], BeforeValidator(split)] = Field(
        (),
        description="which devices count as NICs, e.g. 'eth*,ens*' (default: those with hardware)",
    )
    resolv_conf: Path = Field(Path("/etc/resolv.conf"), description="the resolver's file")
    carrier_wait: float = Field(10, ge=0, le=300, description="seconds to wait for a link's carrier")
    hotplug_script: Annotated[Path, AfterValidator(absolute)] | None = Field(
        None, description="the executable that asks VMs to give up and take VIFs"
    )
    hotplug_timeout: float = Field(30, gt=0, le=600, description="seconds that the hotplug script may take")
    default_bond_mode: Literal[
        "balance-slb", "active-backup", "lacp",
        "balance-rr", "balance-xor", "broadcast", "balance-tlb", "balance-alb",
    ] = Field("balance-slb", description="the mode of a bond for which nobody names one")  # fmt: skip
    operators: str = Field("pifd", description="the group whose members may change things, as root may")
    readers: str = Field("", description="the group whose members may only look (default: none)")
    audit_log: Annotated[Annotated[Path, AfterValidator(absolute)] | None, BeforeValidator(none_if_empty)] = (
        Field(
            Path("/var/log/pifd/audit.log"),
            description="the file that tells who has changed what; '' for the daemon's own log",
        )
    )
    pool_endpoints: Annotated[tuple[str, ...], BeforeValidator(split), AfterValidator(endpoints)] = Field(
        (), description="where the pool's etcd is, e.g. 'etcd1:2379,etcd2:2379' (default: no pool)"
    )
    pool_prefix: str = Field("/pifd", min_length=1, description="what the pool's keys in etcd begin with")
    pool_user: str = Field("", description="whom etcd knows this host as (default: nobody)")
    pool_password_file: AbsolutePath | None = Field(None, description="the file with that user's password")
    pool_ca: AbsolutePath | None = Field(None, description="the certificates by which etcd is known, as PEM")
    pool_certificate: AbsolutePath | None = Field(
        None, description="this host's certificate for etcd, as PEM"
    )
    pool_key: AbsolutePath | None = Field(None, description="the key of that certificate, as PEM")
    pool_timeout: float = Field(3, gt=0, le=60, description="seconds that one answer of etcd may take")
    pool_lease: int = Field(
        10, ge=3, le=600, description="seconds without a sign until a host counts as dead"
    )
    pool_nics: Literal["device", "position"] = Field(
        "device", description="how NICs of two hosts correspond: by 'device' or by 'position'"
    )
    pool_follow: bool = Field(
        False, description="take over what the master changes at once, not only at a start"
    )
    plug_spares: bool = Field(
        True, description="whether each start plugs NICs and bonds that nobody has unplugged"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="how much to log")


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """The settings in force; SettingsError when one is wrong."""
    sources = _sources(arguments, environment)
    for source in sources:
        _check(source)
    return Settings(**{name: value for source in sources for name, value in source.values.items()})


def check_script(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """SettingsError when the hotplug script can't be run: else that would come out when a VM is asked."""
    name = "hotplug_script"
    file = read_settings(arguments, environment).hotplug_script
    if file is None or (file.is_file() and os.access(file, os.X_OK)):
        return
    source = [source for source in _sources(arguments, environment) if name in source.values][-1]
    reason = "it is not executable: chmod +x makes it so"
    if not file.is_file():
        reason = "it is no file" if file.exists() else "there is no such file"
    raise SettingsError(f"{source.place_of(name)}: {name}: {file}: {reason}")


@dataclass(frozen=True)
class Source:
    """Where settings are given, with their values; text: the file's."""

    place: str
    values: Mapping[str, Any]
    text: str = ""

    def place_of(self, name: str) -> str:
        """Where a setting is given: in a file, with its line."""
        for number, line in enumerate(self.text.splitlines(), 1):
            if re.match(rf"""[\s\[]*["']?{re.escape(name)}["']?\s*[=.\]]""", line):
                return f"{self.place}:{number}"
        return self.place


def _sources(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Source, ...]:
    """The last one counts."""
    given = vars(_parser().parse_args(arguments))
    given.pop(CHECK)
    file = given.pop("config", None) or environment.get(f"{PREFIX}CONFIG")
    return (
        _from_file(Path(file or DEFAULT_FILE), required=file is not None),
        Source("the environment", _from_environment(environment)),
        Source("the command line", {name: value for name, value in given.items() if value is not None}),
    )


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="pifd", description="The host networking agent for hypervisor hosts.")
    parser.add_argument(
        "--config", metavar="FILE", help=f"settings as TOML (default: {DEFAULT_FILE}, if it is there)"
    )
    parser.add_argument(
        f"--{CHECK}", action="store_true", help="tell what a start would do to this host, and do nothing"
    )
    for name, field in Settings.model_fields.items():
        default = f" (default: {field.default})" if field.default else ""
        parser.add_argument(
            f"--{name.replace('_', '-')}", help=f"{field.description}{default}", metavar="VALUE"
        )
    return parser


def _from_file(path: Path, *, required: bool) -> Source:
    try:
        text = path.read_text()
        return Source(str(path), tomllib.loads(text), text)
    except FileNotFoundError:
        if required:
            raise SettingsError(f"{path}: no such file") from None
        return Source(str(path), {})
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    named = {
        key.removeprefix(PREFIX).lower(): value
        for key, value in environment.items()
        if key.startswith(PREFIX)
    }
    return {key: value for key, value in named.items() if key != "config"}


def _check(source: Source) -> None:
    try:
        Settings(**source.values)
    except ValidationError as error:
        wrong = {str(one["loc"][0]): one for one in reversed(error.errors())}
        told = [f"{source.place_of(name)}: {name}: {_words(name, wrong[name])}" for name in reversed(wrong)]
        raise SettingsError("\n".join(told)) from None


def _words(name: str, error: Any) -> str:
    """What is wrong with a setting."""
    if error["type"] == "extra_forbidden":
        alike = get_close_matches(name, Settings.model_fields, 1)
        return f"there is no such setting{f': did you mean {alike[0]}?' if alike else ''}"
    words = str(error["msg"]).removeprefix("Value error, ")
    return PLAIN.get(error["type"], words)

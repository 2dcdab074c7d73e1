"""Changes: which call a changing command sends, with which parameters, for real or as a dry run."""

from collections.abc import Callable
from typing import Any

from agent.cli.command import Call
from agent.cli.refusal import Refusal
from agent.cli.value import NULL_REFERENCES, uuid_of

Parameters = Callable[[Call], list[Any]]

PREVIEW_SHAPE = {
    "result": str,
    "added": [{"class": str, "ref": str, "record": dict}],
    "changed": [{"class": str, "ref": str, "before": dict, "after": dict}],
    "removed": [{"class": str, "ref": str, "record": dict}],
    "steps": [str],
}


def sends(method: str, parameters: Parameters) -> Callable[[Call], str]:
    """The action of a command that calls a method."""

    def action(call: Call) -> str:
        arguments = parameters(call)
        if call.values["dry-run"]:
            return preview(call, method, arguments)
        made = call.session.change(call.command.name, method, *arguments, shape=str | None)
        return "" if not made or made in NULL_REFERENCES else new_uuid(call, made)

    return action


def preview(call: Call, method: str, arguments: list[Any]) -> str:
    """What the change would do, told by the daemon."""
    from agent.cli.preview import described

    told = call.session.ask(f"DryRun.{method}", *arguments, shape=PREVIEW_SHAPE)
    return as_json(told) if call.values["json"] else described(told, call.command.name, call.objects)


def new_uuid(call: Call, ref: str) -> str:
    """The line that a creating command prints."""
    return as_json({"uuid": uuid_of(ref)}) if call.values["json"] else f"{uuid_of(ref)}\n"


def as_json(value: Any) -> str:
    """JSON for programs, still readable by people."""
    import json

    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def the_object(class_name: str) -> Parameters:
    """Just the object that uuid= names."""
    return lambda call: [call.find(class_name, "uuid")]


def new_bond(call: Call) -> list[Any]:
    """Bond.create's parameters."""
    values = call.values
    members = [call.objects.find("PIF", member) for member in values["pif-uuids"]]
    network = call.find("network", "network-uuid")
    return [network, members, values["mac"], values["mode"], values["properties"]]


def new_network(call: Call) -> list[Any]:
    """network.create's record."""
    values = call.values
    record = {
        "name_label": values["name-label"],
        "name_description": values["name-description"],
        "MTU": values["MTU"],
        "bridge": values["bridge"],
        "managed": values["managed"],
        "other_config": values["other-config"],
        "tags": [],
    }
    return [record]


def host(call: Call) -> str:
    """The host that host-uuid= names; without it, the only host."""
    if call.values["host-uuid"]:
        return call.find("host", "host-uuid")
    hosts = call.objects.of("host")
    if len(hosts) != 1:
        raise Refusal("Required parameter not found: host-uuid", f"(there are {len(hosts)} hosts)")
    return next(iter(hosts))


def scan(call: Call) -> list[Any]:
    """PIF.scan's parameters."""
    return [host(call)]


def introduction(call: Call) -> list[Any]:
    """PIF.introduce's parameters."""
    return [host(call), call.values["mac"], call.values["device"], call.values["managed"]]


def ip_configuration(call: Call) -> list[Any]:
    """PIF.reconfigure_ip's parameters."""
    values = call.values
    return [
        call.find("PIF", "uuid"),
        *(values[name] for name in ("mode", "IP", "netmask", "gateway", "DNS")),
    ]


def management(call: Call) -> list[Any]:
    """host.management_reconfigure's parameters."""
    return [call.find("PIF", "pif-uuid")]


def disallow_unplug(call: Call) -> list[Any]:
    """PIF.set_disallow_unplug's parameters."""
    return [call.find("PIF", "uuid"), call.values["disallow-unplug"]]

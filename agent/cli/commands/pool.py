"""The commands of pools: membership, and taking over from the master."""

from typing import Any

from agent.cli.change import CHANGE, as_json, sends, the
from agent.cli.command import Call, Command
from agent.cli.commands.bond import BOND_MODE, MODES
from agent.cli.parameter import DRY_RUN, JSON, mapping, optional, required, words


def join(call: Call) -> str:
    values = call.values
    arguments = [values["master-address"], values["master-username"], values["master-password"], False]
    call.session.change(call.command.name, "pool.join", *arguments, shape=object)
    return ""


def eject(call: Call) -> str:
    call.session.change(call.command.name, "pool.eject", call.find("host", "host-uuid"), shape=object)
    return ""


def be_master(call: Call) -> str:
    """pool.emergency_transition_to_master."""
    call.session.change(call.command.name, "pool.emergency_transition_to_master", shape=object)
    return ""


def sync(call: Call) -> str:
    """pool.sync_networking; a line for each object, and of a dry run for each step."""
    chosen = call.find("host", "host-uuid") if call.values["host-uuid"] else call.session.this_host()
    method = "DryRun.pool.sync_networking" if call.values["dry-run"] else "pool.sync_networking"
    if call.values["dry-run"]:
        lines = call.session.ask(method, chosen, shape=[str])
    else:
        lines = call.session.change(call.command.name, method, chosen, shape=[str])
    if call.values["json"]:
        return as_json(lines)
    return "".join(f"{line}\n" for line in lines) or "nothing is to be done\n"


def bonds(call: Call) -> str:
    """pool.create_bond; a line for each host."""
    values, network = call.values, call.find("network", "network-uuid")
    arguments = [network, list(values["devices"]), values["mac"], values["mode"], values["properties"]]
    report = call.session.change(call.command.name, "pool.create_bond", *arguments, shape=[dict])
    if call.values["json"]:
        return as_json(report)
    return "".join(f"{line['name_label'] or line['host']}: {outcome(line)}\n" for line in report)


def outcome(line: dict[str, Any]) -> str:
    """What became of one host's bond."""
    return f"not made: {', '.join(line['error'])}" if line["error"] else "made"


A_HOST = required("host-uuid", "The host: its uuid, the beginning of it, or its name-label.")

COMMANDS = (
    Command(
        "pool-join",
        join,
        (
            optional("master-address", "The master's address, to be sure that it is this pool."),
            optional("master-username", "Not used: etcd knows this host by its settings."),
            optional("master-password", "Not used: etcd knows this host by its settings."),
            JSON,
        ),
        "Make this host a member of the pool in etcd.",
        "Where etcd is says the setting pool_endpoints.  The host's networks become the pool's: those of\n"
        "NICs by their bridges, others by their names.  Then it takes over its master's bonds, VLANs and\n"
        "tunnels.",
        examples=("pifctl pool-join",),
        errors=(
            "PIFD_POOL_UNAVAILABLE",
            "POOL_JOINING_HOST_HAS_BONDS",
            "POOL_JOINING_HOST_HAS_NON_MANAGEMENT_VLANS",
            "POOL_JOINING_HOST_HAS_TUNNELS",
            "JOINING_HOST_CANNOT_HAVE_RUNNING_OR_SUSPENDED_VMS",
        ),
    ),
    Command(
        "pool-eject",
        eject,
        (A_HOST, JSON),
        "Take a host out of the pool.",
        "It goes on alone, with all that it has.",
        examples=("pifctl pool-eject host-uuid=host2",),
        errors=("PIFD_POOL_UNAVAILABLE", "OPERATION_NOT_ALLOWED"),
    ),
    Command(
        "pool-designate-new-master",
        sends("pool.designate_new_master", the("host", "host-uuid")),
        (A_HOST, *CHANGE),
        "Make another host the pool's master.",
        "Members take over its bonds, VLANs and tunnels from then on.",
        examples=("pifctl pool-designate-new-master host-uuid=host2",),
        errors=("PIFD_POOL_UNAVAILABLE",),
    ),
    Command(
        "pool-emergency-transition-to-master",
        be_master,
        (JSON,),
        "Make this host the master of a pool that etcd has lost.",
        "For a pool whose master is dead and whose etcd is empty: this host fills it with what it knows.\n"
        "Refused while the pool is in etcd.",
        examples=("pifctl pool-emergency-transition-to-master",),
        errors=("OPERATION_NOT_ALLOWED",),
    ),
    Command(
        "pool-sync",
        sync,
        (optional("host-uuid", "The member; without it, this host."), DRY_RUN, JSON),
        "Have a member take over its master's bonds, VLANs and tunnels.",
        "It does so at each start by itself.  What only the member has stays.",
        "a line for each object",
        ("pifctl pool-sync --dry-run",),
        ("PIFD_POOL_UNAVAILABLE", "HOST_OFFLINE"),
    ),
    Command(
        "pool-bond-create",
        bonds,
        (
            required("network-uuid", "The network of the bonds: uuid, name-label or bridge."),
            required("devices", "The NICs' names, as eth0,eth1, on every host.", words),
            optional("mac", "The bonds' MAC; without it, each has its primary slave's."),
            optional("mode", f"{MODES}  Without it, that of bond-create.", BOND_MODE, ""),
            mapping("properties", "Properties of the bonds, as those of bond-create."),
            JSON,
        ),
        "Make a bond of the same NICs on each host of the pool.",
        "Host by host, the master first; it stops at the first that can't have it, and says so.",
        "a line for each host",
        ("pifctl pool-bond-create network-uuid=bonded devices=eth0,eth1",),
        ("PIFD_POOL_UNAVAILABLE",),
    ),
)

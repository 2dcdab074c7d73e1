"""The commands of pifctl: what the parser reads, what help prints, and what each does, in one table."""

from agent.cli.classes import CLASSES
from agent.cli.commands import bond, completion, event, host, network, pif, pool, tunnel, vif, vlan, vm
from agent.cli.commands.listing import TOPOLOGY, field_commands, list_command
from agent.cli.commands.setting import setting_commands

# What is there for its fields alone (VM_guest_metrics, PIF_metrics) has no commands.
KINDS = tuple(kind for kind in CLASSES.values() if kind.prefix)

CHANGES = (
    *bond.COMMANDS,
    *pif.COMMANDS,
    *vlan.COMMANDS,
    *tunnel.COMMANDS,
    *network.COMMANDS,
    *host.COMMANDS,
    *vif.COMMANDS,
    *vm.COMMANDS,
    *pool.COMMANDS,
)
LISTS = tuple(list_command(kind) for kind in KINDS)
FIELDS = tuple(command for kind in KINDS for command in (*field_commands(kind), *setting_commands(kind)))
REST = (*event.COMMANDS, *completion.COMMANDS)
COMMANDS = {command.name: command for command in (*CHANGES, TOPOLOGY, bond.STATUS, *LISTS, *FIELDS, *REST)}

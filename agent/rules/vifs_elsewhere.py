"""VIFs that are known here go along with other hosts' bonds, where their VMs can only start there.

The design's VIF-to-move is about the pool: a VM may be known to this host's daemon, and be able to start on
another host alone.  That one's bonds are made and destroyed by its own daemon, which does not know of the VM.
"""

from agent.model.draft import Draft
from agent.model.model import Model, slaves
from agent.model.records import PIF, Bond, Host, Ref
from agent.rules.moving import move_vifs
from agent.rules.vif import vifs_to_move


def follow_bonds(draft: Draft, before: Model) -> None:
    """As Bond.destroy and Bond.create do on the bond's own host: before is what was known until now."""
    for bond in before.all(Bond):
        master = before.get(bond.master)
        slave = before.records.get(bond.primary_slave or "")
        is_gone = bond.ref not in draft.model.records and is_elsewhere(draft.model, master.host)
        if is_gone and isinstance(slave, PIF) and slave.network in draft.model.records:
            move_vifs(draft, vifs_to_move(draft.model, master.network, master.host), slave.network)
    for bond in draft.model.all(Bond):
        master = draft.model.get(bond.master)
        for slave in slaves(draft.model, bond) if is_elsewhere(draft.model, master.host) else ():
            move_vifs(draft, vifs_to_move(draft.model, slave.network, slave.host), master.network)


def is_elsewhere(model: Model, host: Ref[Host]) -> bool:
    record = model.records.get(host)
    return isinstance(record, Host) and record.elsewhere

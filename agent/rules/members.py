"""The slaves of a bond: who is primary, and what becomes of a PIF that is one, or no longer."""

from collections.abc import Sequence
from dataclasses import replace

from agent.model.draft import Draft
from agent.model.model import slaves
from agent.model.records import PIF, Bond, Ref
from agent.rules.pif import address_type_is_configured, no_ip_like, without_ip_keys


def without_duplicates(members: Sequence[Ref[PIF]]) -> list[Ref[PIF]]:
    """Each slave once, at its first place (create, step 1).

    XenAPI's implementation keeps the last place, which changes who comes first; the design says nothing.
    """
    return list(dict.fromkeys(members))


def primary_slave(members: Sequence[PIF]) -> PIF:
    """The management interface, else the first with an IP configuration, else the first (create, step 4)."""
    management = [member for member in members if member.management]
    configured = [member for member in members if address_type_is_configured(member)]
    either = [member for member in members if member.ip_configuration.is_configured()]
    return [*management, *configured, *either, *members][0]


def enslave(draft: Draft, bond: Bond, members: Sequence[PIF]) -> None:
    """The slaves know their bond (create, step 7)."""
    for member in members:
        draft.put(replace(draft.model.get(member.ref), bond_slave_of=bond.ref))


def unplug_slaves(draft: Draft, members: Sequence[PIF]) -> None:
    """No slave is plugged or is the management interface (create, step 11)."""
    for member in members:
        draft.put(replace(draft.model.get(member.ref), management=False, currently_attached=False))


def reset_slaves(draft: Draft, members: Sequence[PIF]) -> None:
    """No slave keeps an IP configuration or disallow_unplug (create, step 12)."""
    for member in members:
        slave = draft.model.get(member.ref)
        draft.put(
            replace(
                slave,
                ip_configuration=no_ip_like(slave),
                other_config=without_ip_keys(slave),
                disallow_unplug=False,
            )
        )


def free_slaves(draft: Draft, bond: Bond) -> None:
    """The slaves are plain NICs again."""
    for slave in slaves(draft.model, bond):
        draft.put(replace(slave, bond_slave_of=None))

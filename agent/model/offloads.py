"""gro, the one property of a PIF: whether its device puts received packets together (GRO)."""

from collections.abc import Mapping

from agent.model.records import PIF

GRO = "gro"
ON, OFF = "on", "off"


def wanted_gro(pif: PIF) -> bool | None:
    """None where the PIF does not say: one from an older store has no properties."""
    return None if GRO not in pif.properties else pif.properties[GRO] == ON


def gro_properties(gro: bool | None) -> Mapping[str, str]:
    """The properties of a PIF whose device has this; of one that can't tell, none."""
    return {} if gro is None else {GRO: ON if gro else OFF}

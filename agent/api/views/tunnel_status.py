"""tunnel.status: whether frames can pass, its key, and in words what is in their way."""

from agent.model.device_names import tunnel_devices
from agent.model.records import Tunnel
from agent.model.tunnels import remote_ips


def tunnel_status(tunnel: Tunnel, device: str, attached: bool, links_up: frozenset[str]) -> dict[str, str]:
    """XenAPI's keys active, key and error, which in XenAPI an external controller writes.

    device: the access PIF's; attached: whether that is plugged.
    """
    obstacle = _obstacle(tunnel, device, attached, links_up)
    status = {"active": "false" if obstacle else "true", "key": str(tunnel.key)}
    return status | ({"error": obstacle} if obstacle else {})


def _obstacle(tunnel: Tunnel, device: str, attached: bool, links_up: frozenset[str]) -> str:
    """What keeps frames from passing; "" for nothing."""
    if not attached:
        return "The access PIF is not plugged."
    if not remote_ips(tunnel):
        return "There is no other end: other_config has no remote-ips."
    down = [name for name in tunnel_devices(device, tunnel) if name not in links_up]
    return f"Without carrier: {', '.join(down)}." if down else ""

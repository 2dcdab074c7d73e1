"""pifctl bond-status: what a bond and its members do, in words."""

import json

from tests.cli.conftest import Run
from tests.cli.fake_daemon import Daemon

STATUS = {
    "device": "bond0",
    "mode": "lacp",
    "MAC": "00:16:3e:00:00:0b",
    "carrier": True,
    "active_slave": "",
    "lacp": {"aggregator": 1, "partner_mac": "02:00:00:00:00:77"},
    "ports": [
        {
            "device": "eth0",
            "carrier": True,
            "speed": 1000,
            "full_duplex": True,
            "link_failures": 1,
            "flaps": 1,
            "last_change": "2026-08-21T10:00:02.125Z",
            "changes": [{"time": "2026-08-21T10:00:02.125Z", "carrier": False}],
            "lacp": {
                "aggregator": 2,
                "actor_state": ["activity"],
                "partner_state": [],
                "actor_churn": "churned",
                "partner_churn": "",
            },
            "words": "eth0 is up but not aggregated: the partner sends no LACPDUs",
        }
    ],
    "words": "bond0 uses no member",
}

SHOWN = """\
bond0 uses no member (mode lacp, MAC 00:16:3e:00:00:0b)
  LACP: aggregator 1, partner 02:00:00:00:00:77
  eth0 is up but not aggregated: the partner sends no LACPDUs; 1000 Mbit/s full duplex; link lost 1 time, \
the latest change at 2026-08-21T10:00:02.125Z
    aggregator 2, churn: actor churned
    actor: activity
    partner: nothing
"""


def test_what_a_bond_does_is_told_in_words(daemon: Daemon, run: Run) -> None:
    daemon.results["Bond.get_status"] = STATUS
    assert run("bond-status", "uuid=bond0").output == SHOWN
    assert json.loads(run("bond-status", "uuid=bond0", "--json").output) == STATUS

"""The manual tests of the design as a table: what a host has, one call, and what it has then.

eth0 is the management interface, eth1 and eth2 are free; all three are plugged into the same switch.  Where
a VM shall be asked nothing, it has no PV drivers and would refuse.
"""

from tests.scenarios.collision import COLLISIONS
from tests.scenarios.create import CREATE
from tests.scenarios.destroy import DESTROYED, RESTART
from tests.scenarios.modes import MODES
from tests.scenarios.tunnels import TUNNELS

TABLE = (*CREATE, *COLLISIONS, *DESTROYED, *TUNNELS, *MODES, *RESTART)

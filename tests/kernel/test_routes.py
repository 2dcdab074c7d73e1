"""Many routes at once end as the same ones do one by one, by the rules written down plainly."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agent.kernel.simulate import apply_all
from agent.kernel.simulate_routes import with_routes
from agent.kernel.state import Address, KernelState, Link, Route, parsed
from agent.kernel.steps import DeleteRoute, Refused, SetRoute, Step

LINKS = {name: Link(name=name, up=name != "down") for name in ("eth0", "eth1", "down")}
HOST = KernelState(
    links=LINKS,
    addresses=frozenset({
        Address("eth0", "192.0.2.10/24"), Address("eth0", "2001:db8::10/64"),
        Address("eth1", "198.51.100.10/32", peer="203.0.113.9"),
    }),
)  # fmt: skip
NAMES = st.sampled_from(sorted(LINKS))
DESTINATIONS = st.sampled_from(("10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "203.0.113.0/24"))
GATEWAYS = st.sampled_from(("", "192.0.2.1", "203.0.113.9", "203.0.113.77", "10.1.2.3"))
DESTINATIONS_6 = st.sampled_from(("2001:db8:1::/48", "::/0", "2001:db8:2::/64"))
GATEWAYS_6 = st.sampled_from(("", "2001:db8::1", "2001:db8:1::1", "fe80::1"))
METRICS, TABLES = st.sampled_from((0, 100)), st.sampled_from((254, 7))
SOURCES = st.sampled_from(("", "192.0.2.10", "192.0.2.11"))
ROUTES = st.builds(Route, NAMES, DESTINATIONS, GATEWAYS, METRICS, table=TABLES, source=SOURCES) | st.builds(
    Route, NAMES, DESTINATIONS_6, GATEWAYS_6, METRICS, table=TABLES
)
STEPS = st.lists(
    st.builds(SetRoute, ROUTES, beside=st.booleans()) | st.builds(DeleteRoute, ROUTES), max_size=12
)


def plainly(step: Step, routes: frozenset[Route]) -> frozenset[Route]:
    """What one step makes of the routes; Refused where the kernel would refuse it."""
    if isinstance(step, DeleteRoute):
        if step.route not in routes:
            raise Refused(step, "No such process")
        return routes - {step.route}
    assert isinstance(step, SetRoute)
    route = step.route
    if not LINKS[route.link].up:
        raise Refused(step, "Network is down")
    if route.gateway and not is_near(route, routes):
        raise Refused(step, "Nexthop has invalid gateway")
    if route.source and route.source not in {a.interface.partition("/")[0] for a in HOST.addresses}:
        raise Refused(step, "Invalid prefsrc address")
    stay = (other for other in routes if step.beside or not is_rival(route, other))
    return frozenset(stay) | {route}


def is_near(route: Route, routes: frozenset[Route]) -> bool:
    gateway = parsed(route.gateway).ip
    if route.gateway.startswith("fe80:"):
        return True
    own = [a for a in HOST.addresses if a.link == route.link and a.version == gateway.version]
    direct = [r for r in routes if r.link == route.link and not r.gateway and r.version == gateway.version]
    networks = [parsed(a.interface).network for a in own] + [parsed(r.destination).network for r in direct]
    return any(gateway in network for network in networks) or any(a.peer == route.gateway for a in own)


def is_rival(one: Route, other: Route) -> bool:
    if one.version == 6:
        return (one.destination, one.metric, one.table) == (other.destination, other.metric, other.table)
    return one.key == other.key


@given(STEPS)
def test_routes_one_after_the_other_end_as_the_rules_say(steps: list[Step]) -> None:
    routes, taken = frozenset[Route](), list[Step]()
    for step in steps:
        after, refusal = outcome(step, routes)
        assert refusal_of([*taken, step]) == refusal
        if not refusal:
            routes = after
            taken.append(step)
    assert apply_all(taken, HOST) == replace(HOST, routes=routes)


def outcome(step: Step, routes: frozenset[Route]) -> tuple[frozenset[Route], str]:
    try:
        return plainly(step, routes), ""
    except Refused as refused:
        return routes, str(refused)


def refusal_of(steps: list[Step]) -> str:
    try:
        with_routes(HOST, [step for step in steps if isinstance(step, SetRoute | DeleteRoute)])
    except Refused as refused:
        return str(refused)
    return ""

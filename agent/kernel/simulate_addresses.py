"""Addresses as the kernel takes them: what comes and goes along with one of them."""

from dataclasses import replace

from agent.kernel.simulate_effects import existing
from agent.kernel.state import Address, KernelState, parsed
from agent.kernel.steps import AddAddress, AwaitAddresses, CarrySettings, DeleteAddress, Refused

LEAST_IPV6_MTU = 1280
"""RFC 8200, section 5; below it the kernel has no IPv6 on a link."""


def add_address(step: AddAddress, state: KernelState) -> KernelState:
    link = existing(step, state, step.address.link)
    if step.address.version == 6 and link.MTU < LEAST_IPV6_MTU:
        raise Refused(step, f"IPv6 needs an MTU of {LEAST_IPV6_MTU}, the link has {link.MTU}")
    if step.address.version == 6 and link.name in state.no_ipv6:
        raise Refused(step, "IPv6 is disabled on this device")
    if any(_same_address(step.address, other) for other in state.addresses):
        raise Refused(step, "File exists")
    first = not any(_same_subnet(step.address, other) for other in state.addresses)
    version = step.address.version
    added = replace(step.address, secondary=version == 4 and not first, mute=version == 6)
    return replace(state, addresses=state.addresses | {added})


def carry_settings(step: CarrySettings, state: KernelState) -> KernelState:
    if step.source not in state.no_ipv6:
        return state
    left = frozenset(a for a in state.addresses if a.link != step.target or a.version == 4)
    return replace(state, addresses=left, no_ipv6=state.no_ipv6 | {step.target})


def await_addresses(step: AwaitAddresses, state: KernelState) -> KernelState:
    """The route by which packets to a new IPv6 address come in is made by a worker of the kernel's, later."""
    now = {replace(a, mute=False) if a.link == step.name and a.mute else a for a in state.addresses}
    return replace(state, addresses=frozenset(now))


def delete_address(step: DeleteAddress, state: KernelState) -> KernelState:
    """The first IPv4 address of a subnet takes the others with it, and the last of a link the link's routes.

    So does the last that is an address at all the routes that packets leave by with that one.
    """
    address = step.address
    there = [other for other in state.addresses if _same_address(address, other)]
    if not there:
        raise Refused(step, "Cannot assign requested address")
    gone = {*there}
    if address.version == 4 and not there[0].secondary:
        gone |= {a for a in state.addresses if a.secondary and _same_subnet(address, a)}
    left, routes = state.addresses - gone, state.routes
    if address.version == 4 and not any(a.link == address.link and a.version == 4 for a in left):
        routes = frozenset(r for r in routes if r.link != address.link or r.version != 4)
    hosts = {_host(a) for a in gone if a.version == 4} - {_host(a) for a in left}
    return replace(state, addresses=left, routes=frozenset(r for r in routes if r.source not in hosts))


def _same_address(one: Address, other: Address) -> bool:
    return one.link == other.link and (
        one.interface == other.interface or parsed(one.interface) == parsed(other.interface)
    )


def _same_subnet(one: Address, other: Address) -> bool:
    """Whether the kernel counts one of them as secondary, beside the other."""
    if one.link != other.link or one.version == 6 or other.version == 6:
        return False
    return parsed(one.interface).network == parsed(other.interface).network


def _host(address: Address) -> str:
    return address.interface.partition("/")[0]

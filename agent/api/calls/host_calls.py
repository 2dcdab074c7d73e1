"""What generic clients ask of a host and of its pool, and of classes that have no objects here."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime

from agent.api.calls.call import Call
from agent.api.encodings.values import Value, shortened
from agent.api.records.parameters import Parameter, parameter_of
from agent.api.records.record import on_wire
from agent.errors import HandleInvalid, UUIDInvalid
from agent.model.model import management_of
from agent.model.records import Host, Ref

# Classes of XenAPI's outside of networking, which generic clients read all the same.
WITHOUT_OBJECTS = (
    "blob", "Certificate", "Cluster", "Cluster_host", "console", "crashdump", "DR_task", "Driver_variant",
    "Feature", "GPU_group", "host_cpu", "host_crashdump", "Host_driver", "host_metrics", "host_patch", "LVHD",
    "network_sriov", "Observer", "PBD", "PCI", "PGPU", "pool_patch", "pool_update", "PUSB",
    "PVS_cache_storage", "PVS_proxy", "PVS_server", "PVS_site", "Repository", "role", "SDN_controller",
    "secret", "SM", "SR", "subject", "USB_group", "user", "VBD", "VBD_metrics", "VDI", "VGPU", "VGPU_type",
    "VIF_metrics", "VM_appliance", "VM_group", "VM_metrics", "VMPP", "VMSS", "VTPM", "VUSB",
)  # fmt: skip

Run = Callable[..., Awaitable[Value]]


def of_no_objects(name: str) -> Iterator[tuple[str, tuple[Parameter, ...], Run]]:
    """Name, parameters and function of the getters of a class that has no objects."""

    async def none(call: Call, **given: str) -> Value:
        return []

    async def no_records(call: Call, **given: str) -> Value:
        return {}

    async def unknown_ref(call: Call, self: str) -> Value:
        raise HandleInvalid(name, shortened(self))

    async def unknown_uuid(call: Call, uuid: str) -> Value:
        raise UUIDInvalid(name, shortened(uuid))

    yield "get_all", (), none
    yield "get_all_records", (), no_records
    yield "get_all_records_where", (parameter_of("expr", str),), no_records
    yield "get_by_name_label", (parameter_of("label", str),), none
    yield "get_by_uuid", (parameter_of("uuid", str),), unknown_uuid
    yield "get_record", (parameter_of("self", str),), unknown_ref


async def get_management_interface(call: Call, host: Ref[Host]) -> Value:
    """The host's management interface, or the null reference (XenAPI, host.get_management_interface)."""
    model = call.agent.engine.model
    pif = management_of(model, model.find(Host, host).ref)
    return on_wire(None if pif is None else pif.ref)


async def get_servertime(call: Call, host: Ref[Host]) -> Value:
    """The host's clock, in UTC (XenAPI, host.get_servertime)."""
    call.agent.engine.model.find(Host, host)
    return datetime.now(UTC)


async def get_server_localtime(call: Call, host: Ref[Host]) -> Value:
    """The host's clock as it shows where the host is (XenAPI, host.get_server_localtime).

    XenAPI's dates have no zone, so this one is written as if it were UTC.
    """
    call.agent.engine.model.find(Host, host)
    return datetime.now().astimezone().replace(tzinfo=UTC)


async def signal_networking_change(call: Call) -> Value:
    """Have everybody who waits for events look again (XenAPI, host.signal_networking_change)."""
    call.agent.engine.notifier.notify()
    return ""


async def sync_database(call: Call) -> Value:
    """Nothing: each change is in the store before it is answered (XenAPI, pool.sync_database)."""
    return ""

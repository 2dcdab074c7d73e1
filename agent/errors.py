"""The failures that a caller can get: one class per XenAPI error code.

The docstring of a class is the sentence that a person reads, `code` is XenAPI's, and `names` are the
parameters in XenAPI's order.  Raise them with one string per name: `PIFUnmanaged(pif.ref)`.
"""

LONGEST = 8192
"""Characters of a parameter: one that repeats what a caller gave must not carry megabytes back."""


class Failure(Exception):
    """The call was refused or failed, and nothing has changed."""

    code = ""
    names: tuple[str, ...] = ()

    def __init_subclass__(cls, *, code: str = "", names: tuple[str, ...] = ()) -> None:
        cls.code, cls.names = code or cls.code, names or cls.names

    def __init__(self, *parameters: str) -> None:
        if len(parameters) != len(self.names):
            raise TypeError(f"{self.code} takes {len(self.names)} parameters, got {len(parameters)}")
        self.parameters = tuple(map(abridged, parameters))
        super().__init__(*self.parameters)

    def __str__(self) -> str:
        return f"{self.code}[{', '.join(self.parameters)}]"


def abridged(text: str) -> str:
    """A text without its middle, if it is too long: what was given stands first, the reason last."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]}"


def by_code(code: str) -> type[Failure] | None:
    """The class of an error code, or None for a code that this program does not know."""
    return next((kind for kind in Failure.__subclasses__() if kind.code == code), None)


class CannotTakeOver(Failure, code="PIFD_CANNOT_TAKE_OVER", names=("device", "reason")):
    """A NIC carries something that pifd cannot represent, so it leaves the host as it is."""


class LeftBehind(CannotTakeOver):
    """There are devices of pifd's on the host, and the store that tells what they are for is not here."""


class ConfiguredByOther(CannotTakeOver):
    """A program that runs would put the NIC's addresses and routes back below pifd's bridge, so the host stays as it is until the NIC is handed over."""


class StoreUnavailable(Failure, code="PIFD_STORE_UNAVAILABLE", names=("reason",)):
    """Nothing can be changed, because pifd can't write down what it would do."""


class InternalError(Failure, code="INTERNAL_ERROR", names=("message",)):
    """The server failed to handle your request, due to an internal error. The given message may give details useful for debugging the problem."""


class MessageMethodUnknown(Failure, code="MESSAGE_METHOD_UNKNOWN", names=("method",)):
    """You tried to call a method that does not exist. The method name that you used is echoed."""


class MessageParameterCountMismatch(
    Failure, code="MESSAGE_PARAMETER_COUNT_MISMATCH", names=("method", "expected", "received")
):
    """You tried to call a method with the incorrect number of parameters. The fully-qualified method name that you used, and the number of received and expected parameters are returned."""


class FieldTypeError(Failure, code="FIELD_TYPE_ERROR", names=("field", "reason")):
    """The value specified is of the wrong type."""


class SessionInvalid(Failure, code="SESSION_INVALID", names=("handle",)):
    """You gave an invalid session reference. It may have been invalidated by a server restart, or timed out. Get a new session handle, using one of the session.login_ calls."""


class HandleInvalid(Failure, code="HANDLE_INVALID", names=("class", "handle")):
    """You gave an invalid object reference. The object may have recently been deleted. The class parameter gives the type of reference given, and the handle parameter echoes the bad value given."""


class UUIDInvalid(Failure, code="UUID_INVALID", names=("type", "uuid")):
    """The uuid you supplied was invalid."""


class InvalidValue(Failure, code="INVALID_VALUE", names=("field", "value")):
    """The value given is invalid"""


class MACInvalid(Failure, code="MAC_INVALID", names=("MAC",)):
    """The MAC address specified is not valid."""


class InvalidIPAddressSpecified(Failure, code="INVALID_IP_ADDRESS_SPECIFIED", names=("parameter",)):
    """A required parameter contained an invalid IP address"""


class NetworkUnmanaged(Failure, code="NETWORK_UNMANAGED", names=("network",)):
    """The network is not managed by xapi."""


class NetworkAlreadyConnected(Failure, code="NETWORK_ALREADY_CONNECTED", names=("network", "connected PIF")):
    """You tried to create a PIF, but the network you tried to attach it to is already attached to some other PIF, and so the creation failed."""


class NetworkContainsPIF(Failure, code="NETWORK_CONTAINS_PIF", names=("pifs",)):
    """The network contains active PIFs and cannot be deleted."""


class BridgeNameExists(Failure, code="BRIDGE_NAME_EXISTS", names=("bridge",)):
    """The specified bridge already exists."""


class PIFUnmanaged(Failure, code="PIF_UNMANAGED", names=("PIF",)):
    """The operation you requested cannot be performed because the specified PIF is not managed by xapi."""


class PIFBondNeedsMoreMembers(Failure, code="PIF_BOND_NEEDS_MORE_MEMBERS"):
    """A bond must consist of at least two member interfaces"""


class PIFAlreadyBonded(Failure, code="PIF_ALREADY_BONDED", names=("PIF",)):
    """This operation cannot be performed because the pif is bonded."""


class PIFVLANExists(Failure, code="PIF_VLAN_EXISTS", names=("PIF",)):
    """You tried to create a PIF, but it already exists."""


class PIFCannotBondCrossHost(Failure, code="PIF_CANNOT_BOND_CROSS_HOST"):
    """You cannot bond interfaces across different hosts."""


class PIFBondMoreThanOneIP(Failure, code="PIF_BOND_MORE_THAN_ONE_IP"):
    """Only one PIF on a bond is allowed to have an IP configuration."""


class PIFIncompatiblePrimaryAddressType(
    Failure, code="PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE", names=("PIF",)
):
    """The primary address types are not compatible"""


class IncompatiblePIFProperties(Failure, code="INCOMPATIBLE_PIF_PROPERTIES"):
    """These PIFs cannot be bonded, because their properties are different."""


class CannotPlugBondSlave(Failure, code="CANNOT_PLUG_BOND_SLAVE", names=("PIF",)):
    """This PIF is a bond member and cannot be plugged."""


class PIFIsManagementInterface(Failure, code="PIF_IS_MANAGEMENT_INTERFACE", names=("PIF",)):
    """The operation you requested cannot be performed because the specified PIF is the management interface."""


class PIFDoesNotAllowUnplug(Failure, code="PIF_DOES_NOT_ALLOW_UNPLUG", names=("PIF",)):
    """The operation you requested cannot be performed because the specified PIF does not allow unplug."""


class PIFIsNotPhysical(Failure, code="PIF_IS_NOT_PHYSICAL", names=("PIF",)):
    """You tried to perform an operation which is only available on physical PIF"""


class PIFHasNoNetworkConfiguration(Failure, code="PIF_HAS_NO_NETWORK_CONFIGURATION", names=("PIF",)):
    """PIF has no IP configuration (mode currently set to 'none')"""


class PIFHasNoV6NetworkConfiguration(Failure, code="PIF_HAS_NO_V6_NETWORK_CONFIGURATION", names=("PIF",)):
    """PIF has no IPv6 configuration (mode currently set to 'none')"""


class DuplicatePIFDeviceName(Failure, code="DUPLICATE_PIF_DEVICE_NAME", names=("device",)):
    """A PIF with this specified device name already exists."""


class NoSuchNIC(
    Failure,
    code="COULD_NOT_FIND_NETWORK_INTERFACE_WITH_SPECIFIED_DEVICE_NAME_AND_MAC_ADDRESS",
    names=("device", "mac"),
):
    """Could not find a network interface with the specified device name and MAC address."""


class PIFConfigurationError(Failure, code="PIF_CONFIGURATION_ERROR", names=("PIF", "msg")):
    """An unknown error occurred while attempting to configure an interface."""


class PIFIsPhysical(Failure, code="PIF_IS_PHYSICAL", names=("PIF",)):
    """You tried to destroy a PIF, but it represents an aspect of the physical host configuration, and so cannot be destroyed. The parameter echoes the PIF handle you gave."""


class PIFIsVLAN(Failure, code="PIF_IS_VLAN", names=("PIF",)):
    """You tried to create a VLAN on top of another VLAN - use the underlying physical PIF/bond instead"""


class PIFVLANStillExists(Failure, code="PIF_VLAN_STILL_EXISTS", names=("PIF",)):
    """Operation cannot proceed while a VLAN exists on this interface."""


class PIFTunnelStillExists(Failure, code="PIF_TUNNEL_STILL_EXISTS", names=("PIF",)):
    """Operation cannot proceed while a tunnel exists on this interface."""


class VLANTagInvalid(Failure, code="VLAN_TAG_INVALID", names=("VLAN",)):
    """The VLAN tag you gave was invalid -- it must be between 0 and 4094. The parameter echoes the VLAN tag you gave."""


class VLANInUse(Failure, code="VLAN_IN_USE", names=("device", "vlan")):
    """Operation cannot be performed because this VLAN is already in use. Please check your network configuration."""


class CannotAddVLANToBondSlave(Failure, code="CANNOT_ADD_VLAN_TO_BOND_SLAVE", names=("PIF",)):
    """This PIF is a bond member and cannot have a VLAN on it."""


class CannotAddTunnelToBondSlave(Failure, code="CANNOT_ADD_TUNNEL_TO_BOND_SLAVE", names=("PIF",)):
    """This PIF is a bond member and cannot have a tunnel on it."""


class IsTunnelAccessPIF(Failure, code="IS_TUNNEL_ACCESS_PIF", names=("PIF",)):
    """Cannot create a VLAN or tunnel on top of a tunnel access PIF - use the underlying transport PIF instead."""


class TransportPIFNotConfigured(Failure, code="TRANSPORT_PIF_NOT_CONFIGURED", names=("PIF",)):
    """The tunnel transport PIF has no IP configuration set."""


class NetworkContainsVIF(Failure, code="NETWORK_CONTAINS_VIF", names=("vifs",)):
    """The network contains active VIFs and cannot be deleted."""


class VIFInUse(Failure, code="VIF_IN_USE", names=("network", "VIF")):
    """Network has active VIFs"""


class InvalidDevice(Failure, code="INVALID_DEVICE", names=("device",)):
    """The device name is invalid"""


class DeviceAlreadyExists(Failure, code="DEVICE_ALREADY_EXISTS", names=("device",)):
    """A device with the name given already exists on the selected VM"""


class DeviceAlreadyAttached(Failure, code="DEVICE_ALREADY_ATTACHED", names=("device",)):
    """The device is already attached to a VM"""


class DeviceAlreadyDetached(Failure, code="DEVICE_ALREADY_DETACHED", names=("device",)):
    """The device is not currently attached"""


class DeviceAttachRejected(Failure, code="DEVICE_ATTACH_REJECTED", names=("type", "ref", "msg")):
    """The VM rejected the attempt to attach the device."""


class DeviceDetachRejected(Failure, code="DEVICE_DETACH_REJECTED", names=("type", "ref", "msg")):
    """The VM rejected the attempt to detach the device."""


class DeviceAttachTimeout(Failure, code="DEVICE_ATTACH_TIMEOUT", names=("type", "ref")):
    """A timeout happened while attempting to attach a device to a VM."""


class DeviceDetachTimeout(Failure, code="DEVICE_DETACH_TIMEOUT", names=("type", "ref")):
    """A timeout happened while attempting to detach a device from a VM."""


class VMBadPowerState(Failure, code="VM_BAD_POWER_STATE", names=("vm", "expected", "actual")):
    """You attempted an operation on a VM that was not in an appropriate power state at the time; for example, you attempted to start a VM that was already running. The parameters returned are the VM's handle, and the expected and actual VM state at the time of the call."""


class VMMissingPVDrivers(Failure, code="VM_MISSING_PV_DRIVERS", names=("vm",)):
    """You attempted an operation on a VM which requires PV drivers to be installed but the drivers were not detected."""


class VMIsTemplate(Failure, code="VM_IS_TEMPLATE", names=("vm",)):
    """The operation attempted is not valid for a template VM"""


class OperationNotAllowed(Failure, code="OPERATION_NOT_ALLOWED", names=("reason",)):
    """You attempted an operation that was not allowed."""


class MapDuplicateKey(Failure, code="MAP_DUPLICATE_KEY", names=("type", "param_name", "uuid", "key")):
    """You tried to add a key-value pair to a map, but that key is already there."""


class TaskCancelled(Failure, code="TASK_CANCELLED", names=("task",)):
    """The request was asynchronously canceled."""


class TooManyPendingTasks(Failure, code="TOO_MANY_PENDING_TASKS"):
    """The request has been rejected because there are too many pending tasks on the server."""


class InvalidCIDRAddressSpecified(Failure, code="INVALID_CIDR_ADDRESS_SPECIFIED", names=("parameter",)):
    """A required parameter contained an invalid CIDR address (<addr>/<prefix length>)"""


class CannotChangePIFProperties(Failure, code="CANNOT_CHANGE_PIF_PROPERTIES", names=("PIF",)):
    """This properties of this PIF cannot be changed. Only the properties of non-bonded physical PIFs, or bond masters can be changed."""


class PIFNotPresent(Failure, code="PIF_NOT_PRESENT", names=("host", "network")):
    """This host has no PIF on the given network."""


class NotInEmergencyMode(Failure, code="NOT_IN_EMERGENCY_MODE"):
    """This pool is not in emergency mode."""


class PoolUnavailable(Failure, code="PIFD_POOL_UNAVAILABLE", names=("reason",)):
    """The pool's store can't be used, so nothing can be changed that all hosts share."""


class PoolChanged(Failure, code="PIFD_POOL_CHANGED", names=("what",)):
    """Another host has changed the same at the same time. Try again."""


class HostDoesNotAnswer(Failure, code="HOST_OFFLINE", names=("host", "reason")):
    """The host that is to carry the call out does not answer."""


class JoiningHostCannotBeMasterOfOtherHosts(Failure, code="JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS"):
    """The host joining the pool cannot already be a master of another pool."""


class JoiningHostCannotHaveRunningOrSuspendedVMs(
    Failure, code="JOINING_HOST_CANNOT_HAVE_RUNNING_OR_SUSPENDED_VMS"
):
    """The host joining the pool cannot have any running or suspended VMs."""


class PoolJoiningHostHasBonds(Failure, code="POOL_JOINING_HOST_HAS_BONDS"):
    """The host joining the pool must not have any bonds."""


class PoolJoiningHostHasTunnels(Failure, code="POOL_JOINING_HOST_HAS_TUNNELS"):
    """The host joining the pool must not have any tunnels."""


class PoolJoiningHostHasNonManagementVLANs(Failure, code="POOL_JOINING_HOST_HAS_NON_MANAGEMENT_VLANS"):
    """The host joining the pool must not have any non-management vlans."""


class PoolJoiningHostManagementVLANDoesNotMatch(
    Failure, code="POOL_JOINING_HOST_MANAGEMENT_VLAN_DOES_NOT_MATCH", names=("local", "remote")
):
    """The host joining the pool must have the same management vlan."""


class NoCorrespondingNIC(Failure, code="PIFD_NO_CORRESPONDING_NIC", names=("host", "bond")):
    """None of the bond's NICs has its like on the host."""


class EventSubscriptionParseFailure(
    Failure, code="EVENT_SUBSCRIPTION_PARSE_FAILURE", names=("subscription",)
):
    """The server failed to parse your event subscription. Valid values include: *, class-name, class-name/object-reference."""


class EventFromTokenParseFailure(Failure, code="EVENT_FROM_TOKEN_PARSE_FAILURE", names=("token",)):
    """The event.from token could not be parsed. Valid values include: '', and a value returned from a previous event.from call."""


class SessionNotRegistered(Failure, code="SESSION_NOT_REGISTERED", names=("handle",)):
    """This session is not registered to receive events. You must call event.register before event.next. The session handle you are using is echoed."""


class EventsLost(Failure, code="EVENTS_LOST"):
    """Some events have been lost from the queue and cannot be retrieved."""


class RBACPermissionDenied(Failure, code="RBAC_PERMISSION_DENIED", names=("permission", "message")):
    """RBAC permission denied."""


class AuditLogUnavailable(Failure, code="PIFD_AUDIT_LOG_UNAVAILABLE", names=("path", "reason")):
    """The audit log cannot be written, and without it no change is made."""

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


class CannotTakeOver(Failure):
    """A NIC carries something that pifd cannot represent, so it leaves the host as it is."""

    code = "PIFD_CANNOT_TAKE_OVER"
    names = ("device", "reason")


class LeftBehind(CannotTakeOver):
    """There are devices of pifd's on the host, and the store that tells what they are for is not here."""


class ConfiguredByOther(CannotTakeOver):
    """A program that runs would put the NIC's addresses and routes back below pifd's bridge, so the host stays as it is until the NIC is handed over."""


class StoreUnavailable(Failure):
    """Nothing can be changed, because pifd can't write down what it would do."""

    code = "PIFD_STORE_UNAVAILABLE"
    names = ("reason",)


class InternalError(Failure):
    """The server failed to handle your request, due to an internal error. The given message may give details useful for debugging the problem."""

    code = "INTERNAL_ERROR"
    names = ("message",)


class MessageMethodUnknown(Failure):
    """You tried to call a method that does not exist. The method name that you used is echoed."""

    code = "MESSAGE_METHOD_UNKNOWN"
    names = ("method",)


class MessageParameterCountMismatch(Failure):
    """You tried to call a method with the incorrect number of parameters. The fully-qualified method name that you used, and the number of received and expected parameters are returned."""

    code = "MESSAGE_PARAMETER_COUNT_MISMATCH"
    names = ("method", "expected", "received")


class FieldTypeError(Failure):
    """The value specified is of the wrong type."""

    code = "FIELD_TYPE_ERROR"
    names = ("field", "reason")


class SessionInvalid(Failure):
    """You gave an invalid session reference. It may have been invalidated by a server restart, or timed out. Get a new session handle, using one of the session.login_ calls."""

    code = "SESSION_INVALID"
    names = ("handle",)


class HandleInvalid(Failure):
    """You gave an invalid object reference. The object may have recently been deleted. The class parameter gives the type of reference given, and the handle parameter echoes the bad value given."""

    code = "HANDLE_INVALID"
    names = ("class", "handle")


class UUIDInvalid(Failure):
    """The uuid you supplied was invalid."""

    code = "UUID_INVALID"
    names = ("type", "uuid")


class InvalidValue(Failure):
    """The value given is invalid"""

    code = "INVALID_VALUE"
    names = ("field", "value")


class MACInvalid(Failure):
    """The MAC address specified is not valid."""

    code = "MAC_INVALID"
    names = ("MAC",)


class InvalidIPAddressSpecified(Failure):
    """A required parameter contained an invalid IP address"""

    code = "INVALID_IP_ADDRESS_SPECIFIED"
    names = ("parameter",)


class NetworkUnmanaged(Failure):
    """The network is not managed by xapi."""

    code = "NETWORK_UNMANAGED"
    names = ("network",)


class NetworkAlreadyConnected(Failure):
    """You tried to create a PIF, but the network you tried to attach it to is already attached to some other PIF, and so the creation failed."""

    code = "NETWORK_ALREADY_CONNECTED"
    names = ("network", "connected PIF")


class NetworkContainsPIF(Failure):
    """The network contains active PIFs and cannot be deleted."""

    code = "NETWORK_CONTAINS_PIF"
    names = ("pifs",)


class BridgeNameExists(Failure):
    """The specified bridge already exists."""

    code = "BRIDGE_NAME_EXISTS"
    names = ("bridge",)


class PIFUnmanaged(Failure):
    """The operation you requested cannot be performed because the specified PIF is not managed by xapi."""

    code = "PIF_UNMANAGED"
    names = ("PIF",)


class PIFBondNeedsMoreMembers(Failure):
    """A bond must consist of at least two member interfaces"""

    code = "PIF_BOND_NEEDS_MORE_MEMBERS"


class PIFAlreadyBonded(Failure):
    """This operation cannot be performed because the pif is bonded."""

    code = "PIF_ALREADY_BONDED"
    names = ("PIF",)


class PIFVLANExists(Failure):
    """You tried to create a PIF, but it already exists."""

    code = "PIF_VLAN_EXISTS"
    names = ("PIF",)


class PIFCannotBondCrossHost(Failure):
    """You cannot bond interfaces across different hosts."""

    code = "PIF_CANNOT_BOND_CROSS_HOST"


class PIFBondMoreThanOneIP(Failure):
    """Only one PIF on a bond is allowed to have an IP configuration."""

    code = "PIF_BOND_MORE_THAN_ONE_IP"


class PIFIncompatiblePrimaryAddressType(Failure):
    """The primary address types are not compatible"""

    code = "PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE"
    names = ("PIF",)


class IncompatiblePIFProperties(Failure):
    """These PIFs cannot be bonded, because their properties are different."""

    code = "INCOMPATIBLE_PIF_PROPERTIES"


class CannotPlugBondSlave(Failure):
    """This PIF is a bond member and cannot be plugged."""

    code = "CANNOT_PLUG_BOND_SLAVE"
    names = ("PIF",)


class PIFIsManagementInterface(Failure):
    """The operation you requested cannot be performed because the specified PIF is the management interface."""

    code = "PIF_IS_MANAGEMENT_INTERFACE"
    names = ("PIF",)


class PIFDoesNotAllowUnplug(Failure):
    """The operation you requested cannot be performed because the specified PIF does not allow unplug."""

    code = "PIF_DOES_NOT_ALLOW_UNPLUG"
    names = ("PIF",)


class PIFIsNotPhysical(Failure):
    """You tried to perform an operation which is only available on physical PIF"""

    code = "PIF_IS_NOT_PHYSICAL"
    names = ("PIF",)


class PIFHasNoNetworkConfiguration(Failure):
    """PIF has no IP configuration (mode currently set to 'none')"""

    code = "PIF_HAS_NO_NETWORK_CONFIGURATION"
    names = ("PIF",)


class PIFHasNoV6NetworkConfiguration(Failure):
    """PIF has no IPv6 configuration (mode currently set to 'none')"""

    code = "PIF_HAS_NO_V6_NETWORK_CONFIGURATION"
    names = ("PIF",)


class DuplicatePIFDeviceName(Failure):
    """A PIF with this specified device name already exists."""

    code = "DUPLICATE_PIF_DEVICE_NAME"
    names = ("device",)


class NoSuchNIC(Failure):
    """Could not find a network interface with the specified device name and MAC address."""

    code = "COULD_NOT_FIND_NETWORK_INTERFACE_WITH_SPECIFIED_DEVICE_NAME_AND_MAC_ADDRESS"
    names = ("device", "mac")


class PIFConfigurationError(Failure):
    """An unknown error occurred while attempting to configure an interface."""

    code = "PIF_CONFIGURATION_ERROR"
    names = ("PIF", "msg")


class PIFIsPhysical(Failure):
    """You tried to destroy a PIF, but it represents an aspect of the physical host configuration, and so cannot be destroyed. The parameter echoes the PIF handle you gave."""

    code = "PIF_IS_PHYSICAL"
    names = ("PIF",)


class PIFIsVLAN(Failure):
    """You tried to create a VLAN on top of another VLAN - use the underlying physical PIF/bond instead"""

    code = "PIF_IS_VLAN"
    names = ("PIF",)


class PIFVLANStillExists(Failure):
    """Operation cannot proceed while a VLAN exists on this interface."""

    code = "PIF_VLAN_STILL_EXISTS"
    names = ("PIF",)


class PIFTunnelStillExists(Failure):
    """Operation cannot proceed while a tunnel exists on this interface."""

    code = "PIF_TUNNEL_STILL_EXISTS"
    names = ("PIF",)


class VLANTagInvalid(Failure):
    """The VLAN tag you gave was invalid -- it must be between 0 and 4094. The parameter echoes the VLAN tag you gave."""

    code = "VLAN_TAG_INVALID"
    names = ("VLAN",)


class VLANInUse(Failure):
    """Operation cannot be performed because this VLAN is already in use. Please check your network configuration."""

    code = "VLAN_IN_USE"
    names = ("device", "vlan")


class CannotAddVLANToBondSlave(Failure):
    """This PIF is a bond member and cannot have a VLAN on it."""

    code = "CANNOT_ADD_VLAN_TO_BOND_SLAVE"
    names = ("PIF",)


class CannotAddTunnelToBondSlave(Failure):
    """This PIF is a bond member and cannot have a tunnel on it."""

    code = "CANNOT_ADD_TUNNEL_TO_BOND_SLAVE"
    names = ("PIF",)


class IsTunnelAccessPIF(Failure):
    """Cannot create a VLAN or tunnel on top of a tunnel access PIF - use the underlying transport PIF instead."""

    code = "IS_TUNNEL_ACCESS_PIF"
    names = ("PIF",)


class TransportPIFNotConfigured(Failure):
    """The tunnel transport PIF has no IP configuration set."""

    code = "TRANSPORT_PIF_NOT_CONFIGURED"
    names = ("PIF",)


class NetworkContainsVIF(Failure):
    """The network contains active VIFs and cannot be deleted."""

    code = "NETWORK_CONTAINS_VIF"
    names = ("vifs",)


class VIFInUse(Failure):
    """Network has active VIFs"""

    code = "VIF_IN_USE"
    names = ("network", "VIF")


class InvalidDevice(Failure):
    """The device name is invalid"""

    code = "INVALID_DEVICE"
    names = ("device",)


class DeviceAlreadyExists(Failure):
    """A device with the name given already exists on the selected VM"""

    code = "DEVICE_ALREADY_EXISTS"
    names = ("device",)


class DeviceAlreadyAttached(Failure):
    """The device is already attached to a VM"""

    code = "DEVICE_ALREADY_ATTACHED"
    names = ("device",)


class DeviceAlreadyDetached(Failure):
    """The device is not currently attached"""

    code = "DEVICE_ALREADY_DETACHED"
    names = ("device",)


class DeviceAttachRejected(Failure):
    """The VM rejected the attempt to attach the device."""

    code = "DEVICE_ATTACH_REJECTED"
    names = ("type", "ref", "msg")


class DeviceDetachRejected(Failure):
    """The VM rejected the attempt to detach the device."""

    code = "DEVICE_DETACH_REJECTED"
    names = ("type", "ref", "msg")


class DeviceAttachTimeout(Failure):
    """A timeout happened while attempting to attach a device to a VM."""

    code = "DEVICE_ATTACH_TIMEOUT"
    names = ("type", "ref")


class DeviceDetachTimeout(Failure):
    """A timeout happened while attempting to detach a device from a VM."""

    code = "DEVICE_DETACH_TIMEOUT"
    names = ("type", "ref")


class VMBadPowerState(Failure):
    """You attempted an operation on a VM that was not in an appropriate power state at the time; for example, you attempted to start a VM that was already running. The parameters returned are the VM's handle, and the expected and actual VM state at the time of the call."""

    code = "VM_BAD_POWER_STATE"
    names = ("vm", "expected", "actual")


class VMMissingPVDrivers(Failure):
    """You attempted an operation on a VM which requires PV drivers to be installed but the drivers were not detected."""

    code = "VM_MISSING_PV_DRIVERS"
    names = ("vm",)


class VMIsTemplate(Failure):
    """The operation attempted is not valid for a template VM"""

    code = "VM_IS_TEMPLATE"
    names = ("vm",)


class OperationNotAllowed(Failure):
    """You attempted an operation that was not allowed."""

    code = "OPERATION_NOT_ALLOWED"
    names = ("reason",)


class MapDuplicateKey(Failure):
    """You tried to add a key-value pair to a map, but that key is already there."""

    code = "MAP_DUPLICATE_KEY"
    names = ("type", "param_name", "uuid", "key")


class TaskCancelled(Failure):
    """The request was asynchronously canceled."""

    code = "TASK_CANCELLED"
    names = ("task",)


class TooManyPendingTasks(Failure):
    """The request has been rejected because there are too many pending tasks on the server."""

    code = "TOO_MANY_PENDING_TASKS"


class InvalidCIDRAddressSpecified(Failure):
    """A required parameter contained an invalid CIDR address (<addr>/<prefix length>)"""

    code = "INVALID_CIDR_ADDRESS_SPECIFIED"
    names = ("parameter",)


class CannotChangePIFProperties(Failure):
    """This properties of this PIF cannot be changed. Only the properties of non-bonded physical PIFs, or bond masters can be changed."""

    code = "CANNOT_CHANGE_PIF_PROPERTIES"
    names = ("PIF",)


class PIFNotPresent(Failure):
    """This host has no PIF on the given network."""

    code = "PIF_NOT_PRESENT"
    names = ("host", "network")


class NotInEmergencyMode(Failure):
    """This pool is not in emergency mode."""

    code = "NOT_IN_EMERGENCY_MODE"


class PoolUnavailable(Failure):
    """The pool's store can't be used, so nothing can be changed that all hosts share."""

    code = "PIFD_POOL_UNAVAILABLE"
    names = ("reason",)


class PoolChanged(Failure):
    """Another host has changed the same at the same time. Try again."""

    code = "PIFD_POOL_CHANGED"
    names = ("what",)


class HostDoesNotAnswer(Failure):
    """The host that is to carry the call out does not answer."""

    code = "HOST_OFFLINE"
    names = ("host", "reason")


class JoiningHostCannotBeMasterOfOtherHosts(Failure):
    """The host joining the pool cannot already be a master of another pool."""

    code = "JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS"


class JoiningHostCannotHaveRunningOrSuspendedVMs(Failure):
    """The host joining the pool cannot have any running or suspended VMs."""

    code = "JOINING_HOST_CANNOT_HAVE_RUNNING_OR_SUSPENDED_VMS"


class PoolJoiningHostHasBonds(Failure):
    """The host joining the pool must not have any bonds."""

    code = "POOL_JOINING_HOST_HAS_BONDS"


class PoolJoiningHostHasTunnels(Failure):
    """The host joining the pool must not have any tunnels."""

    code = "POOL_JOINING_HOST_HAS_TUNNELS"


class PoolJoiningHostHasNonManagementVLANs(Failure):
    """The host joining the pool must not have any non-management vlans."""

    code = "POOL_JOINING_HOST_HAS_NON_MANAGEMENT_VLANS"


class PoolJoiningHostManagementVLANDoesNotMatch(Failure):
    """The host joining the pool must have the same management vlan."""

    code = "POOL_JOINING_HOST_MANAGEMENT_VLAN_DOES_NOT_MATCH"
    names = ("local", "remote")


class NoCorrespondingNIC(Failure):
    """None of the bond's NICs has its like on the host."""

    code = "PIFD_NO_CORRESPONDING_NIC"
    names = ("host", "bond")


class EventSubscriptionParseFailure(Failure):
    """The server failed to parse your event subscription. Valid values include: *, class-name, class-name/object-reference."""

    code = "EVENT_SUBSCRIPTION_PARSE_FAILURE"
    names = ("subscription",)


class EventFromTokenParseFailure(Failure):
    """The event.from token could not be parsed. Valid values include: '', and a value returned from a previous event.from call."""

    code = "EVENT_FROM_TOKEN_PARSE_FAILURE"
    names = ("token",)


class SessionNotRegistered(Failure):
    """This session is not registered to receive events. You must call event.register before event.next. The session handle you are using is echoed."""

    code = "SESSION_NOT_REGISTERED"
    names = ("handle",)


class EventsLost(Failure):
    """Some events have been lost from the queue and cannot be retrieved."""

    code = "EVENTS_LOST"


class RBACPermissionDenied(Failure):
    """RBAC permission denied."""

    code = "RBAC_PERMISSION_DENIED"
    names = ("permission", "message")


class AuditLogUnavailable(Failure):
    """The audit log cannot be written, and without it no change is made."""

    code = "PIFD_AUDIT_LOG_UNAVAILABLE"
    names = ("path", "reason")

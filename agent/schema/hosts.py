"""Pools, hosts, sessions, tasks and messages."""

from agent.schema.field import MAP, OTHER_CONFIG, RO, RW, UUID, Class, always, back, computed, labels, stored

# One field a line, however long.
# fmt: off

NO_HA = "there is no high availability here"
NO_USERS = "users are the host's own: see auth_user_name"
NO_SUBTASKS = "a call is one task"
API_VERSION = "that of the XenAPI whose calls are here; those that are not are in docs/calls.md"

POOL = Class(
    "pool",
    "pool",
    ("uuid", "name-label", "name-description", "master", "default-SR"),
    (
        *labels(RW),
        stored("master", "master", "host ref"),
        always("default_SR", "default-SR", "SR ref", None, "disks are not known here"),
        OTHER_CONFIG,
        always("ha_enabled", "ha-enabled", "bool", False, NO_HA),
        always("ha_allow_overcommit", "ha-allow-overcommit", "bool", False, NO_HA),
        always("igmp_snooping_enabled", "igmp-snooping-enabled", "bool", False, "bridges are made without it"),
        always("redo_log_enabled", "", "bool", False, NO_HA),
    ),
)

HOST = Class(
    "host",
    "host",
    ("uuid", "name-label", "name-description", "live", "last-published"),
    (
        *labels(RW),
        stored("enabled", "enabled", "bool"),
        always("API_version_major", "API-version-major", "int", 2, API_VERSION),
        always("API_version_minor", "API-version-minor", "int", 21, API_VERSION),
        always("API_version_vendor", "API-version-vendor", "string", "XenSource", "XenAPI's, whoever has it"),
        always("API_version_vendor_implementation", "API-version-vendor-implementation", MAP, {}, "XenAPI's default"),
        always("software_version", "software-version", MAP, {"network_backend": "bridge"}, "Linux bridges, not Open vSwitch"),
        OTHER_CONFIG,
        stored("hostname", "hostname", "string"),
        computed("address", "address", "string", "PIF.host"),
        computed("live", "live", "bool"),
        computed("last_published", "last-published", "datetime"),
        back("PIFs", "", "PIF ref set", "PIF.host"),
        computed("resident_VMs", "", "VM ref set", "VM.resident_on", is_followed=True),
        always("metrics", "", "host_metrics ref", None, "there are no metrics of hosts"),
        always("host_CPUs", "", "host_cpu ref set", (), "processors are not known here"),
        always("PBDs", "", "PBD ref set", (), "disks are not known here"),
    ),
)

SESSION = Class(
    "session",
    "",
    (),
    (
        UUID,
        stored("auth_user_sid", "", "string"),
        stored("auth_user_name", "", "string"),
        stored("originator", "", "string"),
        stored("is_local_superuser", "", "bool"),
        stored("validation_time", "", "datetime"),
        stored("last_active", "", "datetime"),
        OTHER_CONFIG,
        computed("this_host", "", "host ref"),
        always("this_user", "", "user ref", None, NO_USERS),
        always("subject", "", "subject ref", None, NO_USERS),
        always("pool", "", "bool", False, "sessions between the hosts of a pool are not needed"),
        always("rbac_permissions", "", "string set", (), "docs/access.md says what each role may do"),
        always("tasks", "", "task ref set", (), "a task belongs to no session, and outlives the one it began in"),
        always("parent", "", "session ref", None, "no session is made by another"),
        always("client_certificate", "", "bool", False, "the kernel says who a caller is"),
    ),
    is_live=True,
)

TASK = Class(
    "task",
    "task",
    ("uuid", "name-label", "name-description", "status", "progress"),
    (
        *labels(RO),
        always("subtask_of", "subtask_of", "task ref", None, NO_SUBTASKS),
        always("subtasks", "subtasks", "task ref set", (), NO_SUBTASKS, is_one=True),
        computed("resident_on", "resident-on", "host ref"),
        stored("status", "status", "enum"),
        stored("progress", "progress", "float", format="thousandths"),
        always("type", "type", "string", "<none/>", "XenAPI's default, which says nothing"),
        stored("result", "result", "string"),
        stored("created", "created", "datetime"),
        stored("finished", "finished", "datetime"),
        stored("error_info", "error_info", "string set", is_one=True),
        computed("allowed_operations", "allowed_operations", "string set", is_one=True),
        always("current_operations", "current_operations", MAP, {}, "a task that is asked to stop has the status cancelling", is_one=True, format="operations"),
        OTHER_CONFIG,
        always("backtrace", "", "string", "()", "what failed inside pifd is in its log"),
    ),
    is_live=True,
)

MESSAGE = Class(
    "message",
    "",
    (),
    (
        UUID,
        stored("name", "", "string"),
        stored("priority", "", "int"),
        stored("cls", "", "enum"),
        stored("obj_uuid", "", "string"),
        stored("timestamp", "", "datetime"),
        stored("body", "", "string"),
    ),
    is_live=True,
)

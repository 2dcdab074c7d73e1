"""One file a kind of device: what it can be told, as a table, and its bytes in netlink's IFLA_INFO_DATA."""

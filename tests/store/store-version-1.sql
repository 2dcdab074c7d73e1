-- A store as schema version 1 was: one NIC in a bond that is the management interface.
PRAGMA application_id = 1885955684;
PRAGMA user_version = 1;
CREATE TABLE record (
    ref TEXT PRIMARY KEY,
    class TEXT NOT NULL,
    fields TEXT NOT NULL  -- the record as JSON
) STRICT;
INSERT INTO record VALUES (
    'OpaqueRef:00000000-0000-4000-8000-000000000001', 'host',
    '{"uuid":"00000000-0000-4000-8000-000000000001","name_label":"host1","name_description":"","hostname":"host1","enabled":true,"other_config":{}}'
);
INSERT INTO record VALUES (
    'OpaqueRef:00000000-0000-4000-8000-000000000002', 'pool',
    '{"uuid":"00000000-0000-4000-8000-000000000002","master":"OpaqueRef:00000000-0000-4000-8000-000000000001","name_label":"","name_description":"","other_config":{}}'
);
INSERT INTO record VALUES (
    'OpaqueRef:00000000-0000-4000-8000-000000000003', 'network',
    '{"uuid":"00000000-0000-4000-8000-000000000003","name_label":"Pool-wide network associated with eth0","name_description":"","MTU":1500,"other_config":{},"bridge":"xenbr0","managed":true,"tags":[]}'
);
INSERT INTO record VALUES (
    'OpaqueRef:00000000-0000-4000-8000-000000000004', 'PIF',
    '{"uuid":"00000000-0000-4000-8000-000000000004","device":"eth0","network":"OpaqueRef:00000000-0000-4000-8000-000000000003","host":"OpaqueRef:00000000-0000-4000-8000-000000000001","MAC":"02:00:00:00:00:00","MTU":1500,"VLAN":-1,"physical":true,"currently_attached":false,"ip_configuration":{"ip_configuration_mode":"None","IP":"","netmask":"","gateway":"","DNS":"","ipv6_configuration_mode":"None","IPv6":[],"ipv6_gateway":"","primary_address_type":"IPv4"},"bond_slave_of":"OpaqueRef:00000000-0000-4000-8000-000000000007","management":false,"other_config":{},"disallow_unplug":false,"managed":true,"properties":{}}'
);
INSERT INTO record VALUES (
    'OpaqueRef:00000000-0000-4000-8000-000000000005', 'network',
    '{"uuid":"00000000-0000-4000-8000-000000000005","name_label":"","name_description":"","MTU":1500,"other_config":{},"bridge":"xapi0","managed":true,"tags":[]}'
);
INSERT INTO record VALUES (
    'OpaqueRef:00000000-0000-4000-8000-000000000006', 'PIF',
    '{"uuid":"00000000-0000-4000-8000-000000000006","device":"bond0","network":"OpaqueRef:00000000-0000-4000-8000-000000000005","host":"OpaqueRef:00000000-0000-4000-8000-000000000001","MAC":"02:00:00:00:00:00","MTU":1500,"VLAN":-1,"physical":false,"currently_attached":true,"ip_configuration":{"ip_configuration_mode":"Static","IP":"192.0.2.10","netmask":"255.255.255.0","gateway":"192.0.2.1","DNS":"192.0.2.53","ipv6_configuration_mode":"None","IPv6":[],"ipv6_gateway":"","primary_address_type":"IPv4"},"bond_slave_of":null,"management":true,"other_config":{},"disallow_unplug":false,"managed":true,"properties":{}}'
);
INSERT INTO record VALUES (
    'OpaqueRef:00000000-0000-4000-8000-000000000007', 'Bond',
    '{"uuid":"00000000-0000-4000-8000-000000000007","master":"OpaqueRef:00000000-0000-4000-8000-000000000006","primary_slave":"OpaqueRef:00000000-0000-4000-8000-000000000004","other_config":{},"mode":"active-backup","properties":{},"auto_update_mac":true}'
);

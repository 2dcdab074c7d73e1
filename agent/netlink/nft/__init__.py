"""nf_tables: the filter rules of balance-slb bonds."""

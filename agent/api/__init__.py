"""XenAPI on the wire: what a call means (codec, method table, records) and HTTP on a Unix socket."""

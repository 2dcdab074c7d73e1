"""HTTP/1.1 on a Unix socket: connections, limits, and the dispatch of a request to its answer."""

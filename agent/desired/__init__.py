"""From the model to the kernel state that it asks for: links, addresses, routes, the resolver."""

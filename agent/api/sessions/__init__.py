"""Who is calling: the process behind the socket, its role, and its logins."""

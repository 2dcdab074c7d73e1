"""What can be called: the method table, the messages of each class, and what they do with the engine."""

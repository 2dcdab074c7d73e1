"""What the design and XenAPI say: each call, from the model to a plan."""

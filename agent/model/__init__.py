"""What XenAPI knows of a host, as values: records, the model, drafts of it, and what follows from them."""

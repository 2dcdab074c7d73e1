"""The encodings of a call and of its outcome: JSON-RPC and XML-RPC, from bytes to values and back."""

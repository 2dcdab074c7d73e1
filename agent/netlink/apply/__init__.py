"""Steps carried out on the kernel: messages in one send, and what is no message beside them."""

"""Asking a VM to take a VIF, or to give one up."""

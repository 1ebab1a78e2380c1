"""Calls out: the one client, and under it HTTP, addresses, TLS and the unpacking of answers."""

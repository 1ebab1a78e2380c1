"""Webhooks out: who wants to be told of which changes, and telling them."""

"""Webhooks in: verified over raw bytes, stored before they are understood, applied once."""

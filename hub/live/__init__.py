"""Asking an agency while somebody waits: answers that are at most so old, always in time."""

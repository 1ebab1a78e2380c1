"""Agencies' specs as the hub keeps them: every version, who published it and why, and which one is at work."""

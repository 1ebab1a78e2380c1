"""Alerts: what somebody must know of, told once by mail and webhook when it begins and when it is over."""

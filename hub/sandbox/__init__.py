"""The sandbox: developers' own test agencies, whose events are really processed, in tables of their own."""

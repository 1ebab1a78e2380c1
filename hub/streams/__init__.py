"""How far the hub has read each agency, and the record of every run that read it."""

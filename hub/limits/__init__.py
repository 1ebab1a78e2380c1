"""How much one address may look up without saying who it is, counted by all processes of the hub together."""

"""What everyone agrees on: types, failures and published schemas. Imports nothing of ours, does no I/O."""

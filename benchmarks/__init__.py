"""Each figure we claim, as a command: `make bench NAME=path`. Prints JSON lines {figure, value, goal, better}."""

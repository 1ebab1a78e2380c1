"""`python -m hub`: the command `hub`, for where it is not installed."""

from hub.cli import app

app()

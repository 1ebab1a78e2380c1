"""A hub with its sandbox, as the sandbox's own tests have it."""

from tests.hub.sandbox.conftest import app, client, developer, hub, sandbox

__all__ = ["app", "client", "developer", "hub", "sandbox"]

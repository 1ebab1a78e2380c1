"""The admin's pages: for now one, read-only: how each agency is doing and what could not be understood."""

from hub.admin.routes import STYLE, router

__all__ = ["STYLE", "router"]

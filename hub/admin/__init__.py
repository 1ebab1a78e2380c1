"""The admin's pages: how each agency is doing, what could not be understood, and who keeps the hub."""

from hub.admin.desk import STYLE
from hub.admin.routes import router
from hub.admin.studio.tools import Tools

__all__ = ["STYLE", "Tools", "router"]

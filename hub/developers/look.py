"""What the developers' pages add to the look of all: their stylesheet, and how moments and programs stand there."""

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup, escape

from hub.portal import look
from hub.portal.page import VIETNAM

_TEMPLATES = Path(__file__).parent / "templates"

#: The inline stylesheet that these pages add, as the content policy must name it.
STYLE = look.minified(_TEMPLATES / "developers.css")


def environment() -> Environment:
    env = look.environment(_TEMPLATES)
    env.globals["developers_style"] = Markup(STYLE)
    env.filters |= {"code": look.with_code, "moment": _moment, "pre": _pre}
    return env


def _pre(text: str) -> Markup:
    """As it is, line breaks and indentation too, which `render` takes out of everything else."""
    return Markup(str(escape(text)).replace("\n", "&#10;"))


def _moment(at: datetime) -> str:
    """By Vietnam's clock, to the second, and by UTC: senders' logs are kept in either."""
    return f"{at.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S} (UTC {at.astimezone(UTC):%H:%M:%S})"

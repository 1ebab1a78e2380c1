"""What our pages look like: the base template, its stylesheet, the Jinja environment that knows both, and sentences in
two languages side by side."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from hub.portal.texts import Lang

_TEMPLATES = Path(__file__).parent / "templates"


def minified(stylesheet: Path) -> str:
    """The stylesheet without comments and line breaks. Every statement in it must be closed."""
    return re.sub(r"/\*.*?\*/|\n\s*", "", stylesheet.read_text("utf-8"), flags=re.DOTALL)


#: The inline stylesheet of base.html, exactly as it stands between its style tags: policies name it by hash.
STYLE = minified(_TEMPLATES / "base.css")

#: A document with a tick, as a data: address, so that browsers ask for no /favicon.ico.
FAVICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='3' fill='%2317375e'/%3E"
    "%3Cpath d='M4 8.4l2.7 2.7L12 5.6' fill='none' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E"
)


def environment(templates: Path = _TEMPLATES) -> Environment:
    """A Jinja environment for the pages in `templates`, which may extend base.html. Escapes everything."""
    env = Environment(
        loader=FileSystemLoader([templates, _TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["as_written"] = as_written
    env.globals["base_style"] = Markup(STYLE)
    env.globals["favicon"] = Markup(FAVICON)
    return env


def render(env: Environment, template: str, context: Mapping[str, Any]) -> str:
    """The page without the templates' indentation: on a phone in the mountains each byte is waited for."""
    return re.sub(r"\s*\n\s*", "\n", env.get_template(template).render(context))


def as_written(text: str) -> Markup:
    """`text` with its indentation, which `render` takes out elsewhere: for a textarea."""
    return Markup(str(escape(text)).replace("\n", "&#10;"))


def with_code(text: str) -> Markup:
    """`text` with what stands between backticks set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def both(lang: Lang, vi: str, en: str) -> Markup:
    """A sentence of a template, in the page's language."""
    return with_code(en if lang == "en" else vi)

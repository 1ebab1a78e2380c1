"""The API's documentation at /docs: Swagger UI, served by the hub itself and under a policy of its own."""

import re
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse

from hub.portal.look import FAVICON
from hub.problems import ProblemError, ProblemType
from hub.security_headers import content_hash, policy

_PACKAGE = "fastapi_offline"
_SCRIPT = "swagger-ui-bundle.js"
_STYLES = "swagger-ui.css"
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def install(app: FastAPI) -> None:
    """Serve /docs and /docs/assets on `app`, which is made with docs_url=None and redoc_url=None."""
    # The package's version in the address lets browsers keep the files for ever.
    assets = f"/docs/assets/{version(_PACKAGE)}"
    page = get_swagger_ui_html(
        openapi_url=app.openapi_url or "/openapi.json",
        title=f"{app.title}: API",
        swagger_js_url=f"{assets}/{_SCRIPT}",
        swagger_css_url=f"{assets}/{_STYLES}",
        swagger_favicon_url=FAVICON,
    )
    html = bytes(page.body).decode()
    allowed = policy(
        connect_src="'self'",
        img_src="'self' data:",
        script_src=" ".join(["'self'", *(content_hash(script) for script in _INLINE_SCRIPT.findall(html))]),
        # Swagger UI sets style attributes as it draws; a hash cannot name what is not known beforehand.
        style_src="'self' 'unsafe-inline'",
    )

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(html, headers={"Content-Security-Policy": allowed})

    @app.get(assets + "/{name}", include_in_schema=False)
    async def asset(name: str) -> FileResponse:
        if name not in (_SCRIPT, _STYLES):
            raise ProblemError(ProblemType.NOT_FOUND, "The documentation has no such file.")
        return FileResponse(
            Path(str(files(_PACKAGE) / "static" / name)),
            headers={"Cache-Control": "public, max-age=31536000, immutable"},
        )

"""The page that shows the OpenAPI document; it contains everything that it needs and loads nothing."""

import base64
import hashlib
import json
import re
from importlib import resources

from aws_lambda_powertools.event_handler import Response

_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Image store API</title>
<style>{style}</style>
</head>
<body>
<div id="docs"></div>
<script>{bundle}</script>
<script>SwaggerUIBundle({{dom_id: "#docs", spec: {document}, deepLinking: true}})</script>
</body>
</html>
"""


def page(document: str) -> "Response[str]":
    """The docs page of an OpenAPI document, with a policy that allows exactly its own scripts."""
    assets = resources.files("aws_lambda_powertools.event_handler.openapi.swagger_ui")
    html = _TEMPLATE.format(
        style=(assets / "swagger-ui.min.css").read_text("utf-8"),
        bundle=(assets / "swagger-ui-bundle.min.js").read_text("utf-8").replace("</script", "<\\/script"),
        document=json.dumps(json.loads(document)).replace("<", "\\u003c"),
    )
    scripts = " ".join(
        f"'sha256-{_digest(script)}'" for script in re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    )
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "public, max-age=300",
    }
    return Response(200, "text/html; charset=utf-8", html, headers=headers)


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")

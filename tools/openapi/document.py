"""The whole document: the routes of all functions, and the components that they share."""

import importlib.util
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tools.openapi import responses
from tools.openapi.models import Components
from tools.openapi.operations import DocumentedRoute, operation

if TYPE_CHECKING:
    from image_store.entrypoints.http.api import Api

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "functions/site/openapi.json"
VERSION = "0.1.0"

TAGS = {
    "Images": "Store, see, change and delete your images.",
    "Direct uploads": "Send large images straight to storage.",
    "Search": "Find images by words or by similarity.",
    "Links": "Show images to people without a token.",
    "API keys": "Let programs call the API without a user.",
    "Generation": "Make images with models, and see what providers offer.",
    "Statistics": "See how much is stored and what was spent.",
    "Events": "Hear what happens to images and generations.",
    "Webhooks": "Let your apps hear what happens, by signed requests to their endpoints.",
    "Administration": "Operate the whole store; these routes need an admin's token.",
    "Service": "The API's own health, document and web console.",
}

_DESCRIPTION = """\
An image store that a team deploys into its own account.

**Authorization**: `Authorization: Bearer …` with a JWT of one of the deployment's issuers, with an API key, or \
for uploading with an upload token, except where a route is public. The subject of the JWT, or the owner of the key or \
upload token, owns the images; an image of another \
owner answers 404. A key with the scope `act-as` names another owner in `Image-Store-Owner`, percent-encoded.

**JSON** is snake_case, times are UTC in RFC 3339. Unknown fields of a request are refused. A field of a request may \
be left out unless it is required; its description names the default.

**Errors** are `application/problem+json` (RFC 9457) with a stable `code`. The gateway in front of the API answers \
some errors itself with `{"message": …}`: a missing `Authorization` (401), too many requests (429), a body that is too \
large (413).

**Redirects**: the bytes of images are behind a 302. A client that follows it receives the picture, as the response \
200 of such a route describes."""

_INFO = {
    "title": "Image store",
    "version": VERSION,
    "summary": "Store, find, share and generate images.",
    "description": _DESCRIPTION,
    "contact": {"name": "The team that runs this deployment"},
    # The project grants no licence, so there is none to name or to link to.
    "license": {"name": "All rights reserved", "identifier": "LicenseRef-All-Rights-Reserved"},
}


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of all functions."""
    components = Components()
    paths: dict[str, dict[str, Any]] = {}
    for route in _routes():
        paths.setdefault(route.path, {})[route.method] = operation(route, components)
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": "/", "description": "The deployment that serves this document"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components.schemas(),
            "responses": responses.components(components.shared_responses),
            "headers": responses.headers(components.headers),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A token of an issuer that the deployment accepts, or an API key.",
                }
            },
        },
    }


def _routes() -> Iterator[DocumentedRoute]:
    for app in sorted((ROOT / "functions").glob("*/app.py")):
        api: Api | None = getattr(_module(app), "api", None)
        if api is None:
            continue
        for route in api.routes:
            if route.operation is not None:
                yield DocumentedRoute(
                    path=re.sub(r"<(\w+)\+?>", r"{\1}", route.path),
                    method=route.method.lower(),
                    handler=route.handler.__name__,
                    description=inspect.getdoc(route.handler) or "",
                    tag=api.tag,
                    needed_scopes=route.scopes,
                    **route.operation,
                )


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"function_{path.parent.name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

"""Tells clients of `/mcp` where to sign in: the OAuth 2.0 Protected Resource Metadata of RFC 9728."""

import json
from typing import Any

from image_store.domain.callers.issuers import Issuers
from image_store.domain.errors import RouteNotFound
from image_store.entrypoints.http.problems import gateway_response, problem
from image_store.entrypoints.http.request import Request
from image_store.settings.mcp import McpSettings

MCP_PATH = "/mcp"
METADATA_PATH = "/.well-known/oauth-protected-resource"
"""Where the document about the whole origin is."""
MCP_METADATA_PATH = METADATA_PATH + MCP_PATH
"""Where the same document about `/mcp` is; clients try it first."""


def metadata(settings: McpSettings, issuers: Issuers, request: Request, *, url: str) -> dict[str, Any]:
    """The response with the document that names the issuers of tokens for the tools; 404 if nobody is to sign in.

    Clients that find it are reported to ignore an API key that they were given. It names no scopes: what a user may do
    does not depend on the scopes of a token, and an issuer refuses to sign anybody in for scopes that it does not know.
    """
    if not settings.signs_in:
        return gateway_response(problem(RouteNotFound(), request_id=request.id))
    body = {
        "resource": f"{url}{MCP_PATH}",
        "resource_name": "Image store",
        "authorization_servers": [issuer.issuer for issuer in issuers.all],
        "bearer_methods_supported": ["header"],
    }
    headers = {"Content-Type": "application/json", "Cache-Control": "public, max-age=300"}
    return {"statusCode": 200, "headers": headers, "body": json.dumps(body)}

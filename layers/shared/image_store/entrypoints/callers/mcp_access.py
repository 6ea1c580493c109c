"""Decides whether a request may use the tools for AI clients over HTTP.

The tools send requests to the API with the credential of their caller. So this refuses only what no request to the API
could make good: a credential that is none, an owner that the caller may not act for, and a page of a foreign origin.
Scopes are checked and requests of a key are counted by the API, once for each request of a tool.
"""

from dataclasses import dataclass, field

from image_store.domain.errors import ImageStoreError
from image_store.entrypoints.callers.protected_resource import MCP_METADATA_PATH
from image_store.entrypoints.http.entry import note
from image_store.entrypoints.http.problems import problem
from image_store.entrypoints.http.request import Request
from image_store.settings.mcp import McpSettings

_CHALLENGE = "WWW-Authenticate"


@dataclass(frozen=True, slots=True)
class RequestRefusal:
    """Why a request is not answered, with the status and the headers of HTTP."""

    status: int
    message: str
    headers: dict[str, str] = field(default_factory=dict)


def refusal_of(request: Request, settings: McpSettings, *, url: str) -> RequestRefusal | None:
    """What is wrong with a request before its message is read; None if nothing is."""
    origin = request.header("origin")
    if origin is not None and not settings.allows(origin, own=url):
        return RequestRefusal(403, "Pages of this origin may not use the store.")
    try:
        _ = request.caller, request.body
    except ImageStoreError as error:
        response = problem(error, request_id=request.id)
        note(error, status=response.status_code)
        headers = {name: str(value) for name, value in response.headers.items() if name != "Content-Type"}
        if _CHALLENGE in headers and settings.signs_in:
            headers[_CHALLENGE] += f', resource_metadata="{url}{MCP_METADATA_PATH}"'
        return RequestRefusal(response.status_code, error.message, headers)
    return None

"""One operation of the document, from what its route says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from image_store.domain.callers.scopes import Scope
from tools.openapi import responses
from tools.openapi.models import Components
from tools.openapi.parameters import header_parameters, path_parameters, query_parameters

BYTES = {"contentMediaType": "application/octet-stream"}
"""The bytes of a file. Without `type: string`, generators type it as a file (OpenAPI 3.1, "Considerations for file
uploads")."""

PICTURE = {"image/*": {"schema": BYTES}}


@dataclass(frozen=True, kw_only=True)
class DocumentedRoute:
    """What a route says of itself: its `Operation`, and the name and the docstring of its handler."""

    path: str
    method: str
    handler: str
    summary: str
    description: str
    tag: str
    answers: dict[int, str]
    media: Mapping[int, str] = field(default_factory=dict)
    response_headers: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[int, ...] = ()
    query: str | None = None
    body: str | None = None
    headers: tuple[str, ...] = ()
    public: bool = False
    scope: Scope | None = None
    """The scope that the route names; most leave it to their method."""
    or_scope: Scope | None = None
    needed_scopes: tuple[Scope, ...] = ()
    """The caller needs one of these."""
    names_head: bool = False

    @property
    def operation_id(self) -> str:
        """The name of the handler in camelCase; the second method of a handler adds its own name."""
        first, *others = self.handler.split("_")
        name = first + "".join(word.capitalize() for word in others)
        return name if self.method != "head" else f"head{name.removeprefix('get')}"


def operation(route: DocumentedRoute, components: Components) -> dict[str, Any]:
    """The operation of a route; `components` collects the components that it refers to."""
    document: dict[str, Any] = {
        "operationId": route.operation_id,
        "summary": route.summary,
        "description": route.description + _needed_scopes(route),
        "tags": [route.tag],
        "parameters": [
            *path_parameters(route.path),
            *header_parameters(route.headers),
            *(query_parameters(components.model(route.query)) if route.query else []),
        ],
        "security": [] if route.public else [{"bearer": []}],
    }
    if route.body:
        document["requestBody"] = {"required": True, "content": _content(route.body, components)}
    document["responses"] = _responses(route, components)
    return document


def _needed_scopes(route: DocumentedRoute) -> str:
    scopes = " or ".join(f"`{scope}`" for scope in route.needed_scopes)
    return f"\n\nNeeds the scope {scopes}." if scopes else ""


def _content(body: str, components: Components) -> dict[str, Any]:
    json = {"schema": components.request(body), "example": components.example(body)}
    if components.is_merge_patch(body):
        return {"application/json": json, "application/merge-patch+json": json}
    if body != "ImageUpload":
        return {"application/json": json}
    form = {"file": BYTES, "attributes": components.request("ImageAttributes")}
    return {
        "application/json": json,
        "multipart/form-data": {
            "schema": {"type": "object", "required": ["file"], "properties": form},
            "encoding": {"attributes": {"contentType": "application/json"}},
        },
        "image/*": {"schema": BYTES},
    }


def _responses(route: DocumentedRoute, components: Components) -> dict[str, Any]:
    documents: dict[int, dict[str, Any]] = {}
    for status, answer in route.answers.items():
        documents[int(status)] = _answer(route, int(status), answer, components)
    if 302 in documents and 200 not in documents:
        documents[200] = _followed(route)
    for status in responses.problems_of(route.problems, public=route.public, has_body=route.body is not None):
        if status not in documents:
            documents[status] = components.problem(status)
    return {str(status): documents[status] for status in sorted(documents)}


def _answer(route: DocumentedRoute, status: int, answer: str, components: Components) -> dict[str, Any]:
    is_model = components.has(answer)
    document: dict[str, Any] = {"description": HTTPStatus(status).phrase if is_model else answer}
    names = responses.headers_of(status, answer if is_model else None)
    if status == 200 and 304 in route.answers and "ETag" not in names:
        names.insert(0, "ETag")
    names += route.response_headers.get(status, ())
    if names:
        document["headers"] = {name: components.header(name) for name in names}
    if is_model:
        example = components.example(answer)
        document["content"] = {"application/json": {"schema": components.answer(answer), "example": example}}
    elif media := route.media.get(status):
        schemas: dict[str, Any] = {"application/json": {"type": "object"}, "text/html": {"type": "string"}}
        document["content"] = {media: {"schema": schemas.get(media, BYTES)}}
    return document


def _followed(route: DocumentedRoute) -> dict[str, Any]:
    document: dict[str, Any] = {"description": "The picture, for a client that follows the redirect."}
    return document if route.method == "head" else document | {"content": PICTURE}

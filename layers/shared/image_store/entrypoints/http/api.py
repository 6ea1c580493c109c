"""The HTTP API of a function: its routes, and what all routes share.

Powertools' validation is left off: it would add two fifths of boto3's import to every cold start. A handler reads its
input from a `Request`. The OpenAPI document is made from what each route says of itself in its decorator.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Required, TypedDict, Unpack

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import ImageStoreError, RouteNotFound
from image_store.entrypoints.http.compression import finish
from image_store.entrypoints.http.entry import enter, note
from image_store.entrypoints.http.problems import STATUSES, internal_problem, problem
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.operations.observability import logger

if TYPE_CHECKING:
    from pathlib import Path

Handler = Callable[..., "Response[Any]"]
"""Takes the request and the variable parts of the path by their names."""


_REST_OF_PATH = re.compile(r"<(\w+)\+>$")
"""The variable part at the end of a path that may contain slashes; the template writes it as `{name+}`."""


class _Resolver(APIGatewayHttpResolver):
    """The resolver of Powertools, whose variable parts end at a slash."""

    @staticmethod
    def _compile_regex(rule: str, base_regex: str = "^{}$") -> "re.Pattern[str]":
        if (rest := _REST_OF_PATH.search(rule)) is not None:
            return re.compile(f"^{re.escape(rule[: rest.start()])}(?P<{rest[1]}>.+)$", re.DOTALL)
        compiled: re.Pattern[str] = APIGatewayHttpResolver._compile_regex(rule, base_regex)  # noqa: SLF001 - it is ours
        return compiled


class Operation(TypedDict, total=False):
    """What a route says of itself in the API's document; the docstring of its handler is its description.

    Models have names here, not classes, so that a cold start imports no model that it does not use.
    """

    summary: Required[str]
    answers: Required[dict[int, str]]
    """Each status with the model of its body, or with a sentence."""
    media: dict[int, str]
    """Each status of a sentence with the media type of its body."""
    response_headers: dict[int, tuple[str, ...]]
    """Each status with headers that clients work with, besides those that follow from the status and the model."""
    problems: tuple[int, ...]
    """The statuses of errors, besides those that every such route has."""
    query: str
    """The model of the query string."""
    body: str
    """The model of the body."""
    headers: tuple[str, ...]
    """The request headers that the handler reads."""
    public: bool
    """Whether the route needs no caller."""
    scope: Scope
    """What the caller has to be allowed; by default `images:read` for GET, and `images:write` for anything else."""
    or_scope: Scope
    """Another scope that is enough."""
    names_head: bool
    """Whether the document names HEAD as an operation of its own."""


class Route(NamedTuple):
    """A route of a function. Without an operation it is not in the API's document."""

    method: str
    path: str
    handler: Handler
    operation: Operation | None
    scopes: tuple[Scope, ...]
    """The caller needs one of these; none for a public route."""


class Api:
    """The routes of a function, under one tag of the API's document.

    HEAD is answered wherever GET is. Errors are answered as problem documents. With the API's `document` it also
    answers requests that no route of any function takes.
    """

    _request: Request
    """The current request; a function handles one at a time."""

    def __init__(self, tag: str, *, document: "Path | None" = None) -> None:
        self.tag = tag
        self.routes: list[Route] = []
        self._document = document
        self._resolver = _Resolver()
        self._resolver.exception_handler(ImageStoreError)(self._refuse)
        self._resolver.exception_handler(Exception)(self._fail)
        self._resolver.not_found(self._find_nothing)

    def get[H: Handler](self, path: str, **operation: Unpack[Operation]) -> Callable[[H], H]:
        """Register a handler for GET and HEAD."""

        def register(handler: H) -> H:
            scopes = _scopes_of("GET", operation)
            self._add("GET", path, handler, operation, scopes)
            self._add("HEAD", path, handler, operation if operation.get("names_head") else None, scopes)
            return handler

        return register

    def post[H: Handler](self, path: str, **operation: Unpack[Operation]) -> Callable[[H], H]:
        """Register a handler for POST."""
        return self._registration("POST", path, operation)

    def put[H: Handler](self, path: str, **operation: Unpack[Operation]) -> Callable[[H], H]:
        """Register a handler for PUT."""
        return self._registration("PUT", path, operation)

    def patch[H: Handler](self, path: str, **operation: Unpack[Operation]) -> Callable[[H], H]:
        """Register a handler for PATCH."""
        return self._registration("PATCH", path, operation)

    def delete[H: Handler](self, path: str, **operation: Unpack[Operation]) -> Callable[[H], H]:
        """Register a handler for DELETE."""
        return self._registration("DELETE", path, operation)

    def handler(self) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
        """The Lambda handler."""

        @logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)
        def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
            # The gateway leaves out what a request does not have; its console sends null in tests by hand.
            event = event | {"headers": event.get("headers") or {}}
            self._request = request = Request(event, context)
            return finish(self._resolver.resolve(event, context), request)

        return lambda_handler

    def _registration[H: Handler](self, method: str, path: str, operation: Operation) -> Callable[[H], H]:
        def register(handler: H) -> H:
            self._add(method, path, handler, operation, _scopes_of(method, operation))
            return handler

        return register

    def _add(
        self,
        method: str,
        path: str,
        handler: Handler,
        operation: Operation | None,
        scopes: tuple[Scope, ...],
    ) -> None:
        needs = (scopes,) if scopes else ()

        def respond(**path_parts: str) -> "Response[Any]":
            enter(self._request, needs)
            return handler(self._request, **path_parts)

        self._resolver.route(path, method=method)(respond)
        self.routes.append(Route(method, path, handler, operation, scopes))

    def _refuse(self, error: ImageStoreError) -> "Response[str]":
        note(error, status=STATUSES[type(error)])
        return problem(error, request_id=self._request.id)

    def _fail(self, _: Exception) -> "Response[str]":
        logger.exception("unexpected error")
        return internal_problem(request_id=self._request.id)

    def _find_nothing(self, _: Exception) -> "Response[str]":
        if self._document is None:
            return self._refuse(RouteNotFound())
        from image_store.entrypoints.http.unknown_routes import no_route  # only wrong requests need it

        return self._refuse(no_route(self._resolver.current_event.path, self._document))


def _scopes_of(method: str, operation: Operation) -> tuple[Scope, ...]:
    """The scopes of which a route needs one; none for a public one."""
    if operation.get("public"):
        return ()
    scope = operation.get("scope") or (Scope.READ_IMAGES if method == "GET" else Scope.WRITE_IMAGES)
    return (scope, operation["or_scope"]) if "or_scope" in operation else (scope,)

"""The endpoint itself: verifies who sends a request, finds its handler, and answers every error as OpenAI does.

A function URL passes on every request and asks no authorizer. So this function asks the authorizer of the API itself,
and puts the verdict where the gateway would put it: from there on the request is like any other.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import ImageStoreError, MethodNotAllowed
from image_store.entrypoints.generation.openai.errors import (
    EndpointError,
    error_answer,
    error_for,
    internal_error,
    unknown_url,
)
from image_store.entrypoints.http.entry import Needs, enter, note
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.operations.observability import logger
from image_store.ports.callers import Authorizer

BASE = "/openai/v1"
_MODEL = re.compile(rf"{BASE}/models/(.+)")
_SLASHES = re.compile("/{2,}")

Handler = Callable[..., dict[str, Any]]
"""Takes the request, and the name of a model where the path has one."""


class Endpoint:
    """The routes below `/openai/v1`."""

    def __init__(self, authorizer: Callable[[], Authorizer]) -> None:
        """The authorizer is made for the first request."""
        self._authorizer = authorizer
        self._routes: dict[str, tuple[str, Needs, Handler]] = {}

    def route[H: Handler](self, method: str, path: str, *scopes: Scope) -> Callable[[H], H]:
        """Register a handler for a path below the base; its caller needs all of these scopes.

        `/models/{model}` stands for any name, also one with slashes.
        """

        def register(handler: H) -> H:
            self._routes[f"{BASE}{path}"] = (method, tuple((scope,) for scope in scopes), handler)
            return handler

        return register

    def handler(self) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
        """The Lambda handler."""

        @logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)
        def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
            request_id = str(event.get("requestContext", {}).get("requestId", ""))
            try:
                response = self._respond(event, context)
            except EndpointError as refused:
                if refused.shape.status >= 500:
                    logger.warning("no images to answer with", code=refused.shape.code)
                return error_answer(refused, request_id=request_id)
            except ImageStoreError as error:
                return error_answer(self._refuse(error), request_id=request_id)
            except Exception:
                logger.exception("unexpected error")
                return error_answer(internal_error(), request_id=request_id)
            response["headers"]["x-request-id"] = request_id
            return response

        return lambda_handler

    def _respond(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        route, method, variables = self._find(event)
        gateway = event["requestContext"]
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        credential = str(headers.get("authorization") or "")
        # Whoever looks for open addresses sends none: a request without a credential invokes nothing.
        verdict = (
            self._authorizer().verdict(credential, request_id=str(gateway.get("requestId", "")))
            if credential
            else {}
        )
        request = Request(
            {
                **event,
                "headers": headers,
                "routeKey": f"{method} {route}",
                "requestContext": {**gateway, "authorizer": {"lambda": verdict}},
            },
            context,
        )
        _, needs, handle = self._routes[route]
        enter(request, needs)
        return handle(request, *variables)

    def _find(self, event: dict[str, Any]) -> tuple[str, str, tuple[str, ...]]:
        """The route of a request, its method, and the variable part of its path."""
        # Bases that end in a slash lead to two of them. Names of models may be percent-encoded, with their slashes.
        path = _SLASHES.sub("/", str(event.get("rawPath", "")))
        variables: tuple[str, ...] = ()
        if named := _MODEL.fullmatch(path):
            path, variables = f"{BASE}/models/{{model}}", (unquote(named[1]),)
        method = str(event.get("requestContext", {}).get("http", {}).get("method", ""))
        if path not in self._routes:
            raise unknown_url(BASE)
        if method != self._routes[path][0]:
            raise MethodNotAllowed((self._routes[path][0],))
        return path, method, variables

    def _refuse(self, error: ImageStoreError) -> EndpointError:
        refused = error_for(error)
        note(error, status=refused.shape.status)
        return refused

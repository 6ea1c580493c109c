"""The endpoint for AI clients: answers messages of the Model Context Protocol, and says where to sign in.

Only the function for AI clients imports this module: `image_store_mcp` is in no other function's layers.
"""

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.domain.errors import ImageStoreError
from image_store.entrypoints.callers import mcp_access, protected_resource
from image_store.entrypoints.callers.protected_resource import MCP_PATH
from image_store.entrypoints.http.compression import finish
from image_store.entrypoints.http.problems import gateway_response, internal_problem
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.operations.observability import logger
from image_store.settings import Settings
from image_store_mcp.connections import Connections
from image_store_mcp.protocol import http
from image_store_mcp.protocol.context import RequestContext
from image_store_mcp.protocol.server import Server
from image_store_mcp.protocol.versions import version_of_header
from image_store_mcp.tools.patience import Patience

RESERVE_SECONDS = 2.0
"""What is left of the invocation for the answer itself."""
_MESSAGE_ROUTE = f"POST {MCP_PATH}"


class McpEndpoint:
    """`POST /mcp`, and the document that tells its clients where to sign in."""

    def __init__(self, settings: Callable[[], Settings], connections: Callable[[], Connections]) -> None:
        """Both are called for each request, so that their errors have an answer too."""
        self._settings = settings
        self._connections = connections

    def handler(self) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
        """The Lambda handler."""

        @logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)
        def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
            request = Request(event, context)
            is_message = request.route == _MESSAGE_ROUTE
            try:
                response = self._answer(request, context) if is_message else self._metadata(request)
            except Exception:
                logger.exception("unexpected error")
                response = (
                    _response(_failure(request))
                    if is_message
                    else gateway_response(internal_problem(request_id=request.id))
                )
            return finish(response, request)

        return lambda_handler

    def _metadata(self, request: Request) -> dict[str, Any]:
        settings = self._settings()
        url = request.api_url(settings.api_url)
        return protected_resource.metadata(settings.mcp, settings.issuers, request, url=url)

    def _answer(self, request: Request, context: LambdaContext) -> dict[str, Any]:
        settings = self._settings()
        url = request.api_url(settings.api_url)
        refusal = mcp_access.refusal_of(request, settings.mcp, url=url)
        if refusal is not None:
            return _response(http.refusal(refusal.status, refusal.message), refusal.headers)
        seconds = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
        store = partial(
            self._connections().store,
            url,
            token=request.credential,
            owner=request.named_owner,
            seconds=seconds,
        )
        version = version_of_header(request.headers)
        about = RequestContext(
            store=store, version=version, headers=request.headers, patience=Patience(seconds / 2)
        )
        return _response(http.answer(self._server, request.body, about))

    @cached_property
    def _server(self) -> Server:
        """Made for the first message: a refusal needs no tools."""
        from image_store_mcp.server_features import server_features

        return Server(server_features(), report=_report)


def _report(error: Exception) -> None:
    logger.error("unexpected error", exc_info=error)


def _failure(request: Request) -> http.HttpAnswer:
    try:
        return http.failure(request.body)
    except ImageStoreError:  # the body cannot be read
        return http.failure(b"")


def _response(answer: http.HttpAnswer, headers: dict[str, str] | None = None) -> dict[str, Any]:
    usual = {"Cache-Control": "no-store", "Content-Type": http.JSON}
    return {"statusCode": answer.status, "headers": usual | (headers or {}), "body": answer.body}

"""The results that all versions have: tools, calls and resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_client.errors import ImageStoreError, NotFoundError
from image_store_mcp.protocol.failures import Code, ProtocolError, cut, invalid_params
from image_store_mcp.tools.failures import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_client import ImageStore
    from image_store_client.schemas import Job
    from image_store_mcp.protocol.context import RequestContext
    from image_store_mcp.protocol.features import ServerFeatures
    from image_store_mcp.tools.tool import Tool, ToolResult

MAX_URI_CHARS = 2_048


def tool_description(tool: Tool) -> dict[str, Any]:
    """A tool as a list shows it."""
    output = {} if tool.output_schema is None else {"outputSchema": tool.output_schema}
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": tool.input_schema,
        **output,
        "annotations": tool.annotations.hints(),
    }


def call_result(result: ToolResult) -> dict[str, Any]:
    """The result of a call."""
    structured = {} if result.structured is None else {"structuredContent": result.structured}
    return {"content": result.blocks(), **structured, **({"isError": True} if result.is_error else {})}


def tool_and_arguments(features: ServerFeatures, params: Mapping[str, Any]) -> tuple[Tool, Mapping[str, Any]]:
    """The tool that a call names, with its arguments; ProtocolError if there is none."""
    tool, arguments = features.tool(params.get("name")), params.get("arguments", {})
    if tool is None:
        raise invalid_params(f"Unknown tool: {cut(params.get('name'))}")
    if not isinstance(arguments, dict):
        raise invalid_params("arguments must be an object.")
    return tool, arguments


def require_first_page(params: Mapping[str, Any]) -> None:
    """Raise ProtocolError for a cursor: every list has one page, so none was ever given out."""
    if params.get("cursor") is not None:
        raise invalid_params("There is no page with this cursor.")


def task(store: ImageStore, result: ToolResult) -> Job | None:
    """The job as which the work of a call goes on; None if there is none, or if it cannot be read now."""
    if result.job_id is None or result.is_error:
        return None
    try:
        return store.jobs.get(result.job_id)
    except ImageStoreError:
        return None  # the result itself names the job


def contents(
    features: ServerFeatures, context: RequestContext, params: Mapping[str, Any], *, missing: Code
) -> dict[str, Any]:
    """The contents of the resource that a request names; ProtocolError with the code `missing` if there is none."""
    uri = params.get("uri")
    if not isinstance(uri, str) or not 0 < len(uri) <= MAX_URI_CHARS:
        raise invalid_params("uri must be the address of a resource.")
    try:
        return {"contents": [features.read(context.store(), uri).block()]}
    except ToolError as error:
        raise ProtocolError(missing, error.detail, {"uri": cut(uri, 256)}) from None
    except ImageStoreError as error:
        code = missing if isinstance(error, NotFoundError) else Code.INTERNAL_ERROR
        raise ProtocolError(code, error.detail, {"uri": cut(uri, 256), "code": error.code}) from None

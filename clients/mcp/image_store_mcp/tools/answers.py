"""Builds answers that stay small, whatever the texts and numbers of images are.

A structured answer is repeated as JSON text for clients that do not read structured ones. If both together are too
large, texts become shorter step by step; ids, sizes and dates always stay.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from image_store_mcp.tools.tool import ToolResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_store_mcp.tools.tool import InlinePicture, ResourceLink

MAX_RESULT_BYTES = 62_000
"""Of one encoded result. With the envelope of the protocol an answer has at most 64 KiB."""
TEXT_LIMITS = (4_000, 1_000, 300, 100, 30, 0)
"""How many characters of each text are kept: the first limit by which the answer fits."""
MARK = "…"


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def encoded_bytes(result: ToolResult) -> int:
    """The size of a result in an answer, with all characters escaped, as the longest encoding has it."""
    fields: dict[str, Any] = {"content": result.blocks(), "isError": result.is_error}
    if result.structured is not None:
        fields["structuredContent"] = result.structured
    return len(json.dumps(fields, ensure_ascii=True))


def shorten(text: str | None, limit: int) -> str | None:
    """At most `limit` characters of a text, with a mark if some are left out."""
    return text if text is None or len(text) <= limit else text[:limit] + MARK


def structured_result(
    build: Callable[[int], Mapping[str, Any]],
    contents: tuple[InlinePicture | ResourceLink, ...] = (),
    *,
    job_id: str | None = None,
) -> ToolResult:
    """The answer with the longest texts that fit; `build` gets how many characters of each are kept."""
    for limit in TEXT_LIMITS:
        data = build(limit)
        result = ToolResult(compact(data), data, contents, job_id=job_id)
        if encoded_bytes(result) <= MAX_RESULT_BYTES:
            break
    return result


def without_nothing(data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value: a model reads every field that is there."""
    return {name: value for name, value in data.items() if value is not None and value != ""}

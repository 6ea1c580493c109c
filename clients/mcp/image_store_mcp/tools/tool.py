"""What a tool is, and what a call of it answers: the same for every version and transport of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_store_client import ImageStoreError
from image_store_mcp.tools.arguments import check_arguments
from image_store_mcp.tools.failures import ToolError, error_text

if TYPE_CHECKING:
    from image_store_client import ImageStore

ToolFunction = Callable[["ImageStore", Mapping[str, Any]], "ToolResult"]
"""Does the work of a tool with checked arguments; ImageStoreError or ToolError if that fails."""


_DEFAULT_HINTS = {
    "readOnlyHint": False,
    "destructiveHint": True,
    "idempotentHint": False,
    "openWorldHint": True,
}


@dataclass(frozen=True, slots=True)
class InlinePicture:
    """A small picture inside an answer, base64-encoded."""

    data: str
    mime_type: str

    def block(self) -> dict[str, Any]:
        """The content block of the protocol."""
        return {"type": "image", "data": self.data, "mimeType": self.mime_type}


@dataclass(frozen=True, slots=True)
class ResourceLink:
    """A link to an image, which `resources/read` answers."""

    uri: str
    name: str
    mime_type: str

    def block(self) -> dict[str, Any]:
        """The content block of the protocol."""
        return {"type": "resource_link", "uri": self.uri, "name": self.name, "mimeType": self.mime_type}


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call answers. `text` alone is enough to understand it: some clients show nothing else.

    With `job_id` the work goes on as that generation job, and the text says how to follow it.
    """

    text: str
    structured: Mapping[str, Any] | None = None
    contents: tuple[InlinePicture | ResourceLink, ...] = ()
    is_error: bool = False
    job_id: str | None = None

    def blocks(self) -> list[dict[str, Any]]:
        """The content blocks of the protocol, the text first."""
        return [{"type": "text", "text": self.text}, *(each.block() for each in self.contents)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """What a client may tell its user before a call."""

    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    open_world: bool = False

    def hints(self) -> dict[str, bool]:
        """The annotations of the protocol that are not its defaults."""
        changes = (
            {} if self.read_only else {"destructiveHint": self.destructive, "idempotentHint": self.idempotent}
        )
        hints = {"readOnlyHint": self.read_only, **changes, "openWorldHint": self.open_world}
        return {name: value for name, value in hints.items() if value is not _DEFAULT_HINTS[name]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool: what `tools/list` says about it, and what `tools/call` does.

    `start` is set if the work can go on as a generation job: it begins the work and returns at once, with `job_id`,
    for a client that follows tasks. `run` waits a while first.
    """

    name: str
    title: str
    description: str
    annotations: Annotations
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any] | None = None
    run: ToolFunction
    start: ToolFunction | None = None

    def call(self, store: ImageStore, arguments: Mapping[str, Any], *, as_task: bool = False) -> ToolResult:
        """Check the arguments, do the work, and answer; a failure is an answer with `is_error` too.

        `as_task` does not wait for work that goes on as a job.
        """
        work = self.start if as_task and self.start is not None else self.run
        try:
            return work(store, check_arguments(self.input_schema, arguments))
        except (ImageStoreError, ToolError) as failed:
            return ToolResult(error_text(failed), is_error=True)

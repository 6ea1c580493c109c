"""What a server offers its clients: the server features of the specification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from image_store_client import ImageStore
    from image_store_client.schemas import Job
    from image_store_mcp.tools.resources import ResourceContent
    from image_store_mcp.tools.tool import Tool, ToolResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFeatures:
    """The tools of a server and how it presents itself; the same for every message."""

    version: str
    instructions: str
    tools: Sequence[Tool]
    job_result: Callable[[Job], ToolResult]
    """What a generation job has made so far."""
    read: Callable[[ImageStore, str], ResourceContent]
    """The content of the resource at an address; ImageStoreError or ToolError if there is none."""

    @property
    def info(self) -> dict[str, str]:
        """The name and version of the server."""
        return {"name": "images", "title": "Image store", "version": self.version}

    def tool(self, name: object) -> Tool | None:
        """The tool with a name."""
        return next((tool for tool in self.tools if tool.name == name), None)

"""The features of the servers of the store: all tools, or those that a server adds or leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_mcp.protocol.features import ServerFeatures
from image_store_mcp.tools.generation import job_result
from image_store_mcp.tools.resources import read_resource
from image_store_mcp.tools.table import INSTRUCTIONS, TOOLS
from image_store_mcp.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from image_store_mcp.tools.tool import Tool


def server_features(tools: Sequence[Tool] = TOOLS) -> ServerFeatures:
    """The features of a server with these tools."""
    return ServerFeatures(
        version=__version__,
        instructions=INSTRUCTIONS,
        tools=tools,
        job_result=job_result,
        read=read_resource,
    )

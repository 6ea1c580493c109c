"""The versions of the specification, and which of them a message speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_mcp.protocol.messages import Message

MODERN = "2026-07-28"
LEGACY = ("2025-11-25", "2025-06-18")
"""The versions that begin with `initialize`, newest first."""
SUPPORTED = (MODERN, *LEGACY)
WITH_TASKS = LEGACY[0]
"""The version with `initialize` that has tasks."""

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
SERVER_KEY = "io.modelcontextprotocol/serverInfo"
TASKS = "io.modelcontextprotocol/tasks"
"""The extension of the current version."""
VERSION_HEADER = "mcp-protocol-version"

_DATED = {*LEGACY, "2025-03-26", "2024-11-05"}
"""What the header of a client that has sent `initialize` may say."""


def is_modern(message: Message, headers: Mapping[str, str]) -> bool:
    """Whether a message is of the current version: by its `_meta`, or by a header that no older client sends."""
    meta = message.params.get("_meta")
    if isinstance(meta, dict) and VERSION_KEY in meta:
        return True
    named = headers.get(VERSION_HEADER)
    return named is not None and named not in _DATED


def legacy_version(named: object) -> str:
    """The version to speak with a client that names one in `initialize`: the same, or the newest of these."""
    return named if isinstance(named, str) and named in LEGACY else LEGACY[0]


def version_of_header(headers: Mapping[str, str]) -> str:
    """The version of a request after `initialize`. A client that names none, or an older one, gets the oldest."""
    named = headers.get(VERSION_HEADER)
    return named if named in LEGACY else LEGACY[-1]

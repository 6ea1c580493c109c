"""`image-store mcp` as the official SDKs start it, over stdin and stdout, in every version that they speak."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pytest

from image_store_mcp.tools.table import TOOLS
from tests.e2e.node_scripts import run_script
from tests.mcp.replies import image
from tests.mcp.stdio_client import environment_of
from tests.python.scripted_server import Answer, ScriptedServer, problem

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "image_store_cli", "mcp"]
VISIT = (Answer(200, image()), problem(404, "image_not_found"))
"""What the store answers to each client: it reads an image, and one that does not exist."""
UNKNOWN_TOOL = -32602


@pytest.fixture
def environment(server: ScriptedServer, tmp_path: Path) -> dict[str, str]:
    """That of the server: it has the address of the store, and a token."""
    return environment_of(tmp_path, IMAGE_STORE_URL=server.url, IMAGE_STORE_TOKEN="a.b.c")


async def visit(environment: dict[str, str], mode: str) -> dict[str, Any]:
    """What a client in Python sees."""
    # Here, because every process that collects this file would wait seconds for them.
    from mcp.client.client import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client

    parameters = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=environment)
    async with Client(stdio_client(parameters), mode=mode) as client:
        tools = (await client.list_tools()).tools
        seen = await client.call_tool("get_image", {"id": "i1"})
        missing = await client.call_tool("get_image", {"id": "none"})
        return {
            "version": client.session.protocol_version,
            "tools": sorted(tool.name for tool in tools),
            "title": (seen.structured_content or {})["title"],
            "missing": missing.is_error,
        }


@pytest.mark.parametrize(
    ("mode", "version"), [("auto", "2026-07-28"), ("legacy", "2025-11-25"), ("2026-07-28", "2026-07-28")]
)
def test_the_sdk_of_python_starts_the_server(
    server: ScriptedServer, environment: dict[str, str], mode: str, version: str
) -> None:
    server.answer(*VISIT)

    seen = asyncio.run(visit(environment, mode))

    assert seen == {
        "version": version,
        "tools": sorted(tool.name for tool in TOOLS),
        "title": "A cat",
        "missing": True,
    }


def test_the_sdks_of_typescript_start_the_server(server: ScriptedServer, environment: dict[str, str]) -> None:
    server.answer(*VISIT * 5)

    seen = run_script("stdio.mjs", *COMMAND, environment=environment)

    versions = {
        "client default": "2025-11-25",
        "client auto": "2026-07-28",
        "client legacy": "2025-11-25",
        "client 2026-07-28": "2026-07-28",
        "sdk": "2025-11-25",
    }
    names = sorted(tool.name for tool in TOOLS)
    for name, version in versions.items():
        assert seen[name] == {
            "version": version, "tools": names, "title": "A cat", "missing": True, "unknown": UNKNOWN_TOOL,
        }, name  # fmt: skip

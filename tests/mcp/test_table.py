"""The list of tools: small, portable between clients, and checked by the schemas that it shows."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from image_store_client import ImageStore
from image_store_mcp.local.file_tools import with_file_tools
from image_store_mcp.local.files import Folders
from image_store_mcp.local.session import Session
from image_store_mcp.tools.arguments import KEYWORDS
from image_store_mcp.tools.table import TOOLS, reading_tools

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from image_store_mcp.tools.tool import Tool

MAX_LIST_BYTES = 8 * 1024
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}},
}
DOES_NOT_CHANGE = {
    "search_images",
    "list_images",
    "find_similar_images",
    "view_image",
    "get_image",
    "list_models",
    "get_generation",
    "get_stats",
}


def with_files(folder: Path) -> tuple[Tool, ...]:
    """The tools of a local server with a folder."""
    return with_file_tools(TOOLS, Folders([folder]))


def schemas_in(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema and all schemas inside it."""
    yield schema
    for inner in [*schema.get("properties", {}).values(), schema.get("items")]:
        if inner is not None:
            yield from schemas_in(inner)


@pytest.mark.parametrize("local", [False, True], ids=["http", "stdio"])
@pytest.mark.parametrize("params", [{}, {"_meta": META}], ids=["with initialize", "2026-07-28"])
def test_the_encoded_list_is_small(tmp_path: Path, local: bool, params: dict[str, Any]) -> None:
    tools = with_files(tmp_path) if local else TOOLS
    with ImageStore("http://127.0.0.1:9", key="isk_1") as store:
        answer = Session(store, tools).answer(
            {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params}
        )

    assert answer is not None
    assert len(answer["result"]["tools"]) == len(tools)
    assert len(json.dumps(answer, separators=(",", ":"))) <= MAX_LIST_BYTES


def test_names_are_a_verb_with_an_object_and_fit_into_the_limits_of_all_clients(tmp_path: Path) -> None:
    names = [tool.name for tool in with_files(tmp_path)]

    assert len(set(names)) == len(names) == 15
    assert [name for name in names if not re.fullmatch(r"(?=.{1,21}$)[a-z]+(_[a-z]+)+", name)] == []


def test_schemas_have_a_root_object_and_only_keywords_that_are_checked(tmp_path: Path) -> None:
    tools = with_files(tmp_path)

    for tool in tools:
        assert (tool.input_schema["type"], tool.input_schema["additionalProperties"]) == ("object", False)
        assert tool.output_schema is None or tool.output_schema["type"] == "object"
        for schema in schemas_in(tool.input_schema):
            assert set(schema) <= KEYWORDS, tool.name


def test_a_list_for_reading_has_no_tool_that_changes_anything(tmp_path: Path) -> None:
    assert {tool.name for tool in reading_tools(with_files(tmp_path))} == DOES_NOT_CHANGE


def test_a_tool_that_shows_a_picture_has_no_structured_answer() -> None:
    [view] = [tool for tool in TOOLS if tool.name == "view_image"]

    assert view.output_schema is None

"""A model reads in plain words which argument of a tool is wrong, and what is allowed, whatever the validator says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store_client import ImageStore
from image_store_mcp.tools.table import TOOLS
from tests.functions.api_in_memory import ApiInMemory
from tests.functions.deployment import API, Deployment
from tests.functions.handlers import verdict_of_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BY_NAME = {tool.name: tool for tool in TOOLS}
OF_A_VALIDATOR = re.compile(r"Input|String|List|Value error|valid |pattern|[\^$\\]|after validation|unable")
"""What texts of pydantic have, and regular expressions."""
MOMENT = "must be a day such as 2026-01-31"
WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("list_images", {"group": "summer"}, "group", "must be type:id"),
    ("list_images", {"since": "yesterday"}, "since", MOMENT),
    ("list_images", {"until": "2026-13-45"}, "until", MOMENT),
    ("list_images", {"tag": "x" * 65}, "tag", "must have at most 64 characters"),
    ("list_images", {"tag": ""}, "tag", "must have at least 1 character"),
    ("list_images", {"cursor": "x" * 501}, "cursor", "must have at most 500 characters"),
    ("search_images", {"query": ""}, "query", "must have at least 1 character"),
    ("search_images", {"query": "x" * 201}, "query", "must have at most 200 characters"),
    ("generate_images", {"prompt": ""}, "prompt", "must have at least 1 character"),
    ("generate_images", {"prompt": "a cat", "size": "large"}, "size", "must be WIDTHxHEIGHT"),
    ("generate_images", {"prompt": "a cat", "title": "a\nb"}, "title", "must not contain control characters"),
    (
        "generate_images",
        {"prompt": "a cat", "reference_ids": ["x"] * 99},
        "reference_ids",
        "must have at most ",
    ),
    ("update_image", {"rating": 9}, "rating", "must be at most 5"),
    ("update_image", {"rating": 0}, "rating", "must be at least 1"),
    ("update_image", {"tags": ["x"] * 99}, "tags", "must have at most "),
    ("update_image", {"tags": ["ok", ""]}, "tags.1", "must have at least 1 character"),
    ("update_image", {"title": "x" * 9_999}, "title", "must have at most "),
    ("share_image", {"expires_in": 0}, "expires_in", "must be at least "),
    ("share_image", {"expires_in": 10**12}, "expires_in", "must be at most "),
    ("upload_image", {"url": "https://example.com/" + "x" * 9_999}, "url", "must have at most "),
]


@pytest.fixture
def client(deployed: Callable[..., Deployment]) -> Iterator[tuple[ImageStore, str]]:
    """A client of a deployment in memory, and the id of an image."""
    store = deployed(PROVIDERS="pollinations")
    transport = ApiInMemory(store, {"a.b.c": verdict_of_user("alice")})
    image_id = store.answer_to("upload/raw").json["id"]
    with (
        httpx.Client(transport=transport) as http,
        ImageStore(API, token="a.b.c", max_retries=0, http_client=http) as connected,
    ):
        yield connected, image_id


@pytest.mark.parametrize(("name", "arguments", "field", "problem"), WRONG, ids=lambda each: str(each)[:24])
def test_a_problem_names_the_argument_and_what_is_allowed(
    client: tuple[ImageStore, str], name: str, arguments: dict[str, Any], field: str, problem: str
) -> None:
    store, image_id = client
    tool = BY_NAME[name]
    required = {"id": image_id} if "id" in tool.input_schema["properties"] else {}

    result = tool.call(store, required | arguments)

    assert result.is_error, result.text
    described = json.loads(result.text)["error"]
    problems = {each["field"]: each["problem"] for each in described["fields"]}
    assert problems[field].startswith(problem), described
    assert not any(OF_A_VALIDATOR.search(each) for each in problems.values()), problems

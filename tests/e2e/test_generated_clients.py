"""Clients that generators make of the document by their default options.

They compile, refuse what the API refuses, and call every route of the real stack.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.openapi.nodejs import compile_clients, installed_node
from tools import openapi

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Stack
    from tests.openapi.nodejs import Node

ELSEWHERE = {("get", "/m/{path}")}
"""Old addresses exist after an import from another store: test_imports.py."""
RUNS = ("routes_with_fetch", "routes_with_sdk")
WRONG = """
import * as api from "./sdk";
import type { components } from "./schema";
const body: components["schemas"]["ImageUpload"] = { source: { base64: "", url: "" }, visibilty: "public" };
const code: components["schemas"]["ErrorCode"] = "no_such_code";
void api.createGeneration({ body: { items: [] , provider: "nobody" } });
void api.listImages({ query: { order: "sideways" } });
console.log(body, code);
"""


@pytest.fixture(scope="module")
def node() -> Node:
    """The Node.js of the tests."""
    return installed_node()


@dataclass(frozen=True)
class Build:
    """The folder of the compiled clients, and what the compiler said."""

    folder: Path
    messages: list[str]


@pytest.fixture(scope="module")
def build(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Both clients, the scripts that call them, and a script with mistakes."""
    folder = tmp_path_factory.mktemp("clients")
    (folder / "wrong.ts").write_text(WRONG)
    messages = compile_clients(node, folder).splitlines()
    return Build(folder / "built", messages)


def test_generated_clients_compile_and_find_what_is_wrong(build: Build) -> None:
    lines = {
        line.partition(":")[0].partition(",")[0] for line in build.messages if line.startswith("wrong.ts")
    }
    assert lines == {f"wrong.ts({number}" for number in (4, 5, 6, 7)}
    assert [line for line in build.messages if line[0] != " " and not line.startswith("wrong.ts")] == []


@pytest.mark.parametrize("script", RUNS)
def test_a_generated_client_calls_every_route(script: str, node: Node, build: Build, stack: Stack) -> None:
    done = node.run(
        build.folder / f"{script}.js",
        folder=build.folder,
        API_URL=stack.api_url,
        OWNER_TOKEN=stack.token(f"client-{uuid.uuid4()}"),
        ADMIN_TOKEN=stack.token(f"admin-{uuid.uuid4()}", scope="images:admin"),
    )

    assert done.returncode == 0, done.stderr
    answered = [json.loads(line) for line in done.stdout.splitlines()]
    failed = [each for each in answered if not 200 <= each["status"] < 300]
    assert failed == []
    called = {(each["method"].lower(), each["path"]) for each in answered}
    assert (
        called
        == {(method, path) for path, methods in openapi.document()["paths"].items() for method in methods}
        - ELSEWHERE
    )

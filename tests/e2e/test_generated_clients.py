"""Generated clients with their default options call every route of the real stack."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.openapi.nodejs import compile_clients, installed_node
from tools import openapi

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Stack
    from tests.openapi.nodejs import Node

RUNS = ("routes_with_fetch", "routes_with_sdk")


@pytest.fixture(scope="module")
def node() -> Node:
    """The Node.js of the tests."""
    return installed_node()


@pytest.fixture(scope="module")
def built(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the compiled clients."""
    folder = tmp_path_factory.mktemp("clients")
    assert compile_clients(node, folder) == ""
    return folder / "built"


@pytest.mark.parametrize("script", RUNS)
def test_a_generated_client_calls_every_route(script: str, node: Node, built: Path, stack: Stack) -> None:
    done = node.run(
        built / f"{script}.js",
        folder=built,
        API_URL=stack.api_url,
        OWNER_TOKEN=stack.token(f"client-{uuid.uuid4()}"),
        ADMIN_TOKEN=stack.token(f"admin-{uuid.uuid4()}", scope="images:admin"),
    )

    assert done.returncode == 0, done.stderr
    answered = [json.loads(line) for line in done.stdout.splitlines()]
    failed = [each for each in answered if not 200 <= each["status"] < 300]
    assert failed == []
    called = {(each["method"].lower(), each["path"]) for each in answered}
    assert called == {
        (method, path) for path, methods in openapi.document()["paths"].items() for method in methods
    }

"""The issuer that docs/sign-in.md prints for apps with sessions of their own, in front of the running stack."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.ports import any_free_port
from tests.e2e.environment import changed_environment, function_name
from tests.e2e.example_apps import serving
from tests.e2e.test_images import upload
from tests.openapi.nodejs import Node, installed_node
from tests.typescript.printed_app import printed_files, write_files
from tools import client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Stack

PAGE = client.ROOT / "docs/sign-in.md"
SECTION = "\n## An app with its own sessions\n"
SESSIONS = """\
const sessions = new Map([["session-of-alice", "alice"]]);

export async function currentUser(request: Request): Promise<string | null> {
  const cookie = /(?:^|; )session=([^;]+)/.exec(request.headers.get("cookie") ?? "");
  return (cookie && sessions.get(cookie[1]!)) ?? null;
}
"""
SERVER = """\
import { serve } from "@hono/node-server";
import { issuer } from "./issuer.ts";

serve({ fetch: issuer.fetch, hostname: "localhost", port: Number(process.env.PORT) });
"""
"""What an app has of its own."""
STRICT = ("--noEmit", "--strict", "--module", "nodenext", "--allowImportingTsExtensions", "--skipLibCheck")
PREFIX = "app:"
MOST_LINES = 25
SIGNED_IN = {"Cookie": "session=session-of-alice"}


def section() -> str:
    """The part of the page about such apps."""
    return PAGE.read_text().partition(SECTION)[2].partition("\n## ")[0]


def printed(pattern: str) -> str:
    """What the section prints in one place; its lines may be wrapped there."""
    [text] = re.findall(pattern, section(), flags=re.DOTALL)
    return " ".join(str(text).split())


@pytest.fixture(scope="module")
def node() -> Node:
    return installed_node()


@pytest.fixture(scope="module")
def folder(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app."""
    app = tmp_path_factory.mktemp("own-issuer")
    (app / "node_modules").symlink_to(node.packages)
    (app / "package.json").write_text('{"type": "module"}')
    issuer = printed_files(PAGE)["issuer.ts"]
    write_files(app, {"issuer.ts": issuer, "session.ts": SESSIONS, "server.ts": SERVER})
    return app


@pytest.fixture(scope="module")
def app(stack: Stack, node: Node, folder: Path) -> Iterator[httpx.Client]:
    """The running app, whose tokens the stack accepts beside those of its own issuers."""
    key = node.run("-p", printed("`node -p '(.+?)'`"), folder=folder)
    assert key.returncode == 0, key.stderr
    port = any_free_port()
    address = f"http://localhost:{port}"
    described: list[dict[str, Any]] = json.loads(
        printed(r"`Issuers` to `(\[.+?\])`").replace("https://app.example.com", address)
    )
    configuration = stack.client("lambda").get_function_configuration(
        FunctionName=function_name(stack, "authorize")
    )
    issuers = json.loads(configuration["Environment"]["Variables"]["ISSUERS"])
    issuers += [each | {"subject_prefix": PREFIX} for each in described]
    variables = {"PORT": str(port), "APP_URL": address, "TOKEN_KEY": key.stdout}
    with (
        serving(
            [str(node.program), "server.ts"],
            folder=folder,
            address=f"{address}/store-keys",
            output=folder / "output",
            **variables,
        ),
        changed_environment(stack, "authorize", ISSUERS=json.dumps(issuers)),
        httpx.Client(base_url=address, timeout=40) as http,
    ):
        yield http


def test_the_printed_issuer_is_short_and_compiles(node: Node, folder: Path) -> None:
    lines = [line for line in printed_files(PAGE)["issuer.ts"].splitlines() if line.strip()]

    compiled = node.run(node.package("typescript/bin/tsc"), *STRICT, "server.ts", folder=folder)

    assert compiled.returncode == 0, compiled.stdout
    assert len(lines) <= MOST_LINES


def test_a_session_becomes_a_token_with_which_pages_call_the_store(stack: Stack, app: httpx.Client) -> None:
    answer = app.get("/store-token", headers=SIGNED_IN)

    assert answer.headers["cache-control"] == "no-store"
    with stack.http(None) as store, stack.http("alice") as namesake:
        store.headers["Authorization"] = f"Bearer {answer.text}"
        image = upload(store)
        assert store.get(f"/v1/images/{image['id']}").status_code == 200
        assert namesake.get(f"/v1/images/{image['id']}").status_code == 404


def test_without_a_session_there_is_no_token(app: httpx.Client) -> None:
    for headers in ({}, {"Cookie": "session=guessed"}):
        assert app.get("/store-token", headers=headers).status_code == 401


def test_the_keys_are_public_alone(app: httpx.Client) -> None:
    [key] = app.get("/store-keys").json()["keys"]

    assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}

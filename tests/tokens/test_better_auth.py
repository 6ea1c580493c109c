"""Tokens of Better Auth itself: the one issuer of the page on sign-in that runs on any machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from image_store.domain.callers.issuers import TrustedIssuer
from image_store.domain.errors import InvalidToken
from tests.openapi.nodejs import Node, installed_node
from tests.tokens.issuers import World

ORIGIN = "https://app.example.com"
KEYS = f"{ORIGIN}/api/auth/jwks"
SCRIPT = Path(__file__).with_name("better_auth.mjs")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> tuple[Node, Path]:
    """Node.js, and a folder in which scripts find its packages."""
    installed, folder = installed_node(), tmp_path_factory.mktemp("better-auth")
    (folder / "node_modules").symlink_to(installed.packages)
    shutil.copy(SCRIPT, folder)
    return installed, folder


@pytest.mark.parametrize("algorithm", ["", "ES256", "RS256"], ids=lambda name: name or "default")
def test_a_token_of_better_auth_names_its_user(node: tuple[Node, Path], algorithm: str) -> None:
    installed, folder = node
    run = installed.run(SCRIPT.name, ORIGIN, algorithm, folder=folder)
    assert run.returncode == 0, run.stderr
    signed: dict[str, Any] = json.loads(run.stdout)
    issuer = TrustedIssuer(issuer=ORIGIN, audiences=frozenset({ORIGIN}), keys_url=KEYS)
    world = World(issuers=(issuer,))
    world.published.documents[KEYS] = signed["keys"]

    verified = world.verifier.verify(signed["token"])

    assert verified.owner == signed["user"]
    with pytest.raises(InvalidToken):
        world.verifier.verify(signed["token"][:-4] + "AAAA")


def test_the_page_on_sign_in_names_the_version_that_runs_here() -> None:
    packages = json.loads((ROOT / "tests/openapi/package.json").read_text())["dependencies"]

    assert f"Better Auth {packages['better-auth']} " in (ROOT / "docs/sign-in.md").read_text()

"""What the console shows on its page Connect is what the documentation prints."""

from __future__ import annotations

import json
import subprocess

from local.bootstrap import node_of
from tests.site_bundle import CONSOLE, ROOT

OPENAI_URL = "https://….lambda-url.eu-central-1.on.aws/openai/v1"
MCP_URL = "https://images.example.com/mcp"
"""The addresses of the examples in the documentation."""
PAGES = ("openai.md", "mcp.md")
KEY = "isk_0123456789"
SCRIPT = """
import {{ configurations }} from {module};
console.log(JSON.stringify(configurations({addresses}, {key})));
"""


def configurations(openai_url: str | None = OPENAI_URL, key: str | None = None) -> dict[str, str]:
    """The texts of the page by the names of the clients."""
    script = SCRIPT.format(
        module=json.dumps((CONSOLE / "connect/configurations.js").as_uri()),
        addresses=json.dumps({"mcp_url": MCP_URL, "openai_url": openai_url}),
        key=json.dumps(key),
    )
    words = [str(node_of(ROOT / ".venv-node")), "--input-type=module", "--eval", script]
    answer = subprocess.run(words, capture_output=True, check=True, text=True, timeout=60)
    return {each["name"]: each["text"] for each in json.loads(answer.stdout)}


def test_the_documentation_prints_each_configuration_of_the_console() -> None:
    pages = "".join((ROOT / "docs" / page).read_text() for page in PAGES)

    texts = configurations()

    assert len(texts) == 7
    assert [name for name, text in texts.items() if f"\n{text}\n" not in pages] == []


def test_a_key_is_in_every_configuration_but_that_of_a_client_that_asks_for_it() -> None:
    texts = configurations(key=KEY)

    assert {name for name, text in texts.items() if text.count(KEY) != 1} == {"VS Code"}
    assert not any("isk_…" in text or "IMAGE_STORE_KEY" in text for text in texts.values())
    for name in ("Cursor", "VS Code"):
        assert json.loads(texts[name])


def test_without_an_openai_endpoint_only_ai_clients_can_be_configured() -> None:
    assert list(configurations(openai_url=None)) == ["Claude Code", "Cursor", "VS Code"]

"""Clients that generators make of the document compile, and refuse what the API refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.openapi.nodejs import compile_clients

if TYPE_CHECKING:
    from pathlib import Path

    from tests.openapi.nodejs import Node

WRONG = """
import * as api from "./sdk";
import type { components } from "./schema";
const body: components["schemas"]["ImageUpload"] = { source: { base64: "", url: "" }, visibilty: "public" };
const code: components["schemas"]["ErrorCode"] = "no_such_code";
void api.createGeneration({ body: { items: [] , provider: "nobody" } });
void api.listImages({ query: { order: "sideways" } });
console.log(body, code);
"""


def test_generated_clients_compile_and_find_what_is_wrong(node: Node, tmp_path: Path) -> None:
    (tmp_path / "wrong.ts").write_text(WRONG)

    messages = compile_clients(node, tmp_path).splitlines()

    lines = {line.partition(":")[0].partition(",")[0] for line in messages if line.startswith("wrong.ts")}
    assert lines == {f"wrong.ts({number}" for number in (4, 5, 6, 7)}
    assert [line for line in messages if line[0] != " " and not line.startswith("wrong.ts")] == []

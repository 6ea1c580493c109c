"""The TypeScript client against the running stack: its tests in ``clients/typescript/tests/stack``, and its guide."""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING

from tests.e2e.test_readme import ROOT, shell_blocks, type_lines
from tests.typescript.built_client import BuiltClient
from tests.typescript.printed_app import install_client

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Stack

PAGE = (ROOT / "docs/typescript.md").read_text()
OPTIONS = {
    "compilerOptions": {
        "strict": True,
        "skipLibCheck": True,
        "target": "es2022",
        "lib": ["es2022", "dom", "dom.iterable"],
        "module": "nodenext",
        "types": ["node"],
    },
    "files": ["guide.ts"],
}
"""How an app compiles."""


def make_app(folder: Path) -> None:
    """Make a folder whose modules can import the client."""
    install_client(folder, beside=["@types"])
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "tsconfig.json").write_text(json.dumps(OPTIONS))


def test_every_function_of_the_typescript_client_works_on_the_stack(stack: Stack) -> None:
    output = BuiltClient().run(
        "vitest/vitest.mjs",
        "run",
        "--dir",
        "tests/stack",
        API_URL=stack.api_url,
        OWNER_TOKEN=stack.token(f"typescript-{uuid.uuid4()}"),
        ADMIN_TOKEN=stack.token(f"admin-{uuid.uuid4()}", scope="images:admin"),
    )

    assert " passed" in output


def test_the_lines_of_the_guide_work_as_they_are_printed(stack: Stack, tmp_path: Path) -> None:
    client = BuiltClient()
    [key_lines] = [block for block in shell_blocks(PAGE) if "IMAGE_STORE_KEY" in block]
    typed = type_lines([key_lines, 'echo "$IMAGE_STORE_KEY"'], stack, tmp_path)
    assert typed.returncode == 0, typed.stderr
    make_app(tmp_path)
    lines = "".join(re.findall(r"^```ts$(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL))
    (tmp_path / "guide.ts").write_text(lines)

    client.run("typescript/bin/tsc", "--project", str(tmp_path))
    output = client.run(
        str(tmp_path / "guide.js"),
        IMAGE_STORE_URL=stack.api_url,
        IMAGE_STORE_KEY=typed.stdout.splitlines()[0],
    )

    assert "1 unsupported_media_type" in output
    assert "succeeded [ '" in output
    assert "invalid_request 400" in output

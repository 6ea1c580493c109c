"""The page about backends: its shell lines and its modules run against the stack exactly as they are printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.e2e.test_images import list_ids
from tests.e2e.test_readme import MOST_CHARACTERS, ROOT, changed_files, shell_blocks, type_lines
from tests.openapi.nodejs import installed_node
from tests.pictures import jpeg

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Stack

PAGE = (ROOT / "docs/backend-keys.md").read_text()
STAND_INS = {
    "package.json": '{"type": "module"}',
    "convex/_generated/server.js": "export const action = (definition) => definition;",
    "node_modules/convex/package.json": '{"type": "module", "exports": {"./values": "./values.js"}}',
    "node_modules/convex/values.js": "export const v = { bytes: () => 'bytes', string: () => 'string' };",
}
"""What Convex itself brings: its code generator and its servers are not here."""
DRIVER = """
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { registerHooks } from "node:module";

// Convex's bundler finds files without their ending.
registerHooks({ resolve: (name, context, next) => next(name.endsWith("/server") ? `${name}.js` : name, context) });
const picture = await readFile("picture.jpg");
const address = async (server) => {
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return `http://127.0.0.1:${server.address().port}`;
};

const { server } = await import("./webhook.js");
const hook = await address(server);
for (const _ of [1, 2]) {
  const headers = { "Content-Type": "image/jpeg", "Webhook-Id": "delivery-1" };
  const heard = await fetch(`${hook}/?user=hook%7Cuser`, { method: "POST", headers, body: picture });
  console.log(heard.status, await heard.text());
}
const refused = await fetch(`${hook}/?user=hook%7Cuser`, {
  method: "POST", headers: { "Content-Type": "image/jpeg", "Webhook-Id": "delivery-2" }, body: "no picture",
});
console.log(refused.status, await refused.text());
server.close();

const { keep } = await import("./convex/images.js");
const auth = { getUserIdentity: async () => ({ subject: "convex-user" }) };
const bytes = picture.buffer.slice(picture.byteOffset, picture.byteOffset + picture.length);
console.log("convex", await keep.handler({ auth }, { picture: bytes, id: "upload-1" }));

const charts = createServer((_, response) => response.writeHead(200, { "Content-Type": "image/jpeg" }).end(picture));
const worker = (await import("./worker.js")).default;
const env = { ...process.env, CHART_URL: await address(charts), CHART_OWNER: "worker-user" };
await worker.scheduled({ scheduledTime: 17 }, env);
charts.close();
"""


def test_the_shell_lines_of_the_page_work_as_they_are_typed(stack: Stack, tmp_path: Path) -> None:
    before = changed_files()

    typed = type_lines(shell_blocks(PAGE), stack, tmp_path)

    assert typed.returncode == 0, typed.stderr + typed.stdout
    assert '"owner_id":"alice"' in typed.stdout
    _listed, _changed, night, same_night, *_ = re.findall(r'\{"id":"([0-9a-f-]{36})"', typed.stdout)
    assert night == same_night, "the cron job stored a second image"
    assert "}revoked\n" in typed.stdout
    assert changed_files() == before


def test_the_modules_of_the_page_store_images_for_their_users(stack: Stack, tmp_path: Path) -> None:
    modules = re.findall(r"^```js\n// (\S+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    files = STAND_INS | dict(modules) | {"driver.js": DRIVER}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "picture.jpg").write_bytes(jpeg(64, 48))
    with stack.admin() as admin:
        body = {"name": "backend", "scopes": ["images:write", "act-as"]}
        key = admin.post("/v1/keys", json=body).raise_for_status().json()["key"]

    ran = installed_node().run(
        "driver.js", folder=tmp_path, IMAGE_STORE_URL=stack.api_url, IMAGE_STORE_KEY=key
    )

    assert ran.returncode == 0, ran.stderr
    first, again, refused, _ = ran.stdout.splitlines()
    assert first == again
    assert first.startswith("200 ")
    assert refused.startswith("502 unsupported_media_type: ")
    assert len(modules) == len(re.findall(r"^```js", PAGE, flags=re.MULTILINE)) == 4
    for owner in ("hook|user", "convex-user", "worker-user"):
        with stack.http(owner) as client:
            assert len(list_ids(client)) == 1


def test_no_shell_line_of_the_page_is_long() -> None:
    lines = [line for block in shell_blocks(PAGE) for line in block.splitlines()]

    assert len(lines) > 30
    assert max(map(len, lines)) <= MOST_CHARACTERS

"""The TypeScript that README.md, docs/nextjs.md and docs/switching.md print compiles: files, and calls in tables."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.typescript.printed_app import install_client, printed_files, write_files
from tools import client

if TYPE_CHECKING:
    from pathlib import Path

    from tests.typescript.built_client import BuiltClient

README = client.ROOT / "README.md"
NEXT = client.ROOT / "docs/nextjs.md"
SWITCHING = client.ROOT / "docs/switching.md"
SERVICES = ("UploadThing", "Supabase Storage", "Vercel Blob", "Cloudinary")
SESSION = "export declare function currentUser(request?: Request): Promise<string | null>;\n"
"""What the app has of its own."""
KNOWN = """\
import { createImageStore, type Image, type ImageStore, type Share, type UploadOptions } from "@image-store/client";

declare const [store, share, image]: [ImageStore, Share, Image];
declare const [file, files, ids]: [File, File[], string[]];
declare const [id, url, uploadToken]: [string, string, string];
declare const { onProgress, signal }: Required<UploadOptions>;
export const calls = [
"""
"""What the calls of the tables refer to."""
SETTINGS = {
    "extends": str(client.PACKAGE / "tsconfig.json"),
    "compilerOptions": {"types": ["node"]},
    "include": ["."],
}


def calls_of(service: str) -> list[str]:
    """The calls of the client in the last column of the table of a service."""
    section = SWITCHING.read_text().partition(f"\n## {service}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\|.*\| (.+) \|$", section, flags=re.MULTILINE)
    codes = [code for cell in cells for code in re.findall(r"`([^`]+)`", cell)]
    return [code for code in codes if re.match(r"(store|share|image)\.|createImageStore\(", code)]


def test_the_printed_lines_compile(typescript_client: BuiltClient, tmp_path: Path) -> None:
    calls = {service: calls_of(service) for service in SERVICES}
    lines = "".join(f"  () => {call},\n" for service in SERVICES for call in calls[service])
    install_client(tmp_path, beside=("react", "@types"))
    for page in (README, NEXT, SWITCHING):
        write_files(tmp_path / page.stem, {**printed_files(page), "session.ts": SESSION})
    (tmp_path / "calls.ts").write_text(f"{KNOWN}{lines}];\n")
    (tmp_path / "tsconfig.json").write_text(json.dumps(SETTINGS))

    typescript_client.run("typescript/bin/tsc", "--project", str(tmp_path))

    assert {"server.ts"} <= set(printed_files(README))
    assert {"app/actions.ts", "app/api/upload-token/route.ts"} <= set(printed_files(NEXT))
    assert {"album.ts", "app/api/upload-token/route.ts", "upload.tsx"} <= set(printed_files(SWITCHING))
    assert min(map(len, calls.values())) > 10

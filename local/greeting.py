"""The text that is printed when the stack is ready: its address, and lines to copy into a shell."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

from PIL import Image

from local.issuer import DEFAULT_SUBJECT, Issuer
from local.settings import ALLOWED_ORIGINS

if TYPE_CHECKING:
    from pathlib import Path

    from local.settings import LocalSettings

SAMPLE_WIDTH, SAMPLE_HEIGHT = 1200, 800


def greeting(settings: LocalSettings, *, issuer: Issuer, sample: Path, log: Path) -> str:
    """Return the text; its commands work as printed, in this order."""
    images = f"{settings.api_url}/v1/images"
    bearer = '-H "Authorization: Bearer $TOKEN"'
    read_id = "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"id\"])'"
    return f"""
The image store is running. Open {settings.api_url} in a browser and choose who you are.

In another terminal, get a token for {DEFAULT_SUBJECT} (valid for 12 hours):
  export TOKEN=$(curl -sS '{issuer.token_url}?sub={DEFAULT_SUBJECT}')

Store a picture, see it, list it, delete it:
  ID=$(curl -sS {images} {bearer} -H 'Content-Type: image/jpeg' \\
    --data-binary @'{sample}' | {read_id})
  curl -sS {images}/$ID {bearer}
  curl -sSL '{images}/'$ID'/content?rendition=thumb' {bearer} -o thumb.jpg
  curl -sS {images} {bearer}
  curl -sS -X DELETE {images}/$ID {bearer}

A key for a backend of hers, shown only once (docs/backend-keys.md):
  curl -sS {settings.api_url}/v1/keys {bearer} -H 'Content-Type: application/json' \\
    -d '{{"name": "backend", "scopes": ["images:read", "images:write"]}}'
  or: image-store keys create backend --scope images:read --scope images:write

A token for somebody else: curl -sS '{issuer.token_url}?sub=bob&scope=images:admin'
A token of another kind:   add &alg=ES256 or &alg=EdDSA
To let your own web page in, start the stack with its origin:
  TEMPLATE_PARAMETERS="{ALLOWED_ORIGINS}={settings.api_url},http://localhost:5173" make run
Documentation of the API:  {settings.api_url}/docs
Tools for AI clients:      {settings.api_url}/mcp (docs/mcp.md)
Logs of the functions:     {log}
Ctrl-C stops it. Everything stored stays in {settings.state}.
"""


def make_sample(path: Path) -> Path:
    """Create a small picture to try the store with, unless it exists."""
    if not path.exists():
        hues = [
            tuple(round(255 * part) for part in colorsys.hsv_to_rgb(column / SAMPLE_WIDTH, 0.6, 0.9))
            for column in range(SAMPLE_WIDTH)
        ]
        strip = Image.new("RGB", (SAMPLE_WIDTH, 1))
        strip.putdata(hues)
        strip.resize((SAMPLE_WIDTH, SAMPLE_HEIGHT)).save(path, "JPEG", quality=85)
    return path

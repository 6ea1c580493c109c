"""Serve the web console: its page, the files the page loads, and the settings of the deployment.

The build bundles the files (functions/site/console) and puts them beside the handler. The page and the scripts link to
them with `?v=` and a digest of all files. A URL with the current digest can be cached forever. A page that was loaded
before a deployment gets the new files at its old URLs, uncached, and a script loads the new page.
"""

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aws_lambda_powertools.event_handler import Response

from image_store.domain.delivery.shares import MAX_NAME_CHARS
from image_store.domain.errors import RouteNotFound
from image_store.domain.generation.jobs import MAX_IMAGES
from image_store.domain.generation.requests import MAX_REFERENCES, MAX_VARIATIONS
from image_store.domain.images import details
from image_store.entrypoints.http.compression import accepts_gzip
from image_store.entrypoints.http.request import Request
from image_store.settings.callers import SignInSettings

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}
MAX_REQUEST_BYTES = 4_000_000
"""The largest image that the console sends through the API; larger ones go straight to storage."""

_FOR_EVER = "public, max-age=31536000, immutable"
_ENTRY = "main.js"
_WORKER = "heif-worker.js"
_LIBRARY = "libheif.js"
_WORKER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
"""WebAssembly compiles in the worker that decodes HEIC, which has no page and no token. The page must not."""
_SETTINGS_TAG = b'<meta name="settings" content="">'
_VERSION = re.compile(rb"/assets/main\.js\?v=([0-9a-f]+)")
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
"""The inline script of the page, which its policy allows by its digest."""
_MIN_BYTES_TO_PACK = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """What the console knows about its deployment."""

    sign_in: SignInSettings
    admin_scope: str
    storage_origin: str
    """The origin of presigned links."""
    public_url: str
    """Empty if there is no public bucket."""
    presets: tuple[str, ...]
    widths: Mapping[str, int]
    """The presets that keep the whole picture at a fixed width, and these widths in pixels."""
    max_upload_bytes: int
    max_upload_pixels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where clients of each kind reach the deployment."""

    api_url: str
    mcp_url: str
    openai_url: str | None
    """None if the deployment has no OpenAI endpoint."""


@dataclass(frozen=True)
class Console:
    """The files of a folder with `index.html` and `assets/`."""

    folder: Path

    def page(self, settings: ConsoleSettings, request: Request) -> "Response[bytes]":
        """The page, with a policy that allows only its own files and the images of this deployment.

        It contains the settings and the script that requests the first images, which saves a round trip.
        """
        document = html.escape(_json(_console_settings(settings))).encode()
        origins = [html.escape(origin).encode() for origin in storage_origins(settings)]
        near = b"".join(b'\n<link rel="preconnect" href="%s">' % origin for origin in origins)
        meta = b'<meta name="settings" content="%s">%s' % (document, near)
        content = self._index.replace(_SETTINGS_TAG, meta)
        headers = {
            "Content-Security-Policy": content_security_policy(settings, script=self._script),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Referrer-Policy": "no-referrer",  # at sign-in the URL has a code
            "Cache-Control": "no-cache",
        }
        return _file(content, ".html", headers, request)

    def asset(self, name: str, request: Request) -> "Response[bytes]":
        """A file of the page; RouteNotFound if there is no file of that name."""
        if name not in self._assets:
            raise RouteNotFound
        content, headers = self._assets[name].read_bytes(), {"Cache-Control": "no-cache"}
        version = _version_in(request)
        if version == self.version:
            headers = {"Cache-Control": _FOR_EVER}
        elif version is not None:
            content = self._successor(name) or content
        if name == _WORKER:
            headers |= {"Content-Security-Policy": _WORKER_POLICY}
        return _file(content, Path(name).suffix, headers, request)

    @cached_property
    def version(self) -> str:
        """The digest of every file, as the bundler wrote it into the page."""
        return _match(_VERSION, self._index).decode()

    @cached_property
    def _index(self) -> bytes:
        return (self.folder / "index.html").read_bytes()

    @cached_property
    def _script(self) -> bytes:
        return _match(_SCRIPT, self._index)

    @cached_property
    def _assets(self) -> dict[str, Path]:
        return {path.name: path for path in (self.folder / "assets").iterdir()}

    def _successor(self, name: str) -> bytes | None:
        """The replacement of a script for a page of another version; None for any other file.

        All scripts are one program, and one of another version would start a second program in the page. A page that
        starts gets the current entry script. A page that has started reloads at the URL that it shows. The worker is a
        program of its own.
        """
        if name == _ENTRY:
            return f'import "./{_ENTRY}?v={self.version}";'.encode()
        if name in {_WORKER, _LIBRARY} or not name.endswith(".js"):
            return None
        return b"location.reload();\nawait new Promise(() => {});"


@cache
def of(folder: Path) -> Console:
    """The console in a folder."""
    return Console(folder)


def settings_response(settings: ConsoleSettings, addresses: Addresses) -> "Response[str]":
    """200 with the settings of the console and the addresses of the deployment.

    The page has only the settings: to find the address of the OpenAI endpoint takes a request, which would delay it.
    """
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    body = _json(_console_settings(settings) | asdict(addresses))
    return Response(200, "application/json", body, headers=headers)


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"))


def _console_settings(settings: ConsoleSettings) -> dict[str, Any]:
    """How the console signs in, where images come from, and the limits."""
    return {
        "issuer": settings.sign_in.issuer,
        "client_id": settings.sign_in.client_id,
        "scopes": settings.sign_in.scopes,
        "admin_scope": settings.admin_scope,
        "audience": settings.sign_in.audience.partition(",")[0],
        "r2_origin": settings.storage_origin,
        "public_url": settings.public_url or None,
        "presets": settings.presets,
        "widths": dict(settings.widths),
        "limits": {
            "request_bytes": MAX_REQUEST_BYTES,
            "upload_bytes": settings.max_upload_bytes,
            "upload_pixels": settings.max_upload_pixels,
            "title_chars": details.MAX_TITLE_CHARS,
            "group_id_chars": details.MAX_GROUP_ID_CHARS,
            "alt_text_chars": details.MAX_ALT_TEXT_CHARS,
            "job_images": MAX_IMAGES,
            "variations": MAX_VARIATIONS,
            "references": MAX_REFERENCES,
            "share_name_chars": MAX_NAME_CHARS,
        },
    }


def storage_origins(settings: ConsoleSettings) -> list[str]:
    """List the origins that images come from."""
    return list(filter(None, [settings.storage_origin, _origin(settings.public_url)]))


def content_security_policy(settings: ConsoleSettings, *, script: bytes) -> str:
    """The policy of the page: its own files, images of this deployment, and tokens of its issuer.

    The inline script is allowed by its digest.
    """
    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
    storage = storage_origins(settings)
    sign_in = [_origin(settings.sign_in.issuer), _origin(settings.sign_in.token_url)]
    policy = {
        "default-src": ["'none'"],
        "script-src": ["'self'", f"'sha256-{digest}'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:", *storage],
        "connect-src": ["'self'", *storage, *sign_in],
        "frame-src": [
            "'self'",
            *sign_in,
        ],  # the issuer renews a session in a hidden frame, which comes back here
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'self'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": [_WORKER.removesuffix(".js")],
    }
    return "; ".join(
        " ".join([name, *dict.fromkeys(filter(None, values))]) for name, values in policy.items()
    )


def _match(pattern: re.Pattern[bytes], page: bytes) -> bytes:
    match = pattern.search(page)
    if match is None:
        raise ValueError("The page of the console is not what its bundler writes.")
    return match[1]


def _version_in(request: Request) -> str | None:
    """The version of a file that a client requests."""
    return parse_qs(request.raw_query).get("v", [None])[0]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _file(content: bytes, suffix: str, headers: dict[str, str], request: Request) -> "Response[bytes]":
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    packs = len(content) >= _MIN_BYTES_TO_PACK and accepts_gzip(request.header("accept-encoding") or "")
    # A compressed file has other bytes, so its tag is weak.
    validator = f"W/{etag}" if packs else etag
    headers = headers | {"ETag": validator, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    if request.client_has(etag):
        return Response(304, body=b"", headers=headers)
    if packs:
        headers |= {"Content-Encoding": "gzip"}
        content = gzip.compress(content, mtime=0)
    return Response(200, MEDIA_TYPES[suffix], content, headers=headers)

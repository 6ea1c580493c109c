"""The web console: its page, its files, and what it is told of the deployment.

The files lie beside the handler that serves them. The page names each with the digest of all of them behind a `?v=`,
and so do the modules among themselves; an address with the current digest may therefore be kept for ever. A page
that was loaded before a deployment gets the new files at its old addresses, uncached.
"""

import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from image_store.domain.errors import ImageNotFound
from image_store.entrypoints import http
from image_store.settings import Settings

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".html": "text/html; charset=utf-8",
}
MAX_REQUEST_BYTES = 4_000_000
"""What the console sends through the gateway; larger images go straight to storage."""
MAX_UPLOAD_BYTES = 100 * 1024 * 1024

_FOR_EVER = "public, max-age=31536000, immutable"
_IMPORT = re.compile(rb"""(\b(?:from|import)[ (]*")\./([a-z-]+\.js)(")""")
_NAMED = re.compile(rb"""((?:src|href)=")/assets/([a-z-]+\.(?:js|css|svg))(")""")
_SHORTEST_WORTH_PACKING = 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says of the file it asks for."""

    version: str | None = None
    accepted: str = ""
    known: str = ""


def asked(api: APIGatewayHttpResolver) -> Asked:
    """What the current request says of the file it asks for."""
    query = parse_qs(str(api.current_event.raw_event.get("rawQueryString", "")))
    return Asked(
        version=query.get("v", [None])[0],
        accepted=http.header(api, "accept-encoding") or "",
        known=http.header(api, "if-none-match") or "",
    )


@dataclass(frozen=True)
class Console:
    """The files of a folder with `index.html` and `assets/`, each read at its first use and kept."""

    folder: Path

    def page(self, settings: Settings, asked: Asked) -> "Response[bytes]":
        """The page, with the policy that lets it load nothing but its own files and this deployment's images."""
        content = _NAMED.sub(rb"\1/assets/\2?v=" + self.version.encode() + rb"\3", self._index)
        headers = {
            "Content-Security-Policy": content_security_policy(settings),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Referrer-Policy": "no-referrer",  # signing in brings a code into the address
            "Cache-Control": "no-cache",
        }
        return _file(content, ".html", headers, asked)

    def asset(self, name: str, asked: Asked) -> "Response[bytes]":
        """A file of the page; ImageNotFound when there is none of that name."""
        if name not in self._assets:
            raise ImageNotFound("There is nothing at this address.")
        content = _IMPORT.sub(rb"\1./\2?v=" + self.version.encode() + rb"\3", self._assets[name])
        headers = {"Cache-Control": _FOR_EVER if asked.version == self.version else "no-cache"}
        return _file(content, Path(name).suffix, headers, asked)

    @cached_property
    def version(self) -> str:
        """A digest of every file."""
        digest = hashlib.sha256(self._index)
        for name, content in self._assets.items():
            digest.update(name.encode() + b"\0" + content)
        return digest.hexdigest()[:16]

    @cached_property
    def _index(self) -> bytes:
        return (self.folder / "index.html").read_bytes()

    @cached_property
    def _assets(self) -> dict[str, bytes]:
        return {
            path.name: path.read_bytes()
            for path in sorted((self.folder / "assets").iterdir())
            if path.suffix in MEDIA_TYPES
        }


@cache
def of(folder: Path) -> Console:
    """The console whose files are in a folder, read once."""
    return Console(folder)


def told(settings: Settings) -> "Response[str]":
    """What the console has to know: where to sign in and as what, where images come from, and limits."""
    body = {
        "issuer": settings.issuer,
        "client_id": settings.console_client_id,
        "scopes": settings.console_scopes,
        "audience": settings.audience.partition(",")[0],
        "r2_origin": _origin(settings.r2_endpoint),
        "public_url": settings.public_url or None,
        "presets": list(settings.presets),
        "limits": {"request_bytes": MAX_REQUEST_BYTES, "upload_bytes": MAX_UPLOAD_BYTES},
    }
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(200, "application/json", json.dumps(body, separators=(",", ":")), headers=headers)


def content_security_policy(settings: Settings) -> str:
    """What the console's page may load: its own files, images of this deployment, and tokens of its issuer."""
    storage = [_origin(settings.r2_endpoint), _origin(settings.public_url)]
    sign_in = [_origin(settings.issuer), _origin(settings.console_token_url)]
    policy = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:", *storage],
        "connect-src": ["'self'", *storage, *sign_in],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
    }
    return "; ".join(
        " ".join([name, *dict.fromkeys(filter(None, values))]) for name, values in policy.items()
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _file(content: bytes, suffix: str, headers: dict[str, str], asked: Asked) -> "Response[bytes]":
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = headers | {"ETag": etag, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    if etag in {tag.strip().removeprefix("W/") for tag in asked.known.split(",")}:
        return Response(304, body=b"", headers=headers)
    if len(content) >= _SHORTEST_WORTH_PACKING and _takes_gzip(asked.accepted):
        # A packed file is another sequence of bytes: its validator is weak.
        headers |= {"Content-Encoding": "gzip", "ETag": f"W/{etag}"}
        content = gzip.compress(content, mtime=0)
    return Response(200, MEDIA_TYPES[suffix], content, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    for entry in accepted.lower().split(","):
        coding, _, weight = entry.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False

"""Stand-ins for the stores that images are imported from, as their vendors document them, on the loopback address.

Each knows its files, checks the credentials, and pages its list. `before` may answer in its place.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.samples import PICTURE

if TYPE_CHECKING:
    from collections.abc import Callable

UPLOADED = datetime(2019, 5, 6, 7, 8, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Heard:
    """A request that a server got."""

    method: str
    path: str
    """As it was sent, without its query."""
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Said:
    """What a server answers."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def said(value: Any, status: int = 200, **headers: str) -> Said:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Said(json.dumps(value).encode(), status, {"Content-Type": "application/json", **named})


class VendorServer:
    """An HTTP server in a thread; `heard` are its requests in their order."""

    def __init__(self, files: dict[str, bytes] | None = None, *, at: str = "127.0.0.1") -> None:
        self.files = files if files is not None else {f"{name}.png": PICTURE for name in "abcde"}
        self._at = at
        self.heard: list[Heard] = []
        self.before: Callable[[Heard], Said | None] = lambda _: None

    def answer(self, request: Heard) -> Said:
        raise NotImplementedError

    def __enter__(self) -> Self:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def respond(self) -> None:
                parts = urlsplit(self.path)
                request = Heard(
                    self.command,
                    parts.path,
                    {
                        name: values[0]
                        for name, values in parse_qs(parts.query, keep_blank_values=True).items()
                    },
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(int(self.headers.get("Content-Length", 0))),
                )
                server.heard.append(request)
                answer = server.before(request) or server.answer(request)
                self.send_response(answer.status)
                for name, value in ({"Content-Length": str(len(answer.body))} | answer.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)
                self.close_connection = True

            do_GET = do_POST = respond  # noqa: N815 - the names that http.server calls

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self._http = ThreadingHTTPServer((self._at, 0), Handler)
        self.url = f"http://{self._at}:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(60)

    def page(self, begin: int, limit: int) -> tuple[list[str], int | None]:
        """The names of a page, and where the next one begins."""
        names = sorted(self.files)
        end = begin + limit
        return names[begin:end], end if end < len(names) else None


class CloudflareServer(VendorServer):
    """Cloudflare Images: v2 lists with a token, v1 blobs."""

    token = "cf-token"
    account = "0123456789abcdef0123456789abcdef"

    def answer(self, request: Heard) -> Said:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            errors = [{"code": 10000, "message": "Authentication error"}]
            return said({"success": False, "errors": errors, "messages": [], "result": None}, 401)
        base = f"/client/v4/accounts/{self.account}/images"
        if request.path == f"{base}/v2":
            size = int(request.query["per_page"])
            if not 10 <= size <= 10_000:
                return said({"success": False, "errors": [{"code": 5400, "message": "Bad request"}]}, 400)
            names, following = self.page(int(request.query.get("continuation_token", "0")), min(size, 2))
            token = str(following) if following is not None else None
            images = [self._image(name) for name in names]
            result = {"images": images, "continuation_token": token}
            return said({"success": True, "errors": [], "messages": [], "result": result})
        name = unquote(request.path.removeprefix(f"{base}/v1/").removesuffix("/blob"))
        if name not in self.files or "/" in request.path.removeprefix(f"{base}/v1/").removesuffix("/blob"):
            return said({"success": False, "errors": [{"code": 5404, "message": "Image not found"}]}, 404)
        return Said(self.files[name], headers={"Content-Type": "image/png"})

    def _image(self, name: str) -> dict[str, Any]:
        return {
            "id": name,
            "filename": "cat.png",
            "meta": {"alt": "A cat", "tags": ["x"], "k": "v"},
            "requireSignedURLs": name.startswith("b"),
            "uploaded": "2019-05-06T07:08:09.000Z",
            "variants": [f"https://imagedelivery.net/Vi7wi5KSItxGFsWRG2Us6Q/{quote(name)}/public"],
        }


class CloudinaryServer(VendorServer):
    """Cloudinary: the Admin API with HTTP Basic, its hourly limit, signed downloads, and delivery."""

    cloud, key, secret = "demo", "123", "shh-1"
    left = 400

    def answer(self, request: Heard) -> Said:
        base = f"/v1_1/{self.cloud}"
        if request.path == f"{base}/image/download":
            return self._download(request.query)
        if not request.path.startswith(base):
            name = unquote(request.path.rpartition("/")[2])
            is_public = name in self.files and not name.startswith("b")
            return Said(self.files[name]) if is_public else Said(status=404)
        credentials = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {credentials}":
            return Said(b"<html>Unauthorized</html>", 401, {"Content-Type": "text/html"})
        self.left -= 1
        limits = {
            "X-FeatureRateLimit-Limit": "500",
            "X-FeatureRateLimit-Remaining": str(self.left),
            "X-FeatureRateLimit-Reset": "Sun, 01 Mar 2026 13:00:00 GMT",
        }
        kind = request.path.rpartition("/")[2]
        is_private = kind == "private"
        names = [name for name in sorted(self.files) if name.startswith("b") == is_private]
        if kind == "authenticated":
            names = []
        begin = int(request.query.get("next_cursor", "0"))
        end = begin + min(int(request.query["max_results"]), 2)
        body: dict[str, Any] = {"resources": [self._resource(name, kind) for name in names[begin:end]]}
        if end < len(names):
            body["next_cursor"] = str(end)
        return Said(json.dumps(body).encode(), headers=limits)

    def _resource(self, name: str, kind: str) -> dict[str, Any]:
        stem, _, extension = name.rpartition(".")
        return {
            "asset_id": hashlib.md5(name.encode(), usedforsecurity=False).hexdigest(),
            "public_id": f"pets/{stem}",
            "asset_folder": "Clothing Sale",
            "display_name": stem,
            "format": extension,
            "version": 1719316754,
            "resource_type": "image",
            "type": kind,
            "created_at": "2019-05-06T07:08:09+00:00",
            "bytes": len(self.files[name]),
            "access_mode": "public",
            "tags": ["x", "y"],
            "context": {"custom": {"alt": "A cat", "caption": "Cat", "k": "v"}},
            "metadata": {"season": "winter"},
            "secure_url": f"{self.url}/{self.cloud}/image/{kind}/v1719316754/pets/{quote(name)}",
        }

    def _download(self, query: dict[str, str]) -> Said:
        signed = {name: value for name, value in query.items() if name not in {"api_key", "signature"}}
        text = "&".join(f"{name}={signed[name]}" for name in sorted(signed)) + self.secret
        expected = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        if (query["api_key"], query["signature"]) != (self.key, expected):
            return said({"error": {"message": "Invalid Signature"}}, 401)
        return Said(self.files[f"{query['public_id'].removeprefix('pets/')}.{query['format']}"])


class SupabaseServer(VendorServer):
    """Supabase Storage: a bucket with folders; errors have status 400, with the real one in the body."""

    bucket, key = "avatars", "sb_secret_1"
    lists_recursively = True
    is_public = True

    def answer(self, request: Heard) -> Said:
        path = request.path.removeprefix("/storage/v1")
        if request.headers.get("apikey") != self.key or "authorization" in request.headers:
            return self._error("403", "Unauthorized")
        if path == f"/bucket/{self.bucket}":
            return said(
                {"id": self.bucket, "name": self.bucket, "public": self.is_public, "type": "STANDARD"}
            )
        if path == f"/object/list-v2/{self.bucket}":
            if not self.lists_recursively:
                return self._error("400", "FeatureNotEnabled")
            prefix, begin = request.json["prefix"], int(request.json.get("cursor", "0"))
            names = [name for name in sorted(self.files) if name.startswith(prefix)]
            objects = [{**self._facts(name), "name": name} for name in names[begin : begin + 2]]
            has_next = begin + 2 < len(names)
            more = {"nextCursor": str(begin + 2)} if has_next else {}
            return said({"hasNext": has_next, "folders": [], "objects": objects, **more})
        if path == f"/object/list/{self.bucket}":
            return said(self._level(request.json)[request.json["offset"] :][: min(request.json["limit"], 2)])
        name = unquote(path.removeprefix(f"/object/authenticated/{self.bucket}/"))
        if name not in self.files:
            return self._error("404", "not_found")
        return Said(self.files[name], headers={"Content-Type": "image/png", "ETag": '"1"'})

    def _level(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """One level of names: folders have no id."""
        prefix = f"{request['prefix']}/" if request["prefix"] else ""
        inside = [name.removeprefix(prefix) for name in sorted(self.files) if name.startswith(prefix)]
        firsts = dict.fromkeys(name.partition("/")[0] for name in inside)
        return [
            {**self._facts(f"{prefix}{first}"), "name": first}
            if first in inside
            else {"name": first, "id": None}
            for first in sorted(firsts)
        ]

    def _facts(self, name: str) -> dict[str, Any]:
        size = len(self.files[name])
        facts = {"eTag": '"1"', "size": size, "mimetype": "image/png"}
        created_at = "2019-05-06T07:08:09+00:00"
        return {"id": "eaa8bdb5-0000-4000-8000-000000000000", "created_at": created_at, "metadata": facts}

    @staticmethod
    def _error(status: str, error: str) -> Said:
        return said({"statusCode": status, "error": error, "message": error}, 400)


class UploadThingServer(VendorServer):
    """UploadThing: lists by offset, and files that are public or need a signed address."""

    key = "sk_live_1"

    def answer(self, request: Heard) -> Said:
        if request.path == "/v6/listFiles":
            if request.headers.get("x-uploadthing-api-key") != self.key:
                return said({"error": "Invalid API key"}, 401)
            names, following = self.page(request.json["offset"], min(request.json["limit"], 2))
            files = [
                {
                    "id": "1",
                    "customId": f"c-{name}" if name.startswith("a") else None,
                    "key": name,
                    "name": name,
                    "size": len(self.files[name]),
                    "status": "Deletion Pending" if name == "x.png" else "Uploaded",
                    "uploadedAt": int(UPLOADED.timestamp() * 1000),
                }
                for name in names
            ]
            return said({"hasMore": following is not None, "files": files})
        name = unquote(request.path.removeprefix("/f/"))
        if name not in self.files:
            return Said(status=404)
        if name.startswith("b") and not self._is_signed(request):
            return Said(status=403)
        return Said(self.files[name], headers={"Content-Type": "image/png"})

    def _is_signed(self, request: Heard) -> bool:
        text = f"{self.url}{request.path}?expires={request.query.get('expires')}"
        expected = hmac.new(self.key.encode(), text.encode(), "sha256").hexdigest()
        return request.query.get("signature") == f"hmac-sha256={expected}"


class S3Server(VendorServer):
    """A bucket of an S3-compatible store that checks signatures (SigV4) and conditions."""

    bucket, access_key, secret = "old", "AKIA1", "secret"
    region = "auto"

    def answer(self, request: Heard) -> Said:
        if not self._is_signed(request):
            return Said(b"<Error><Code>SignatureDoesNotMatch</Code></Error>", 403)
        if request.path == f"/{self.bucket}":
            return self._list(request.query)
        key = unquote(request.path.removeprefix(f"/{self.bucket}/"))
        if key not in self.files:
            return Said(b"<Error><Code>NoSuchKey</Code></Error>", 404)
        if request.headers.get("if-match") != self._etag(key):
            return Said(b"<Error><Code>PreconditionFailed</Code></Error>", 412)
        media_type = "image/jpeg" if key.endswith(".jpg") else "image/png"
        return Said(self.files[key], headers={"Content-Type": media_type, "x-amz-meta-title": "A cat"})

    def _etag(self, key: str) -> str:
        return f'"{hashlib.md5(self.files[key], usedforsecurity=False).hexdigest()}"'

    def _list(self, query: dict[str, str]) -> Said:
        assert (query["list-type"], query["encoding-type"]) == ("2", "url")
        after, prefix = query.get("start-after", ""), query.get("prefix", "")
        keys = [key for key in sorted(self.files) if key > after and key.startswith(prefix)]
        size = min(int(query["max-keys"]), 2)
        contents = "".join(
            f"<Contents><Key>{quote(key, safe='/')}</Key><LastModified>2019-05-06T07:08:09.000Z</LastModified>"
            f"<ETag>{self._etag(key).replace('"', '&quot;')}</ETag><Size>{len(self.files[key])}</Size>"
            f"<StorageClass>{'GLACIER' if key.startswith('cold') else 'STANDARD'}</StorageClass></Contents>"
            for key in keys[:size]
        )
        is_truncated = "true" if len(keys) > size else "false"
        namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
        head = f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="{namespace}">'
        head += "<EncodingType>url</EncodingType>"
        text = f"{head}<IsTruncated>{is_truncated}"
        return Said(f"{text}</IsTruncated>{contents}</ListBucketResult>".encode())

    def _is_signed(self, request: Heard) -> bool:
        parts = dict(
            part.split("=", 1)
            for part in request.headers.get("authorization", "").removeprefix("AWS4-HMAC-SHA256 ").split(", ")
            if "=" in part
        )
        if not parts:
            return False
        names = parts["SignedHeaders"].split(";")
        query = "&".join(
            f"{quote(name, safe='~')}={quote(value, safe='~')}"
            for name, value in sorted(request.query.items())
        )
        lines = "".join(f"{name}:{request.headers[name]}\n" for name in names)
        canonical = "\n".join(
            (
                request.method,
                request.path,
                query,
                lines,
                ";".join(names),
                request.headers["x-amz-content-sha256"],
            )
        )
        scope = parts["Credential"].partition("/")[2]
        at = request.headers["x-amz-date"]
        text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), parts["Signature"])

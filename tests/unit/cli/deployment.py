"""A whole deployment that a test plays: API, issuer, storage and CDN, each of which can be ill."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx

from tests.unit.cli.terminal import URL, problem

ISSUER = "https://issuer.example"
STORAGE = "https://storage.example"
CDN = "https://cdn.example"
RSA_KEY = {"kty": "RSA", "kid": "k1", "n": "A" * 342, "e": "AQAB"}
HEADERS = "authorization,content-type,idempotency-key,if-match"


def token(*, algorithm: str = "RS256", expires_in: timedelta = timedelta(hours=1), **claims: Any) -> str:
    """A JWT that nobody signed: the command line does not check signatures, and neither does this store."""
    expires = (datetime.now(UTC) + expires_in).timestamp()
    payload = {"iss": ISSUER, "aud": "image-store", "sub": "alice", "exp": expires} | claims
    parts = ({"alg": algorithm, "kid": "k1"}, {name: value for name, value in payload.items() if value})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


@dataclass
class Deployment:
    """Well as it is; a test makes one thing wrong."""

    keys: list[dict[str, str]] = field(default_factory=lambda: [RSA_KEY])
    issuer_name: str = ISSUER
    issuer_status: int = 200
    ahead: timedelta = timedelta(0)
    health: str = "ok"
    parts: dict[str, dict[str, str]] = field(default_factory=dict)
    """The health of the parts of a store that is down; without them the store reports none."""
    accepts: bool = True
    refusal: httpx.Response | None = None
    """The response to every request with a token."""
    may_write: bool = True
    without_token: int = 401
    put_origins: tuple[str, ...] = ()
    """Origins that storage lets upload; any when there is none."""
    cdn_origin: str = "*"
    read_origin: str = "*"
    """The origins that storage lets read: `*` or one."""
    api_origin: str = "*"
    api_headers: str = HEADERS
    put_methods: str = "GET,PUT"
    upload_status: int = 201
    damage: bytes = b""
    lists: bool = True
    cdn_status: int = 200
    link_stays: bool = False
    put_status: int = 200
    delete_status: int = 204
    stored: dict[str, bytes] = field(default_factory=dict)
    public: set[str] = field(default_factory=set)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The answer of whichever host is asked."""
        hosts = {URL: self._api, ISSUER: self._issuer, STORAGE: self._storage, CDN: self._cdn}
        answer_of_host = hosts[f"{request.url.scheme}://{request.url.host}"](request)
        answer_of_host.headers["Date"] = format_datetime(datetime.now(UTC) + self.ahead, usegmt=True)
        return answer_of_host

    def _issuer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/keys":
            return httpx.Response(200, json={"keys": self.keys})
        body = {"issuer": self.issuer_name, "jwks_uri": f"{ISSUER}/keys"}
        headers = {"Location": f"{ISSUER}/moved"} if self.issuer_status == 302 else {}
        return httpx.Response(self.issuer_status, json=body, headers=headers)

    def _cdn(self, _: httpx.Request) -> httpx.Response:
        headers = {"Content-Type": "image/jpeg", "Access-Control-Allow-Origin": self.cdn_origin}
        return httpx.Response(self.cdn_status, headers=headers, content=b"thumb")

    def _storage(self, request: httpx.Request) -> httpx.Response:
        if request.method == "OPTIONS":
            if self.put_origins and request.headers["Origin"] not in self.put_origins:
                return httpx.Response(403)
            allowed = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": self.put_methods}
            return httpx.Response(204, headers=allowed | {"Access-Control-Allow-Headers": "content-type"})
        image_id = request.url.path.removeprefix("/")
        if request.method == "PUT":
            self.stored[image_id] = request.content
            return httpx.Response(self.put_status)
        data = self.stored[image_id] + self.damage
        origin = request.headers.get("Origin")
        is_allowed = self.read_origin in {"*", origin}
        headers = {"Access-Control-Allow-Origin": self.read_origin} if is_allowed else {}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(data))

    def _api(self, request: httpx.Request) -> httpx.Response:
        path, method = request.url.path, request.method
        if method == "OPTIONS":
            allowed = {"Access-Control-Allow-Origin": self.api_origin, "Access-Control-Allow-Methods": "*"}
            return httpx.Response(204, headers=allowed | {"Access-Control-Allow-Headers": self.api_headers})
        if path == "/v1/health":
            return httpx.Response(200, json={"status": self.health})
        if path.startswith("/i/"):
            seen = path[3:] in self.public
            return httpx.Response(302, headers={"Location": f"{CDN}{path}"}) if seen else httpx.Response(404)
        if "Authorization" not in request.headers:
            return httpx.Response(self.without_token, json={"message": "Unauthorized"})
        if not self.accepts:
            return httpx.Response(401, json={"message": "Unauthorized"})
        if self.refusal is not None:
            return self.refusal
        if path.endswith("/restore"):
            return problem(404, "image_not_found") if self.may_write else problem(403, "scope_required")
        if path == "/v1/admin/health":
            if not self.parts:
                return httpx.Response(404, json={"message": "Not Found"})
            return httpx.Response(503, json={"status": "down", "components": self.parts})
        if path == "/v1/images" and method == "GET":
            return httpx.Response(200, json={"items": [{"id": each} for each in self.stored if self.lists]})
        if path == "/v1/images":
            return self._store(request.content, "first")
        if path == "/v1/uploads":
            upload = {
                "method": "PUT",
                "url": f"{STORAGE}/second",
                "headers": {"Content-Type": "image/png"},
            }
            return httpx.Response(201, json={"id": "second", "upload": upload})
        return self._image(request, path.split("/")[3])

    def _image(self, request: httpx.Request, image_id: str) -> httpx.Response:
        if request.url.path.endswith("/complete"):
            return httpx.Response(201, json={"id": image_id})
        if request.url.path.endswith("/content"):
            return httpx.Response(302, headers={"Location": f"{STORAGE}/{image_id}"})
        if request.method == "DELETE":
            if self.delete_status == 204:
                self.stored.pop(image_id)
                return httpx.Response(204)
            return problem(self.delete_status, "storage_unavailable")
        entry = json.loads(request.content)["visibility"]
        if entry == "public":
            self.public.add(image_id)
        elif not self.link_stays:
            self.public.discard(image_id)
        return httpx.Response(200, json={"id": image_id, "public_url": f"{URL}/i/{image_id}"})

    def _store(self, data: bytes, image_id: str) -> httpx.Response:
        if self.upload_status != 201:
            return problem(self.upload_status, "storage_unavailable", **{"Retry-After": "30"})
        self.stored[image_id] = data
        checksum = hashlib.sha256(data).hexdigest()
        return httpx.Response(201, json={"id": image_id, "size_bytes": len(data), "sha256": checksum})

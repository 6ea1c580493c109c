"""An account behind Cloudflare's API v4: R2 buckets, tokens, a zone and its rules, as the documentation describes them.

Codes and shapes are those of the published clients (cloudflare-python, wrangler) and of answers in public issues. It
is strict where a mistake of ours would otherwise pass: unknown members of a body are refused, and a bucket is only
there in its own jurisdiction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCOUNT = "0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a"
ZONE = "fedcba9876543210fedcba9876543210"
ZONE_NAME = "example.com"
DEPLOY_TOKEN = "cfat_deploy-token-of-nobody"
JURISDICTIONS = {"default", "eu", "fedramp"}
GROUPS = [
    (
        "2efd5506f9c8494dacb1fa10a3e7d5b6",
        "Workers R2 Storage Bucket Item Write",
        "com.cloudflare.edge.r2.bucket",
    ),
    (
        "6a018a9f2fc74eb6b293b0c548f38b39",
        "Workers R2 Storage Bucket Item Read",
        "com.cloudflare.edge.r2.bucket",
    ),
    ("bf7481a1826f439697cb59a20b22293e", "Workers R2 Storage Write", "com.cloudflare.api.account"),
    ("e17beae8b8cb423a99b1730f21238bed", "Cache Purge", "com.cloudflare.api.account.zone"),
]
CORS_MEMBERS = {"id", "allowed", "exposeHeaders", "maxAgeSeconds"}
LIFECYCLE_MEMBERS = {
    "id", "enabled", "conditions", "deleteObjectsTransition", "abortMultipartUploadsTransition",
}  # fmt: skip
DEFAULT_LIFECYCLE = {
    "id": "Default Multipart Abort Rule",
    "enabled": True,
    "conditions": {"prefix": ""},
    "abortMultipartUploadsTransition": {"condition": {"type": "Age", "maxAge": 604800}},
}
RULE_MEMBERS = {"description", "expression", "action", "action_parameters", "enabled"}
PHASE = "http_request_cache_settings"

Result = tuple[int, Any]


class Refusal(Exception):
    """An answer with an error of Cloudflare's."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.error_code, self.message = status, code, message


@dataclass
class Bucket:
    """One bucket with its settings."""

    name: str
    location: str
    cors: list[dict[str, Any]] | None = None
    lifecycle: list[dict[str, Any]] = field(default_factory=lambda: [DEFAULT_LIFECYCLE])
    domains: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_on_r2_dev: bool = False


@dataclass
class Fault:
    """What happens to one call: it fails with a status, or the connection breaks; before or after it took effect."""

    at: int
    is_after: bool = False
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


class CloudflareAccount:
    """The account; `calls` are all requests, `fault` hits one of them."""

    def __init__(self) -> None:
        self.token = DEPLOY_TOKEN
        self.buckets: dict[tuple[str, str], Bucket] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.clock: Callable[[], datetime] = lambda: datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.rules: list[dict[str, Any]] | None = None
        self.zones = [{"id": ZONE, "name": ZONE_NAME, "status": "active", "type": "full"}]
        self.calls: list[tuple[str, str]] = []
        self.fault: Fault | None = None
        self.refused_paths: tuple[str, ...] = ()
        """Parts of paths for which the token has no permission."""
        self.has_r2 = True
        self.statuses = ["initializing", "pending", "active"]
        """What the certificate of a new domain is at each look; the last one stays."""
        self.on_bucket: Callable[[str], None] = lambda _: None
        self.on_cors: Callable[[str, list[dict[str, Any]]], None] = lambda *_: None
        self.new_token: Callable[[int], tuple[str, str]] = lambda number: (
            f"token-{number}",
            f"value-{number}",
        )
        self._made = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of a client in this process; a broken connection is an error of the transport."""
        query = dict(request.url.params)
        answer = self.answer(request.method, request.url.path, query, request.headers, request.content)
        if answer is None:
            raise httpx.ReadError("the connection broke", request=request)
        status, body, headers = answer
        return httpx.Response(status, json=body, headers=headers)

    def answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], content: bytes
    ) -> tuple[int, Any, dict[str, str]] | None:
        """Answer one request with status, body and headers; None if the connection breaks."""
        self.calls.append((method, path))
        fault = self.fault if self.fault is not None and len(self.calls) == self.fault.at else None
        if fault is not None and not fault.is_after:
            return _faulty(fault)
        try:
            result = self._route(method, path.removeprefix("/client/v4"), query, headers, content)
        except Refusal as refused:
            errors = [{"code": refused.error_code, "message": refused.message}]
            return refused.status, {"success": False, "errors": errors, "messages": [], "result": None}, {}
        if fault is not None:
            return _faulty(fault)
        return 200, {"success": True, "errors": [], "messages": [], "result": result}, {}

    def secrets(self) -> set[str]:
        """Every value of a token, which nothing may print or write to a file."""
        return {self.token, *(token["value"] for token in self.tokens.values())}

    def state(self) -> Any:
        """Everything that a deployment makes, in a form that compares; ids and values of tokens differ by run."""
        tokens = sorted(
            json.dumps([token["name"], token["policies"]], sort_keys=True) for token in self.tokens.values()
        )
        buckets = {
            key: (bucket.location, bucket.cors, bucket.lifecycle, sorted(bucket.domains))
            for key, bucket in self.buckets.items()
        }
        rules = [{name: rule[name] for name in RULE_MEMBERS & rule.keys()} for rule in self.rules or []]
        return {"buckets": buckets, "tokens": tokens, "rules": rules}

    def _route(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], content: bytes
    ) -> Any:
        bearer = headers.get("Authorization", "").removeprefix("Bearer ")
        body = json.loads(content) if content else None
        parts = path.strip("/").split("/")
        if parts[-2:] == ["tokens", "verify"]:
            return self._verify(bearer)
        if bearer != self.token:
            raise Refusal(403, 10000, "Authentication error")
        if any(part in path for part in self.refused_paths):
            raise Refusal(403, 9109, "Unauthorized to access requested resource")
        if parts[0] == "zones":
            return self._zones(method, parts[1:], query, body)
        if parts[:2] != ["accounts", ACCOUNT]:
            raise Refusal(
                404, 7003, "Could not route to this path, perhaps your object identifier is invalid?"
            )
        if parts[2] == "tokens":
            return self._tokens(method, parts[3:], query, body)
        if parts[2:4] == ["r2", "buckets"]:
            if not self.has_r2:
                raise Refusal(403, 10042, "Please enable R2 through the Cloudflare Dashboard.")
            jurisdiction = headers.get("cf-r2-jurisdiction", "default")
            _require(jurisdiction in JURISDICTIONS, "an unknown jurisdiction")
            return self._buckets(method, parts[4:], jurisdiction, body)
        raise Refusal(404, 7003, "Could not route to this path")

    def _verify(self, bearer: str) -> Any:
        for token in self.tokens.values():
            if token["value"] == bearer:
                return {"id": token["id"], "status": token["status"]}
        raise Refusal(401, 1000, "Invalid API Token")

    def _tokens(self, method: str, rest: list[str], query: Mapping[str, str], body: Any) -> Any:
        if rest == ["permission_groups"]:
            return [{"id": group, "name": name, "scopes": [scope]} for group, name, scope in GROUPS]
        if not rest and method == "GET":
            start = (int(query.get("page", 1)) - 1) * int(query.get("per_page", 20))
            entries = list(self.tokens.values())[start : start + int(query.get("per_page", 20))]
            return [{name: token[name] for name in token if name != "value"} for token in entries]
        if not rest and method == "POST":
            return self._create_token(body)
        if len(rest) == 1 and method == "DELETE":
            if self.tokens.pop(rest[0], None) is None:
                raise Refusal(404, 1003, "Invalid token id")
            return {"id": rest[0]}
        raise Refusal(405, 10405, "Method not allowed")

    def _create_token(self, body: Any) -> Any:
        _members(body, {"name", "policies", "expires_on", "condition"})
        _require(0 < len(body["name"]) <= 120, "a name of 1 to 120 characters")
        scopes = {group: scope for group, _, scope in GROUPS}
        for policy in body["policies"]:
            _members(policy, {"effect", "permission_groups", "resources"})
            for group in policy["permission_groups"]:
                for resource in policy["resources"]:
                    _require(
                        resource.startswith(f"{scopes[group['id']]}."), "a resource of the group's scope"
                    )
        self._made += 1
        token_id, value = self.new_token(self._made)
        token = {
            "id": token_id,
            "value": value,
            "status": "active",
            "issued_on": self.clock().isoformat(),
            **body,
        }
        self.tokens[token_id] = token
        return token

    def _buckets(self, method: str, rest: list[str], jurisdiction: str, body: Any) -> Any:
        if not rest and method == "POST":
            return self._create_bucket(jurisdiction, body)
        bucket = self.buckets.get((jurisdiction, rest[0]))
        if bucket is None:
            raise Refusal(404, 10006, "The specified bucket does not exist.")
        if len(rest) == 1 and method == "GET":
            return {"name": bucket.name, "location": bucket.location, "jurisdiction": jurisdiction}
        if rest[1] == "cors":
            return self._cors(method, bucket, body)
        if rest[1] == "lifecycle":
            if method == "GET":
                return {"rules": bucket.lifecycle}
            _rules(body, LIFECYCLE_MEMBERS)
            bucket.lifecycle = body["rules"]
            return {}
        if rest[1:] == ["domains", "managed"]:
            domain = f"pub-{bucket.name}.r2.dev"
            return {"bucketId": "b", "domain": domain, "enabled": bucket.is_on_r2_dev}
        if rest[1:3] == ["domains", "custom"]:
            return self._domains(method, rest[3:], bucket, body)
        raise Refusal(404, 7003, "Could not route to this path")

    def _create_bucket(self, jurisdiction: str, body: Any) -> Any:
        _members(body, {"name", "locationHint", "storageClass"})
        _require(jurisdiction == "default" or "locationHint" not in body, "no location in a jurisdiction")
        key = (jurisdiction, body["name"])
        if key in self.buckets:
            raise Refusal(409, 10004, "The bucket you tried to create already exists, and you own it.")
        self.buckets[key] = Bucket(body["name"], body.get("locationHint", "weur").upper())
        self.on_bucket(body["name"])
        return {"name": body["name"]}

    def _cors(self, method: str, bucket: Bucket, body: Any) -> Any:
        if method == "GET":
            if bucket.cors is None:
                raise Refusal(404, 10059, "The CORS configuration does not exist.")
            return {"rules": bucket.cors}
        _rules(body, CORS_MEMBERS)
        for rule in body["rules"]:
            _members(rule["allowed"], {"origins", "methods", "headers"})
        bucket.cors = body["rules"]
        self.on_cors(bucket.name, body["rules"])
        return {}

    def _domains(self, method: str, rest: list[str], bucket: Bucket, body: Any) -> Any:
        if not rest and method == "GET":
            return {"domains": list(bucket.domains.values())}
        if not rest:
            _members(body, {"domain", "zoneId", "enabled", "minTLS", "ciphers"})
            if any(body["domain"] in each.domains for each in self.buckets.values()):
                raise Refusal(409, 10088, "That domain is already connected.")
            bucket.domains[body["domain"]] = {**body, "looks": 0}
            return {"domain": body["domain"], "enabled": body["enabled"]}
        domain = bucket.domains.get(rest[0])
        if domain is None:
            raise Refusal(404, 10086, "The domain is not connected with this bucket.")
        if method == "PUT":
            _members(body, {"enabled", "minTLS", "ciphers"})
            domain.update(body)
            return domain
        status = self.statuses[min(domain["looks"], len(self.statuses) - 1)]
        domain["looks"] += 1
        ownership = "active" if status == "active" else "pending"
        return {**domain, "status": {"ownership": ownership, "ssl": status}}

    def _zones(self, method: str, rest: list[str], query: Mapping[str, str], body: Any) -> Any:
        if not rest:
            _require(query.get("account.id") == ACCOUNT, "the account")
            return [zone for zone in self.zones if zone["name"] == query.get("name")]
        _require(rest[0] == ZONE, "the zone")
        if rest[1:] == ["rulesets", "phases", PHASE, "entrypoint"]:
            if self.rules is None:
                raise Refusal(
                    404, 10003, "could not find entrypoint ruleset in the http_request_cache_settings phase"
                )
            return {"id": "ruleset-1", "rules": self.rules}
        if rest[1:] == ["rulesets"] and method == "POST":
            _members(body, {"name", "kind", "phase", "rules", "description"})
            _require(body["phase"] == PHASE and body["kind"] == "zone", "the phase")
            self.rules = []
            for rule in body["rules"]:
                self._add_rule(rule)
            return {"id": "ruleset-1"}
        if rest[1:3] == ["rulesets", "ruleset-1"] and self.rules is not None:
            if method == "POST":
                self._add_rule(body)
                return {"id": "ruleset-1"}
            [at] = [at for at, rule in enumerate(self.rules) if rule["id"] == rest[4]]
            if method == "DELETE":
                del self.rules[at]
            else:
                _members(body, RULE_MEMBERS)
                self.rules[at] |= body
            return {"id": "ruleset-1"}
        raise Refusal(404, 7003, "Could not route to this path")

    def _add_rule(self, rule: dict[str, Any]) -> None:
        _members(rule, RULE_MEMBERS)
        assert self.rules is not None
        self._made += 1
        self.rules.append({"enabled": True, **rule, "id": f"rule-{self._made}"})


def _faulty(fault: Fault) -> tuple[int, Any, dict[str, str]] | None:
    if fault.status is None:
        return None
    errors = [{"code": 10001, "message": "Internal error"}]
    return fault.status, {"success": False, "errors": errors, "messages": [], "result": None}, fault.headers


def _require(is_right: bool, what: str) -> None:
    if not is_right:
        raise Refusal(400, 10001, f"The request needs {what}.")


def _members(body: Any, known: set[str]) -> None:
    _require(isinstance(body, dict) and body.keys() <= known, f"no other members than {sorted(known)}")


def _rules(body: Any, known: set[str]) -> None:
    _members(body, {"rules"})
    for rule in body["rules"]:
        _members(rule, known)

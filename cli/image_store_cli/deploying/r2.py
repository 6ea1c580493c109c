"""The two buckets at Cloudflare R2: they exist, are private, and have their lifecycle and CORS rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from image_store_cli.deploying.cloudflare_api import BUCKET_EXISTS, CloudflareRefused
from image_store_cli.deploying.plan import Action, PlannedChange, change_of_rules
from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from image_store_cli.deploying.cloudflare_api import CloudflareApi
    from image_store_cli.deploying.store_file import R2Settings

PERMISSION = "Account → Workers R2 Storage → Edit"
SECONDS_OF_DAY = 86_400
TRANSFORM_DAYS = 30
READ_RULE_ID, UPLOAD_RULE_ID = "image-store-read", "image-store-upload"
READ_METHODS = ["GET", "HEAD"]
UPLOAD_HEADERS = ["content-type", "if-none-match", "x-amz-checksum-sha256"]
RULE_SECONDS = 3600
READ_RULE = {
    "id": READ_RULE_ID,
    "allowed": {"origins": ["*"], "methods": READ_METHODS},
    "exposeHeaders": ["ETag"],
    "maxAgeSeconds": RULE_SECONDS,
}
"""After a redirect from another origin a browser sends `Origin: null`, so every origin has to be allowed."""
LIFECYCLE_RULE = {
    "id": "transforms",
    "enabled": True,
    "conditions": {"prefix": "transforms/"},
    "deleteObjectsTransition": {
        "condition": {"type": "Age", "maxAge": TRANSFORM_DAYS * SECONDS_OF_DAY},
    },
}


@dataclass(frozen=True, slots=True)
class R2Account:
    """The buckets of a deployment behind Cloudflare's API."""

    api: CloudflareApi
    settings: R2Settings

    def call(self, method: str, bucket: str, path: str = "", *, body: Any = None) -> Any:
        """Call a path of one bucket."""
        return self.api.of_account(
            method,
            f"/r2/buckets/{bucket}{path}",
            body=body,
            jurisdiction=self.settings.jurisdiction,
            purpose=PERMISSION,
        )

    def find(self, bucket: str) -> dict[str, Any] | None:
        """Return a bucket; None if it does not exist."""
        try:
            described: dict[str, Any] = self.call("GET", bucket)
        except CloudflareRefused as refused:
            if refused.is_missing:
                return None
            raise
        return described

    def rules(self, bucket: str, kind: str) -> list[dict[str, Any]]:
        """Return the `cors` or `lifecycle` rules of a bucket; none if it has none, or does not exist."""
        try:
            answer = self.call("GET", bucket, f"/{kind}")
        except CloudflareRefused as refused:
            if refused.is_missing:
                return []
            raise
        rules = (answer or {}).get("rules") or []
        return [rule for rule in rules if isinstance(rule, dict)]


@dataclass(slots=True)
class Buckets:
    """Both buckets exist. One that exists is used as it is, unless the world can read the private one."""

    r2: R2Account
    name: str = "buckets"
    _missing: list[str] = field(default_factory=list)

    def look(self) -> Sequence[PlannedChange]:
        """List the buckets that are missing; UsageError for one that must not be used."""
        settings, changes = self.r2.settings, []
        self._missing = []
        for bucket in settings.buckets:
            if self.r2.find(bucket) is None:
                self._missing.append(bucket)
                place = settings.location or settings.jurisdiction
                kind = "public" if bucket == settings.public_bucket else "private"
                where = f"R2, {place}" if place != "default" else "R2"
                changes.append(PlannedChange("bucket", Action.ADD, f"{kind} bucket {bucket} ({where})"))
        if settings.private_bucket not in self._missing:
            self._require_private(settings.private_bucket)
        return changes

    def act(self) -> None:
        """Create the missing ones; a bucket that appeared meanwhile is fine if it is ours."""
        for bucket in self._missing:
            body = {"name": bucket, "storageClass": "Standard"}
            if self.r2.settings.location:
                body["locationHint"] = self.r2.settings.location
            try:
                self.r2.api.of_account(
                    "POST",
                    "/r2/buckets",
                    body=body,
                    jurisdiction=self.r2.settings.jurisdiction,
                    purpose=PERMISSION,
                )
            except CloudflareRefused as refused:
                if BUCKET_EXISTS not in refused.codes or self.r2.find(bucket) is None:
                    raise
        self._missing = []

    def _require_private(self, bucket: str) -> None:
        """Refuse a private bucket that has a public address: whoever knew a key could read an original."""
        managed = self.r2.call("GET", bucket, "/domains/managed") or {}
        custom = (self.r2.call("GET", bucket, "/domains/custom") or {}).get("domains") or []
        addresses = [str(managed.get("domain", "its r2.dev address"))] if managed.get("enabled") else []
        addresses += [str(each.get("domain")) for each in custom if each.get("enabled", True)]
        if addresses:
            raise UsageError(
                f"The bucket {bucket} is public at {' and '.join(addresses)}, and originals are private. Remove the "
                "address in Cloudflare's dashboard, or choose another r2.private_bucket."
            )


@dataclass(frozen=True, slots=True)
class Rules:
    """The CORS or lifecycle rules that a bucket needs; rules of others stay."""

    r2: R2Account
    bucket: str
    kind: str
    """`cors` or `lifecycle`: the last part of the address."""
    name: str
    needs: Callable[[], Sequence[Mapping[str, Any]]]
    """The rules that the bucket needs, as far as they are known now; each has an id."""
    describe: Callable[[], str]

    def look(self) -> Sequence[PlannedChange]:
        """Compare the rules with those that the bucket needs."""
        current = self.r2.rules(self.bucket, self.kind)
        if _has_all(current, self.needs()):
            return []
        ids = {rule.get("id") for rule in current}
        is_there = any(rule["id"] in ids for rule in self.needs())
        return [change_of_rules(self.name, self.bucket, self.describe(), is_there=is_there)]

    def act(self) -> None:
        """Write the rules beside those of others, because a write replaces all of them."""
        current = self.r2.rules(self.bucket, self.kind)
        needs = self.needs()
        if _has_all(current, needs):
            return
        ids = {rule["id"] for rule in needs}
        others = [rule for rule in current if rule.get("id") not in ids]
        self.r2.call("PUT", self.bucket, f"/{self.kind}", body={"rules": [*others, *needs]})


def cors_rules(origins: Sequence[str]) -> list[dict[str, Any]]:
    """Return the CORS rules of the private bucket: every page may read, pages of `origins` may upload."""
    if not origins:
        return [READ_RULE]
    allowed = {"origins": sorted(origins), "methods": ["PUT"], "headers": UPLOAD_HEADERS}
    return [
        READ_RULE,
        {"id": UPLOAD_RULE_ID, "allowed": allowed, "exposeHeaders": ["ETag"], "maxAgeSeconds": RULE_SECONDS},
    ]


def _has_all(current: Sequence[Mapping[str, Any]], needs: Sequence[Mapping[str, Any]]) -> bool:
    by_id = {rule.get("id"): rule for rule in current}
    return all(_agrees(by_id.get(rule["id"]), rule) for rule in needs)


def _agrees(value: Any, goal: Any) -> bool:
    """Whether a value has all that a goal has; the order in a list does not matter, and defaults may be added."""
    if isinstance(goal, dict):
        return isinstance(value, dict) and all(_agrees(value.get(name), part) for name, part in goal.items())
    if isinstance(goal, list):
        return isinstance(value, list) and sorted(map(str, value)) == sorted(map(str, goal))
    return bool(value == goal)

"""The custom domain of the public bucket, the rule for its cache, and its DNS."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_store_cli.deploying.cloudflare_api import CloudflareRefused
from image_store_cli.deploying.plan import Action, PlannedChange
from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from image_store_cli.deploying.r2 import R2Account

MIN_TLS = "1.2"
PHASE = "http_request_cache_settings"
RULE_PERMISSIONS = (
    "Zone → Cache Rules → Edit, with Account → Account Rulesets → Edit and Account → Account Filter Lists → Edit; or "
    "set `cache_rule = false` and, in the zone, Browser Cache TTL to Respect Existing Headers"
)
ZONE_PERMISSION = "Zone → Zone → Read"
WAIT_SECONDS = 600
POLL_SECONDS = 5


def find_zone(r2: R2Account) -> str:
    """Return the id of the zone of the public domain; UsageError if the account has none."""
    domain = r2.settings.public_domain
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        name = ".".join(labels[start:])
        zones = r2.api.call(
            "GET", "/zones", query={"name": name, "account.id": r2.api.account}, purpose=ZONE_PERMISSION
        )
        for zone in zones or []:
            if zone.get("name") == name:
                return str(zone["id"])
    raise UsageError(
        f"The Cloudflare account {r2.api.account} has no zone for {domain}. Add the domain to this account, or choose "
        "another r2.public_domain."
    )


@dataclass(frozen=True, slots=True)
class PublicDomain:
    """The domain leads to the public bucket. Cloudflare makes the DNS record and the certificate."""

    r2: R2Account
    zone: str
    name: str = "public domain"

    def look(self) -> Sequence[PlannedChange]:
        """Compare the connection; UsageError if the domain belongs to another zone."""
        current, domain = self._current(), self.r2.settings.public_domain
        if current is None:
            text = (
                f"https://{domain} leads to {self.r2.settings.public_bucket}, which everybody can read then"
            )
            return [PlannedChange(self.name, Action.ADD, text)]
        if current.get("zoneId") not in {None, "", self.zone}:
            raise UsageError(
                f"{domain} is connected with the bucket through another zone ({current['zoneId']}): remove it in "
                "Cloudflare's dashboard first."
            )
        if not current.get("enabled", True):
            return [PlannedChange(self.name, Action.CHANGE, f"https://{domain} is turned on again")]
        return []

    def act(self) -> None:
        """Connect the domain; one that was connected meanwhile is fine."""
        domain = self.r2.settings.public_domain
        current = self._current()
        if current is None:
            body = {"domain": domain, "zoneId": self.zone, "enabled": True, "minTLS": MIN_TLS}
            try:
                self.r2.call("POST", self.r2.settings.public_bucket, "/domains/custom", body=body)
            except CloudflareRefused:
                if self._current() is None:
                    raise
        elif not current.get("enabled", True):
            self.r2.call(
                "PUT",
                self.r2.settings.public_bucket,
                f"/domains/custom/{domain}",
                body={"enabled": True, "minTLS": MIN_TLS},
            )

    def wait(self, sleep: Callable[[float], None], *, resolve: Callable[[str], Any] | None = None) -> str:
        """Wait until the domain works; return what is still missing, or an empty text.

        It gives up after ten minutes: certificates can take longer, and another run continues.
        """
        waited = 0.0
        while True:
            missing = self._missing(resolve or lookup)
            if not missing or waited >= WAIT_SECONDS:
                return missing
            sleep(POLL_SECONDS)
            waited += POLL_SECONDS

    def _missing(self, resolve: Callable[[str], Any]) -> str:
        domain = self.r2.settings.public_domain
        status = (self._current() or {}).get("status") or {}
        for part, text in (("ownership", "the domain's ownership"), ("ssl", "its certificate")):
            if status.get(part) != "active":
                return f"{text} is {status.get(part) or 'unknown'} at Cloudflare"
        return "" if resolve(domain) else f"the name {domain} has no address in DNS"

    def _current(self) -> dict[str, Any] | None:
        path = f"/domains/custom/{self.r2.settings.public_domain}"
        try:
            described: dict[str, Any] = self.r2.call("GET", self.r2.settings.public_bucket, path)
        except CloudflareRefused as refused:
            if refused.is_missing:
                return None
            raise
        return described


def lookup(domain: str) -> bool:
    """Whether a name has an address in DNS."""
    try:
        return bool(socket.getaddrinfo(domain, 443))
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class CacheRule:
    """A rule of the zone by which Cloudflare's cache keeps every copy as long as the store says."""

    r2: R2Account
    zone: str
    stack: str
    name: str = "cache rule"

    @property
    def rule(self) -> dict[str, Any]:
        """The rule; its description is the name by which later runs find it."""
        respect = {"mode": "respect_origin"}
        parameters: dict[str, Any] = {"cache": True, "browser_ttl": respect, "edge_ttl": respect}
        return {
            "description": f"image-store {self.stack}",
            "expression": f'(http.host eq "{self.r2.settings.public_domain}")',
            "action": "set_cache_settings",
            "action_parameters": parameters,
        }

    def look(self) -> Sequence[PlannedChange]:
        """Compare the rule with the zone's."""
        _, current = self._current()
        if current is None:
            text = f"cache rule for {self.r2.settings.public_domain}: caches keep copies as long as the store says"
            return [PlannedChange(self.name, Action.ADD, text)]
        if all(current.get(name) == value for name, value in self.rule.items()) and current.get(
            "enabled", True
        ):
            return []
        text = f"cache rule for {self.r2.settings.public_domain} is written again"
        return [PlannedChange(self.name, Action.CHANGE, text)]

    def act(self) -> None:
        """Add the rule behind those of others, or write it again."""
        ruleset, current = self._current()
        if ruleset is None:
            body: dict[str, Any] = {"name": "default", "kind": "zone", "phase": PHASE, "rules": [self.rule]}
            self._call("POST", "/rulesets", body=body)
        elif current is None:
            self._call("POST", f"/rulesets/{ruleset}/rules", body=self.rule)
        else:
            body = {**self.rule, "enabled": True}
            self._call("PATCH", f"/rulesets/{ruleset}/rules/{current['id']}", body=body)

    def exists(self) -> bool:
        """Whether the zone has the rule."""
        return self._current()[1] is not None

    def remove(self) -> bool:
        """Remove the rule; false if there is none."""
        ruleset, current = self._current()
        if ruleset is None or current is None:
            return False
        self._call("DELETE", f"/rulesets/{ruleset}/rules/{current['id']}")
        return True

    def _current(self) -> tuple[str | None, dict[str, Any] | None]:
        """The id of the zone's set of rules, and our rule in it."""
        try:
            ruleset = self._call("GET", f"/rulesets/phases/{PHASE}/entrypoint")
        except CloudflareRefused as refused:
            if refused.is_missing:
                return None, None
            raise
        rules = ruleset.get("rules") or []
        ours = [rule for rule in rules if rule.get("description") == self.rule["description"]]
        return str(ruleset["id"]), ours[0] if ours else None

    def _call(self, method: str, path: str, *, body: Any = None) -> Any:
        return self.r2.api.call(method, f"/zones/{self.zone}{path}", body=body, purpose=RULE_PERMISSIONS)

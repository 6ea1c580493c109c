"""The deployment's settings, read from the environment once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING

from image_store.domain.delivery.presets import presets_from
from image_store.domain.delivery.renditions import Preset
from image_store.domain.errors import ConfigurationError
from image_store.domain.generation.budget import Budgets
from image_store.domain.generation.money import micros_of
from image_store.domain.images.image import Kind
from image_store.domain.images.key_layout import KeyLayout
from image_store.domain.images.media import MAX_BYTES
from image_store.domain.images.provenance import ProvenanceMark
from image_store.domain.images.quota import Quota

if TYPE_CHECKING:  # most functions know of no policy and of no provider
    from image_store.domain.generation.providers import Provider
    from image_store.domain.upkeep.cleanup import Policy

ADMIN_SCOPE = "images:admin"
"""The scope of admins where a deployment names no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a deployment chooses. A function is told only what it needs; what it is not told is empty."""

    table: str
    private_bucket: str
    public_bucket: str
    """Empty when no public bucket is configured: public links then redirect to presigned links."""
    public_url: str
    """The address of the public bucket's custom domain, without a slash at its end."""
    public_cache_control: str
    cloudflare_zone: str
    """The zone whose cache holds the public copies; empty when nothing is to be purged."""
    cloudflare_secret: str
    cdn_api_url: str
    r2_endpoint: str
    r2_region: str
    r2_secret: str
    signing_secret: str
    api_url: str
    """The API's own address; empty when it is taken from the request."""
    key_layout: KeyLayout
    trash_retention: timedelta
    quota: Quota
    max_bytes: int
    max_pixels: int
    max_frames: int
    max_frame_pixels: int
    """The most that an animation has in all its frames together."""
    max_metadata_bytes: int
    max_decode_memory_bytes: int
    max_decode_time: timedelta
    ingest_bucket: str
    ingest_queue_url: str
    dead_letter_queue_url: str
    work_queue_url: str
    work_dead_letter_queue_url: str
    projection_dead_letter_queue_url: str
    audit_dead_letter_queue_url: str
    render_function: str
    """The function that makes what is missing."""
    provenance: ProvenanceMark
    presets: Mapping[str, Preset]
    """By name, those made at upload among them."""
    cleanup_policies: "tuple[Policy, ...]"
    cleanup_on_save: bool
    """Whether an owner's turn with the policies comes after each image that is stored, and not only daily."""
    cleanup_max_deletions: int
    """The most that a run of cleanup may remove without a row that asks for it."""
    feed_details: bool
    """Whether the feed tells filenames, derived alternative texts, and on request what owners said of images."""
    feed_owners: bool
    """Whether the feed tells, on request, whose images it shows."""
    feed_cache: timedelta
    """For how long caches may keep a page of the feed."""
    admin_scope: str
    """The scope that makes an admin of whoever has it."""
    admin_subjects: frozenset[str]
    """Subjects who are admins besides those whose token has the scope."""
    migration_table: str
    """The one table beside the store's own that migrations may read; empty when there is none."""
    issuer: str
    """Who signs the callers' tokens; the web console signs in there."""
    audience: str
    """Accepted audiences, separated by commas; the web console asks for tokens for the first."""
    console_client_id: str
    """The web console's name at the issuer; empty when nobody can sign in with it."""
    console_scopes: str
    console_token_url: str
    """Where the issuer hands out tokens, when that is at another origin than the issuer itself."""
    providers: "tuple[Provider, ...]"
    """Providers of images that the deployment has keys for, the preferred one first."""
    provider_urls: "Mapping[Provider, str]"
    """Addresses of providers that are reached at another one than their own."""
    providers_secret: str
    budgets: Budgets
    generation_queue_url: str
    generation_dead_letter_queue_url: str
    generation_retries: int
    secrets_key: str
    """The KMS key that seals what owners entrust to the store."""
    seals_sensitive: bool
    """Whether prompts, parameters and analyses of new images are kept sealed."""
    metrics_namespace: str
    remote_hosts: tuple[str, ...]
    """Hosts that images may be fetched from; one that begins with a dot stands for its sub-domains; none: any."""
    remote_networks: tuple[IPv4Network | IPv6Network, ...]
    """Networks that are not public and that images may be fetched from all the same."""

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; ConfigurationError names the variable at fault and never its value."""
        settings = cls(
            table=environment.get("TABLE_NAME", ""),
            private_bucket=environment.get("PRIVATE_BUCKET", ""),
            public_bucket=environment.get("PUBLIC_BUCKET", ""),
            public_url=environment.get("PUBLIC_URL", "").rstrip("/"),
            public_cache_control=environment.get("PUBLIC_CACHE_CONTROL", "public, max-age=300"),
            cloudflare_zone=environment.get("CLOUDFLARE_ZONE_ID", ""),
            cloudflare_secret=environment.get("CLOUDFLARE_SECRET", ""),
            cdn_api_url=environment.get("CDN_API_URL", "https://api.cloudflare.com").rstrip("/"),
            r2_endpoint=environment.get("R2_ENDPOINT", "").rstrip("/"),
            r2_region=environment.get("R2_REGION", "auto"),
            r2_secret=environment.get("R2_SECRET", ""),
            signing_secret=environment.get("SIGNING_SECRET", ""),
            api_url=environment.get("API_URL", "").rstrip("/"),
            key_layout=_layout(environment),
            trash_retention=timedelta(days=_number(environment, "TRASH_RETENTION_DAYS", 7)),
            quota=Quota(_number(environment, "QUOTA_IMAGES", 0), _number(environment, "QUOTA_BYTES", 0)),
            max_bytes=_number(environment, "MAX_BYTES", MAX_BYTES),
            max_pixels=_number(environment, "MAX_PIXELS", 50_000_000),
            max_frames=_number(environment, "MAX_FRAMES", 1_000),
            max_frame_pixels=_number(environment, "MAX_FRAME_PIXELS", 100_000_000),
            max_metadata_bytes=_number(environment, "MAX_METADATA_BYTES", 16 * 1024 * 1024),
            max_decode_memory_bytes=_number(environment, "MAX_DECODE_MEGABYTES", 800) * 1_000_000,
            max_decode_time=timedelta(seconds=_number(environment, "MAX_DECODE_SECONDS", 8)),
            ingest_bucket=environment.get("INGEST_BUCKET", ""),
            ingest_queue_url=environment.get("INGEST_QUEUE_URL", ""),
            dead_letter_queue_url=environment.get("DEAD_LETTER_QUEUE_URL", ""),
            work_queue_url=environment.get("WORK_QUEUE_URL", ""),
            work_dead_letter_queue_url=environment.get("WORK_DEAD_LETTER_QUEUE_URL", ""),
            projection_dead_letter_queue_url=environment.get("PROJECTION_DEAD_LETTER_QUEUE_URL", ""),
            audit_dead_letter_queue_url=environment.get("AUDIT_DEAD_LETTER_QUEUE_URL", ""),
            render_function=environment.get("RENDER_FUNCTION", ""),
            provenance=_provenance(environment),
            presets=_presets(environment),
            cleanup_policies=_policies(environment),
            cleanup_on_save=_flag(environment, "CLEANUP_ON_SAVE"),
            cleanup_max_deletions=_number(environment, "CLEANUP_MAX_DELETIONS", 1_000),
            feed_details=_flag(environment, "FEED_DETAILS"),
            feed_owners=_flag(environment, "FEED_OWNERS"),
            feed_cache=timedelta(seconds=_number(environment, "FEED_CACHE_SECONDS", 10)),
            admin_scope=environment.get("ADMIN_SCOPE") or ADMIN_SCOPE,
            admin_subjects=frozenset(filter(None, environment.get("ADMIN_SUBJECTS", "").split(","))),
            migration_table=environment.get("MIGRATION_TABLE", ""),
            issuer=environment.get("ISSUER", ""),
            audience=environment.get("AUDIENCE", ""),
            console_client_id=environment.get("CONSOLE_CLIENT_ID", ""),
            console_scopes=environment.get("CONSOLE_SCOPES", "openid"),
            console_token_url=environment.get("CONSOLE_TOKEN_URL", ""),
            providers=_providers(environment),
            provider_urls=_provider_urls(environment),
            providers_secret=environment.get("PROVIDERS_SECRET", ""),
            budgets=Budgets(
                owner_daily=_dollars(environment, "BUDGET_OWNER_DAILY"),
                owner_monthly=_dollars(environment, "BUDGET_OWNER_MONTHLY"),
                deployment_daily=_dollars(environment, "BUDGET_DEPLOYMENT_DAILY"),
                deployment_monthly=_dollars(environment, "BUDGET_DEPLOYMENT_MONTHLY"),
                unknown_price_reserve=_dollars(environment, "UNKNOWN_PRICE_RESERVE"),
            ),
            generation_queue_url=environment.get("GENERATION_QUEUE_URL", ""),
            generation_dead_letter_queue_url=environment.get("GENERATION_DEAD_LETTER_QUEUE_URL", ""),
            generation_retries=_number(environment, "GENERATION_RETRIES", 2),
            secrets_key=environment.get("SECRETS_KEY", ""),
            seals_sensitive=_flag(environment, "ENCRYPT_SENSITIVE_FIELDS"),
            metrics_namespace=environment.get("METRICS_NAMESPACE", "ImageStore"),
            remote_hosts=_listed(environment, "REMOTE_HOSTS"),
            remote_networks=_networks(environment, "REMOTE_NETWORKS"),
        )
        if settings.public_url and not settings.public_bucket:
            raise ConfigurationError("PUBLIC_URL is set, but PUBLIC_BUCKET is not: set both or neither.")
        if settings.cloudflare_zone and not (settings.public_url and settings.cloudflare_secret):
            raise ConfigurationError("CLOUDFLARE_ZONE_ID needs PUBLIC_URL and CLOUDFLARE_SECRET beside it.")
        return settings


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    if not text.isascii() or not text.isdecimal():
        raise ConfigurationError(f"{name} must be a whole number, not below 0.")
    return int(text)


def _dollars(environment: Mapping[str, str], name: str) -> int:
    try:
        return micros_of(environment.get(name) or "0")
    except ValueError:
        raise ConfigurationError(f"{name} must be an amount of dollars, not below 0.") from None


def _providers(environment: Mapping[str, str]) -> "tuple[Provider, ...]":
    if not environment.get("PROVIDERS"):
        return ()
    from image_store.domain.generation.providers import Provider

    try:
        return tuple(dict.fromkeys(map(Provider, _listed(environment, "PROVIDERS"))))
    except ValueError:
        raise ConfigurationError(f"PROVIDERS must be some of {', '.join(Provider)}.") from None


def _provider_urls(environment: Mapping[str, str]) -> "Mapping[Provider, str]":
    if not environment.get("PROVIDER_URLS"):
        return {}
    from image_store.domain.generation.providers import Provider

    try:
        told = json.loads(environment["PROVIDER_URLS"])
        return {Provider(name): _address(url) for name, url in told.items()}
    except (ValueError, AttributeError):
        raise ConfigurationError(
            "PROVIDER_URLS must be a JSON object of providers and their http or https addresses."
        ) from None


def _address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("not an address")
    return url.rstrip("/")


def _listed(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(entry for entry in environment.get(name, "").lower().split(",") if entry)


def _networks(environment: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(entry) for entry in _listed(environment, name))
    except ValueError:
        raise ConfigurationError(
            f"{name} must be networks such as 10.0.0.0/8, separated by commas."
        ) from None


def _provenance(environment: Mapping[str, str]) -> ProvenanceMark:
    try:
        return ProvenanceMark(environment.get("PROVENANCE", ProvenanceMark.SOURCE))
    except ValueError:
        raise ConfigurationError(f"PROVENANCE must be one of {', '.join(ProvenanceMark)}.") from None


def _presets(environment: Mapping[str, str]) -> Mapping[str, Preset]:
    try:
        return presets_from(environment.get("PRESETS", ""))
    except ConfigurationError as error:
        raise ConfigurationError(f"PRESETS cannot be read. {error.message}") from None


def _flag(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name) or "false"
    if text not in {"true", "false"}:
        raise ConfigurationError(f"{name} must be true or false.")
    return text == "true"


def _layout(environment: Mapping[str, str]) -> KeyLayout:
    try:
        return KeyLayout(environment.get("KEY_LAYOUT", KeyLayout.MONTH))
    except ValueError:
        raise ConfigurationError(f"KEY_LAYOUT must be one of {', '.join(KeyLayout)}.") from None


def _policies(environment: Mapping[str, str]) -> "tuple[Policy, ...]":
    """The enabled policies of CLEANUP_POLICIES: a JSON list of objects."""
    try:
        told = json.loads(environment.get("CLEANUP_POLICIES") or "[]")
        return tuple(_policy(**policy) for policy in told if policy.pop("enabled", True) is True)
    except (ValueError, TypeError, AttributeError):
        raise ConfigurationError(
            "CLEANUP_POLICIES must be a JSON list of objects with kind and, if wanted, category, older_than_days, "
            "keep_newest (whole numbers, not below 0) and enabled."
        ) from None


def _policy(
    *, kind: str, category: str | None = None, older_than_days: int = 30, keep_newest: int = 100
) -> "Policy":
    from image_store.domain.images.attributes import composed
    from image_store.domain.upkeep.cleanup import Policy

    if not all(type(number) is int and number >= 0 for number in (older_than_days, keep_newest)):
        raise ValueError("not a whole number")
    if category is not None and not isinstance(category, str):
        raise TypeError("not a text")
    return Policy(
        kind=Kind(kind),
        category=composed(category) if category is not None else None,
        older_than=timedelta(days=older_than_days),
        keep_newest=keep_newest,
    )

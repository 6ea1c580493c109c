"""Where the store keeps images, and how it publishes them."""

from dataclasses import dataclass
from typing import Self

from image_store.domain.errors import ConfigurationError
from image_store.domain.images.key_layout import KeyLayout
from image_store.settings.byte_stores import ByteStoreSettings
from image_store.settings.variables import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """The table and the buckets."""

    table: str
    private_bucket: str
    private_store: ByteStoreSettings
    public_store: ByteStoreSettings
    key_layout: KeyLayout
    ingest_bucket: str
    migration_table: str
    """The one other table that migrations may read; empty if there is none."""

    @classmethod
    def from_env(cls, variables: Variables) -> Self:
        """Read the settings of the storage."""
        private_store = ByteStoreSettings.private_from_env(variables)
        return cls(
            table=variables.text("TABLE_NAME"),
            private_bucket=variables.text("PRIVATE_BUCKET"),
            private_store=private_store,
            public_store=ByteStoreSettings.public_from_env(variables, private_store),
            key_layout=variables.member("KEY_LAYOUT", KeyLayout.MONTH),
            ingest_bucket=variables.text("INGEST_BUCKET"),
            migration_table=variables.text("MIGRATION_TABLE"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationSettings:
    """The public bucket and the cache in front of it."""

    bucket: str
    """Empty if there is no public bucket: public links then redirect to presigned links."""
    url: str
    """The address of the bucket's custom domain."""
    cache_control: str
    cloudflare_zone: str
    """The zone whose cache holds the public copies; empty if no cache is purged."""
    cloudflare_secret: str
    """The name of the secret with the token that purges."""
    cloudflare_api_url: str
    cloudfront_distribution: str
    """The distribution whose caches hold the public copies; empty if CloudFront is not purged."""

    @classmethod
    def from_env(cls, variables: Variables) -> Self:
        """Read the settings of publications."""
        settings = cls(
            bucket=variables.text("PUBLIC_BUCKET"),
            url=variables.url("PUBLIC_URL"),
            cache_control=variables.text("PUBLIC_CACHE_CONTROL", "public, max-age=300"),
            cloudflare_zone=variables.text("CLOUDFLARE_ZONE_ID"),
            cloudflare_secret=variables.text("CLOUDFLARE_SECRET"),
            cloudflare_api_url=variables.url("CDN_API_URL", "https://api.cloudflare.com"),
            cloudfront_distribution=variables.text("CLOUDFRONT_DISTRIBUTION"),
        )
        if settings.url and not settings.bucket:
            raise ConfigurationError("PUBLIC_URL is set, but PUBLIC_BUCKET is not: set both or neither.")
        if settings.cloudflare_zone and not (settings.url and settings.cloudflare_secret):
            raise ConfigurationError("CLOUDFLARE_ZONE_ID needs PUBLIC_URL and CLOUDFLARE_SECRET.")
        if settings.cloudfront_distribution and not settings.url:
            raise ConfigurationError("CLOUDFRONT_DISTRIBUTION needs PUBLIC_URL.")
        if settings.cloudfront_distribution and settings.cloudflare_zone:
            raise ConfigurationError("CLOUDFRONT_DISTRIBUTION and CLOUDFLARE_ZONE_ID exclude each other.")
        return settings


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionSettings:
    """How the store encrypts what owners entrust to it."""

    key: str
    """The KMS key."""
    seals_sensitive: bool
    """Whether prompts, parameters and analyses of new images are sealed."""

    @classmethod
    def from_env(cls, variables: Variables) -> Self:
        """Read the settings of encryption."""
        return cls(
            key=variables.text("SECRETS_KEY"),
            seals_sensitive=variables.flag("ENCRYPT_SENSITIVE_FIELDS"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueUrls:
    """The addresses of the queues, by the names that the health report gives them."""

    ingest: str
    ingest_dead_letters: str
    work: str
    work_dead_letters: str
    projection_dead_letters: str
    audit_dead_letters: str
    generation: str
    generation_dead_letters: str
    delivery: str
    delivery_dead_letters: str

    @classmethod
    def from_env(cls, variables: Variables) -> Self:
        """Read the addresses of the queues."""
        return cls(
            ingest=variables.text("INGEST_QUEUE_URL"),
            ingest_dead_letters=variables.text("DEAD_LETTER_QUEUE_URL"),
            work=variables.text("WORK_QUEUE_URL"),
            work_dead_letters=variables.text("WORK_DEAD_LETTER_QUEUE_URL"),
            projection_dead_letters=variables.text("PROJECTION_DEAD_LETTER_QUEUE_URL"),
            audit_dead_letters=variables.text("AUDIT_DEAD_LETTER_QUEUE_URL"),
            generation=variables.text("GENERATION_QUEUE_URL"),
            generation_dead_letters=variables.text("GENERATION_DEAD_LETTER_QUEUE_URL"),
            delivery=variables.text("DELIVERY_QUEUE_URL"),
            delivery_dead_letters=variables.text("DELIVERY_DEAD_LETTER_QUEUE_URL"),
        )

"""The environment variables of each function, and that the settings read exactly these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from image_store.domain.errors import ConfigurationError
from image_store.domain.images.reservation import RESERVATION_LIFETIME
from image_store.settings import Settings
from image_store.settings.storage import QueueUrls
from image_store.settings.variables import Variables
from tests.functions.depths import DEPTHS

ADDRESS = {"PRIVATE_BUCKET", "BYTE_STORE", "R2_ENDPOINT", "R2_REGION"}
PRIVATE = ADDRESS | {"R2_SECRET"}
PUBLISHED = {"PUBLIC_BUCKET", "PUBLIC_URL"}
COPYING = PUBLISHED | {
    "PUBLIC_BYTE_STORE",
    "PUBLIC_STORE_ENDPOINT",
    "PUBLIC_STORE_REGION",
    "PUBLIC_STORE_SECRET",
}
FETCHING = {"REMOTE_HOSTS", "REMOTE_NETWORKS"}
LIMITS = {
    "MAX_BYTES": "MaxBytes",
    "MAX_PIXELS": "MaxPixels",
    "MAX_FRAMES": "MaxFrames",
    "MAX_FRAME_PIXELS": "MaxFramePixels",
    "MAX_METADATA_BYTES": "MaxMetadataBytes",
    "MAX_DECODE_MEGABYTES": "MaxDecodeMegabytes",
    "MAX_DECODE_SECONDS": "MaxDecodeSeconds",
}
"""The limits on one original: the parameter of each variable."""
ACCEPTING = {"KEY_LAYOUT", "QUOTA_IMAGES", "QUOTA_BYTES", "PROVENANCE", *LIMITS}
ADMINS = {"ADMIN_SCOPE", "ADMIN_SUBJECTS"}
PURGING = {"CLOUDFLARE_ZONE_ID", "CLOUDFLARE_SECRET", "CDN_API_URL", "CLOUDFRONT_DISTRIBUTION"}
SEALING = {"SECRETS_KEY", "ENCRYPT_SENSITIVE_FIELDS"}
GENERATING = {
    "PROVIDERS",
    "BUDGET_OWNER_DAILY",
    "BUDGET_OWNER_MONTHLY",
    "BUDGET_DEPLOYMENT_DAILY",
    "BUDGET_DEPLOYMENT_MONTHLY",
    "UNKNOWN_PRICE_RESERVE",
    "GENERATION_QUEUE_URL",
    *SEALING,
}
BACKING_UP = {
    "BACKUPS",
    "BACKUP_STORE",
    "BACKUP_ENDPOINT",
    "BACKUP_REGION",
    "BACKUP_SECRET",
    "BACKUP_RETENTION_DAYS",
    "BACKUP_PARAMETERS",
}
CLEANING = {"TRASH_RETENTION_DAYS", "CLEANUP_POLICIES", "CLEANUP_MAX_DELETIONS"}
VARIABLES = {
    "Authorize": {
        "TABLE_NAME",
        "SIGNING_SECRET",
        "ISSUER",
        "AUDIENCE",
        "ISSUERS",
        *ADMINS,
    },
    "Upload": {"TABLE_NAME", "API_URL", "PUBLIC_CACHE_CONTROL"}
    | PRIVATE
    | COPYING
    | ACCEPTING
    | FETCHING
    | SEALING,
    "Direct": {"TABLE_NAME", "API_URL", "PUBLIC_CACHE_CONTROL", "WORK_QUEUE_URL"}
    | PRIVATE
    | COPYING
    | ACCEPTING
    | SEALING,
    "Retrieve": {"TABLE_NAME", "API_URL", "PRESETS", "RENDER_FUNCTION", "SECRETS_KEY"} | PRIVATE | PUBLISHED,
    "List": {"TABLE_NAME", "API_URL", "SIGNING_SECRET"} | PRIVATE | PUBLISHED,
    "Update": {"TABLE_NAME", "API_URL", "PUBLIC_CACHE_CONTROL", "SECRETS_KEY"} | PRIVATE | COPYING | PURGING,
    "Delete": {"TABLE_NAME", "API_URL", "PUBLIC_CACHE_CONTROL", "TRASH_RETENTION_DAYS", "SIGNING_SECRET"}
    | {"SECRETS_KEY"}
    | PRIVATE
    | COPYING
    | PURGING,
    "Links": {"TABLE_NAME", "PRESETS", "RENDER_FUNCTION", "SIGNING_SECRET"} | PRIVATE | PUBLISHED,
    "Share": {"TABLE_NAME", "API_URL", "PRESETS", "SIGNING_SECRET"},
    "Site": {
        "ISSUER",
        "AUDIENCE",
        "CONSOLE_CLIENT_ID",
        "CONSOLE_SCOPES",
        "CONSOLE_TOKEN_URL",
        "API_URL",
        "OPENAI_URL_PARAMETER",
        "MAX_BYTES",
        "ADMIN_SCOPE",
        "PRESETS",
        *ADDRESS,
        *PUBLISHED,
    },
    "Backup": {"TABLE_NAME", "SECRETS_KEY", "STACK_NAME", "BACKUP_QUEUE_URL", *BACKING_UP} | PRIVATE,
    "Cleanup": {
        "TABLE_NAME",
        "BACKUPS",
        "INGEST_BUCKET",
        "INGEST_QUEUE_URL",
        "GENERATION_QUEUE_URL",
        "WORK_QUEUE_URL",
    }
    | {"BUDGET_DEPLOYMENT_DAILY", "BUDGET_DEPLOYMENT_MONTHLY"}
    | PRIVATE
    | COPYING
    | PURGING
    | CLEANING,
    "Admin": {"TABLE_NAME", "API_URL", "WORK_QUEUE_URL", "BACKUPS", "BACKUP_QUEUE_URL"}
    | PRIVATE
    | COPYING
    | PURGING
    | CLEANING,
    "Ingest": {"TABLE_NAME", "INGEST_BUCKET", "DEAD_LETTER_QUEUE_URL"} | PRIVATE | ACCEPTING,
    "Migrate": {
        "TABLE_NAME",
        "API_URL",
        "PUBLIC_CACHE_CONTROL",
        "WORK_QUEUE_URL",
        "INGEST_BUCKET",
        "MIGRATION_TABLE",
    }
    | PRIVATE
    | COPYING
    | ACCEPTING
    | SEALING,
    "Recovery": {"TABLE_NAME", "API_URL", "WORK_QUEUE_URL"},
    "Imports": {"TABLE_NAME", "API_URL", "WORK_QUEUE_URL", "IMPORT_SECRET"},
    "Work": {
        "TABLE_NAME",
        "PUBLIC_CACHE_CONTROL",
        "INGEST_BUCKET",
        "WORK_QUEUE_URL",
        "PRESETS",
        "TRASH_RETENTION_DAYS",
        "STACK_NAME",
        "BACKUP_STORE",
        "BACKUP_ENDPOINT",
        "BACKUP_REGION",
        "BACKUP_SECRET",
        "REMOTE_HOSTS",
        "REMOTE_NETWORKS",
        "IMPORT_SECRET",
    }
    | PRIVATE
    | COPYING
    | ACCEPTING
    | SEALING,
    "Render": {"TABLE_NAME", "PUBLIC_CACHE_CONTROL", "PRESETS", "PROVENANCE", *LIMITS} | PRIVATE | COPYING,
    "Generations": {"TABLE_NAME", "API_URL", "SIGNING_SECRET", "QUOTA_IMAGES"} | GENERATING,
    "Openai": {
        "TABLE_NAME",
        "API_URL",
        "SIGNING_SECRET",
        "QUOTA_IMAGES",
        "AUTHORIZE_FUNCTION",
    }
    | PRIVATE
    | GENERATING,
    "Generate": {
        "TABLE_NAME",
        "PUBLIC_CACHE_CONTROL",
        *ACCEPTING,
        "PROVIDER_URLS",
        "REMOTE_HOSTS",
        "REMOTE_NETWORKS",
        "PROVIDERS_SECRET",
        "GENERATION_RETRIES",
    }
    | PRIVATE
    | COPYING
    | GENERATING,
}
QUEUES = {
    "INGEST_QUEUE_URL",
    "DEAD_LETTER_QUEUE_URL",
    "WORK_QUEUE_URL",
    "WORK_DEAD_LETTER_QUEUE_URL",
    "PROJECTION_DEAD_LETTER_QUEUE_URL",
    "AUDIT_DEAD_LETTER_QUEUE_URL",
    "GENERATION_QUEUE_URL",
    "GENERATION_DEAD_LETTER_QUEUE_URL",
    "DELIVERY_QUEUE_URL",
    "DELIVERY_DEAD_LETTER_QUEUE_URL",
}
VARIABLES |= {
    "Search": {"TABLE_NAME", "SIGNING_SECRET", "ENCRYPT_SENSITIVE_FIELDS"} | PRIVATE | PUBLISHED,
    "Feed": {"TABLE_NAME", "SIGNING_SECRET", "API_URL", "FEED_DETAILS", "FEED_OWNERS", "FEED_CACHE_SECONDS"}
    | PRIVATE
    | PUBLISHED,
    "Mcp": {"API_URL", "ISSUER", "ISSUERS", "MCP_SIGN_IN", "ALLOWED_ORIGINS"},
    "Events": {"TABLE_NAME", "SIGNING_SECRET"},
    "Stats": {"TABLE_NAME", "QUOTA_IMAGES", "QUOTA_BYTES"},
    "Health": {"TABLE_NAME", "SIGNING_SECRET", "PROVIDERS", "PROVIDERS_SECRET", "BACKUPS"}
    | PRIVATE
    | COPYING
    | QUEUES,
    "Project": {"TABLE_NAME", "CLEANUP_ON_SAVE", "BACKUPS", "EVENT_BUS", "DELIVERY_QUEUE_URL"},
    "Deliver": {
        "TABLE_NAME",
        "DELIVERY_QUEUE_URL",
        "DELIVERY_CONCURRENCY",
        "WEBHOOK_NETWORKS",
        *FETCHING,
        *SEALING,
    },
    "Audit": set(),
    "Rebuild": {"TABLE_NAME"},
}
BY_POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"}
"""Read by Powertools itself."""
EVERYWHERE = {"METRICS_NAMESPACE", *BY_POWERTOOLS}
VALUES = {
    "ISSUER": "https://issuer.example.com",
    "AUDIENCE": "image-store",
    "ISSUERS": "[]",
    "CONSOLE_CLIENT_ID": "console",
    "CONSOLE_SCOPES": "openid",
    "CONSOLE_TOKEN_URL": "",
    "ADMIN_SCOPE": "https://api.example.com/admin",
    "ADMIN_SUBJECTS": "alice",
    "CLEANUP_POLICIES": "[]",
    "CLEANUP_MAX_DELETIONS": "1000",
    "CLEANUP_ON_SAVE": "false",
    "TABLE_NAME": "table",
    "PRIVATE_BUCKET": "private",
    "PUBLIC_BUCKET": "public",
    "PUBLIC_URL": "https://images.example.com",
    "PUBLIC_CACHE_CONTROL": "public, max-age=300",
    "BYTE_STORE": "r2",
    "R2_ENDPOINT": "https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com",
    "R2_REGION": "auto",
    "R2_SECRET": "image-store/r2",
    "PUBLIC_BYTE_STORE": "compatible",
    "PUBLIC_STORE_ENDPOINT": "https://s3.example.com",
    "PUBLIC_STORE_REGION": "us-east-1",
    "PUBLIC_STORE_SECRET": "image-store/public-store",
    "BACKUPS": "true",
    "EVENT_BUS": "image-store",
    "DELIVERY_CONCURRENCY": "5",
    "BACKUP_STORE": "backup",
    "BACKUP_ENDPOINT": "https://s3.example.com",
    "BACKUP_REGION": "us-east-1",
    "BACKUP_SECRET": "image-store/backup",
    "BACKUP_RETENTION_DAYS": "30",
    "BACKUP_PARAMETERS": '{"KeyLayout":"month"}',
    "BACKUP_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/backup",
    "STACK_NAME": "image-store",
    "SIGNING_SECRET": "image-store/signing",
    "CLOUDFLARE_ZONE_ID": "fedcba9876543210fedcba9876543210",
    "CLOUDFLARE_SECRET": "image-store/cloudflare",
    "CDN_API_URL": "https://api.cloudflare.com",
    "CLOUDFRONT_DISTRIBUTION": "",
    "API_URL": "https://api.example.com",
    "MCP_SIGN_IN": "true",
    "OPENAI_URL_PARAMETER": "/image-store/openai-url",
    "ALLOWED_ORIGINS": "https://app.example.com",
    "KEY_LAYOUT": "month",
    "TRASH_RETENTION_DAYS": "7",
    "QUOTA_IMAGES": "0",
    "QUOTA_BYTES": "0",
    **dict.fromkeys(LIMITS, "1000"),
    "INGEST_BUCKET": "ingest",
    "INGEST_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/ingest",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/dead",
    "MIGRATION_TABLE": "messages",
    "IMPORT_SECRET": "image-store/imports",
    "REMOTE_HOSTS": ".example.com,images.example.org",
    "REMOTE_NETWORKS": "10.0.0.0/16,fd12::/16",
    "WEBHOOK_NETWORKS": "10.1.0.0/16",
    "PROVIDERS": "google,pollinations",
    "PROVIDER_URLS": '{"openai": "https://llm.example.com/v1"}',
    "PROVIDERS_SECRET": "image-store/providers",
    "BUDGET_OWNER_DAILY": "0.5",
    "BUDGET_OWNER_MONTHLY": "5",
    "BUDGET_DEPLOYMENT_DAILY": "50",
    "BUDGET_DEPLOYMENT_MONTHLY": "500",
    "UNKNOWN_PRICE_RESERVE": "0.25",
    "GENERATION_RETRIES": "2",
    "GENERATION_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/generation",
    "DELIVERY_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/delivery",
    "DELIVERY_DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/dead-delivery",
    "SECRETS_KEY": "arn:aws:kms:eu-west-1:123456789012:key/1",
    "ENCRYPT_SENSITIVE_FIELDS": "true",
    "METRICS_NAMESPACE": "ImageStore/image-store",
    "WORK_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/work",
    "WORK_DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/dead-work",
    "GENERATION_DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/dead-generation",
    "PROJECTION_DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/dead-changes",
    "AUDIT_DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/missing-changes",
    "FEED_DETAILS": "false",
    "FEED_OWNERS": "false",
    "FEED_CACHE_SECONDS": "10",
    "PROVENANCE": "prompt",
    "PRESETS": "w320=320x;card=600x400,cover,smart,q75",
    "RENDER_FUNCTION": "image-store-render",
    "AUTHORIZE_FUNCTION": "image-store-authorize",
}


class RecordedEnvironment(Mapping[str, str]):
    """An environment that records which variables are read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.names_read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names_read.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def variables_of(processed: dict[str, Any], name: str) -> dict[str, Any]:
    """The environment of a function."""
    variables: dict[str, Any] = processed["Resources"][f"{name}Function"]["Properties"]["Environment"][
        "Variables"
    ]
    return variables


@pytest.mark.parametrize("name", VARIABLES)
def test_a_function_gets_exactly_the_variables_that_it_needs(name: str, processed: dict[str, Any]) -> None:
    assert set(variables_of(processed, name)) == VARIABLES[name] | EVERYWHERE


def test_the_settings_read_exactly_the_variables_of_the_functions() -> None:
    environment = RecordedEnvironment(VALUES)

    Settings.from_env(environment)

    assert environment.names_read - EVERYWHERE == set[str]().union(*VARIABLES.values())


@pytest.mark.parametrize("name", VARIABLES)
def test_the_variables_of_a_function_are_sufficient(name: str) -> None:
    Settings.from_env({variable: VALUES[variable] for variable in VARIABLES[name]})


@pytest.mark.parametrize("name", [name for name, names in VARIABLES.items() if names >= ACCEPTING])
def test_every_function_that_decodes_has_the_same_limits(name: str, processed: dict[str, Any]) -> None:
    variables = variables_of(processed, name)

    assert {variable: variables[variable] for variable in LIMITS} == {
        variable: {"Ref": parameter} for variable, parameter in LIMITS.items()
    }


@pytest.mark.parametrize(
    "name", [name for name, names in VARIABLES.items() if names >= ACCEPTING and name != "Generate"]
)
def test_a_reservation_outlives_the_function_that_holds_it(name: str, template: dict[str, Any]) -> None:
    """`Generate` waits for a provider first, and reserves when the picture is there."""
    timeout = template["Resources"][f"{name}Function"]["Properties"]["Timeout"]

    assert timedelta(seconds=timeout) < RESERVATION_LIFETIME


def test_a_missing_variable_has_the_default_of_its_parameter(
    template: dict[str, Any], processed: dict[str, Any]
) -> None:
    parameters = template["Parameters"]
    defaults = {
        variable: str(parameters[value["Ref"]]["Default"])
        for name in VARIABLES
        for variable, value in variables_of(processed, name).items()
        if isinstance(value, dict) and "Default" in parameters.get(value.get("Ref"), {})
    }

    assert LIMITS.keys() < defaults.keys()
    assert Settings.from_env(defaults) == Settings.from_env({})


CACHE_CONTROL = {
    "Fn::If": [
        "HasPublicCacheControl",
        {"Ref": "PublicCacheControl"},
        {
            "Fn::If": [
                "PurgesCache",
                "public, max-age=86400, s-maxage=31536000, immutable",
                "public, max-age=300",
            ]
        },
    ]
}


@pytest.mark.parametrize("name", [name for name in VARIABLES if "PUBLIC_CACHE_CONTROL" in VARIABLES[name]])
def test_copies_are_cached_as_the_deployment_says_or_as_they_can_be_purged(
    name: str, processed: dict[str, Any]
) -> None:
    assert variables_of(processed, name)["PUBLIC_CACHE_CONTROL"] == CACHE_CONTROL


@pytest.mark.parametrize("missing", ["CLOUDFLARE_SECRET", "PUBLIC_URL"])
def test_a_zone_without_a_secret_or_public_url_is_refused(missing: str) -> None:
    environment = {name: value for name, value in VALUES.items() if name != missing}

    with pytest.raises(ConfigurationError, match="CLOUDFLARE_ZONE_ID needs"):
        Settings.from_env(environment)


def test_the_tests_know_each_queue_as_health_does(template: dict[str, Any]) -> None:
    variables = template["Resources"]["HealthFunction"]["Properties"]["Environment"]["Variables"]
    logical_ids = {name: value["Ref"] for name, value in variables.items() if name.endswith("_QUEUE_URL")}

    assert asdict(QueueUrls.from_env(Variables(logical_ids))) == DEPTHS
